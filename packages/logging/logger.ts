import { hostname } from "node:os";
import winston from "winston";
import { logFields } from "./log-fields.ts";
import { redactDeep } from "./redact-line.ts";

export type Logger = winston.Logger;

/** Which process this is, among all of the fleet: on its lines as `worker`, and in the leases of its targets. */
export const processName = `${hostname()}/${process.pid}`;

interface LoggerOptions {
  service: string;
  level: string;
  format: "json" | "console";
  /** Where it runs: production, staging … On every JSON line, for logs of several places meet in one store. */
  environment?: string;
}

/** What every service reads from its environment for its logs. */
export interface LoggingEnvironment {
  LOG_LEVEL: string;
  LOG_FORMAT: "json" | "console";
  SERVICE_NAME?: string | undefined;
  ENVIRONMENT: string;
}

/** The logger of a service. @param name what it calls itself, unless SERVICE_NAME says otherwise. */
export function createServiceLogger(env: LoggingEnvironment, name: string): Logger {
  return createLogger({
    service: env.SERVICE_NAME ?? name,
    level: env.LOG_LEVEL,
    format: env.LOG_FORMAT,
    environment: env.ENVIRONMENT,
  });
}

/** The ids of the work in hand, from withLogFields; what the line itself says wins. */
const aboutTheWork = winston.format((info) => {
  for (const [key, value] of Object.entries(logFields())) info[key] ??= value;
  return info;
});

/** The last thing before a line is written: nothing that is secret leaves, wherever in the line it is. */
const withoutSecrets = winston.format((info) => {
  for (const [key, value] of Object.entries(info)) info[key] = redactDeep(value);
  return info;
});

const consoleLine = winston.format.printf(({ timestamp, level, message, service, stack, ...fields }) => {
  const trace = typeof stack === "string" ? `\n${stack}` : "";
  const rest = Object.entries(fields)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
  return `${String(timestamp)} ${level} [${String(service)}] ${String(message)} ${rest}${trace}`;
});

/**
 * One logger a process. withLogFields puts the ids of a piece of work on all lines that are logged meanwhile.
 * Lines go to stderr, so that a program's own output (make collect, extract) stays clean on stdout.
 */
export function createLogger({ service, level, format, environment }: LoggerOptions): Logger {
  const { combine, timestamp, errors, json, colorize } = winston.format;
  return winston.createLogger({
    level,
    defaultMeta: {
      service,
      worker: processName,
      ...(format === "json" && environment !== undefined && { environment }),
    },
    format: combine(
      timestamp(),
      errors({ stack: true }),
      aboutTheWork(),
      withoutSecrets(),
      ...(format === "json" ? [json()] : [colorize(), consoleLine]),
    ),
    transports: [new winston.transports.Console({ stderrLevels: ["error", "warn", "info", "debug"] })],
  });
}
