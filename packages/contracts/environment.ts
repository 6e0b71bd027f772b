import { z } from "zod";
import { ExitCode } from "./exit-codes.ts";
import { currency } from "./listing.ts";

const url = (protocols: readonly string[], example: string) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `a URL such as ${example}`,
  });

/** A switch as people write it: 1, true, yes, on; 0, false, no, off. */
export const switchVariable = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .pipe(z.enum(["1", "true", "yes", "on", "0", "false", "no", "off", ""], { error: "on or off" }))
  .transform((text) => ["1", "true", "yes", "on"].includes(text));

/** A whole number written in digits, between both bounds, inclusive. */
export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\s*\d{1,15}\s*$/, { error: `a whole number from ${least} to ${most}` })
    .transform(Number)
    .refine((value) => value >= least && value <= most, { error: `a whole number from ${least} to ${most}` });

/** Several values split by semicolons; blanks are dropped. */
export const listVariable = z.string().transform((text) =>
  text
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
);

export const databaseUrl = url(["postgres:", "postgresql:"], "postgres://user:password@host:5432/pricefleet");
export const amqpUrl = url(["amqp:", "amqps:"], "amqp://user:password@host:5672");
export const httpUrl = url(["http:", "https:"], "https://www.example.com");

/** What every service reads. A service adds its own keys with `sharedEnvironment.extend({ … })`. */
export const sharedEnvironment = z.object({
  LOG_LEVEL: z
    .enum(["error", "warn", "info", "debug"], { error: "error, warn, info or debug" })
    .default("info"),
  LOG_FORMAT: z.enum(["json", "console"], { error: "json or console" }).default("json"),
  SERVICE_NAME: z.string().optional(),
  ENVIRONMENT: z.string().default("production"),
  /** Without it nothing is reported. */
  SENTRY_DSN: z
    .string()
    .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? "") && URL.parse(text)?.username !== "", {
      error: "the address that Sentry gives a project, such as https://key@sentry.example.com/42",
    })
    .optional(),
  SENTRY_ENVIRONMENT: z.string().optional(),
  SENTRY_TRACES_SAMPLE_RATE: z
    .string()
    .regex(/^\s*(0(\.\d+)?|1(\.0+)?)\s*$/, { error: "a share from 0 to 1, such as 0.05" })
    .transform(Number)
    .default(0),
});

/** What those read that start runs on schedule. */
export const scheduleEnvironment = z.object({
  /** A run that was paused longer than this makes room for its search's next one, unless the search says otherwise. */
  PAUSED_RUN_BLOCKS_HOURS: wholeNumber(0, 8_760).default(24),
});

/** What those read that publish targets. */
export const beltEnvironment = z.object({
  /** A target that nobody has claimed after this long is published again. */
  REPUBLISH_AFTER_SECONDS: wholeNumber(1, 86_400).default(900),
});

/** The first thing wrong with an environment, worded for the person who set it. */
export class BadEnvironmentError extends Error {
  override readonly name = "BadEnvironmentError";
  readonly variable: string;
  /** For what is only found wrong by trying it, after the start. */
  readonly exitCode = ExitCode.badEnvironment;
  constructor(variable: string, got: string | undefined, wants: string) {
    super(
      `${variable} is ${got === undefined ? "not set" : `"${hideSecret(variable, got)}"`}; it should be ${wants}`,
    );
    this.variable = variable;
  }
}

/** A value with a password in it is never printed. */
function hideSecret(variable: string, value: string): string {
  if (/TOKEN|PASSWORD|SECRET|DSN/.test(variable)) return "***";
  // Up to the last @: a password with unescaped characters is what makes many a URL wrong.
  return value.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, "$1***@");
}

const isServerUrl = (variable: string): boolean => /(DATABASE|AMQP)_URL$/.test(variable);

/**
 * In a server's URL `${NAME}` stands for what that variable holds, escaped: a password that comes from somebody else's
 * Secret may have any character.
 */
function fillUrl(variable: string, url: string, environment: Record<string, string | undefined>): string {
  return url.replaceAll(/\$\{([A-Z][A-Z\d_]*)\}/g, (_mention, name: string) => {
    const value = environment[name];
    if (value === undefined)
      throw new BadEnvironmentError(name, undefined, `set, for ${variable} mentions it`);
    return encodeURIComponent(value);
  });
}

/** What the values of prices are told in; USD, because the quotes there are by default have it on one side. */
export const baseCurrency = currency.default("USD");

/**
 * Reads an environment by its schema. An empty variable counts as not set, as shells and charts leave them so.
 * @throws BadEnvironmentError naming the first variable that is wrong, what it got and what it wants.
 */
export function parseEnvironment<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Record<string, string | undefined> = process.env,
): z.infer<Schema> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((key) => {
      const value = environment[key];
      return value?.trim() ? [[key, isServerUrl(key) ? fillUrl(key, value, environment) : value]] : [];
    }),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const variable = String(issue?.path[0] ?? "environment");
  const wants = given[variable] === undefined ? describe(schema, variable) : (issue?.message ?? "valid");
  throw new BadEnvironmentError(variable, given[variable], wants);
}

function describe(schema: z.ZodObject, variable: string): string {
  const probe = (schema.shape[variable] as z.ZodType | undefined)?.safeParse("\u0000");
  return probe?.error?.issues[0]?.message ?? "set";
}

/** As parseEnvironment, for a service's first line: prints the one line and ends the process (exit code 2). */
export function readEnvironment<Schema extends z.ZodObject>(schema: Schema): z.infer<Schema> {
  try {
    return parseEnvironment(schema);
  } catch (error) {
    if (!(error instanceof BadEnvironmentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(ExitCode.badEnvironment);
  }
}
