import { parseArgs } from "node:util";
import { messageOf } from "@pricefleet/contracts";
import { sourceNames } from "@pricefleet/sources";
import { z } from "zod";

const usage = `usage: npm run -s reextract -- [--source NAME] [--run ID] [--since 2026-11-20] [--state changed|all] [--limit N] [--apply]`;

export class UsageError extends Error {}

const digits = (what: string) => z.string().regex(/^\d{1,15}$/, { error: what });

const reextractArguments = z.strictObject({
  source: z.enum(sourceNames, { error: `one of ${sourceNames.join(", ")}` }).optional(),
  run: digits("the id of a run, such as 17").optional(),
  since: z
    .union([z.iso.date(), z.iso.datetime({ offset: true })], {
      error: "a day or a time, such as 2026-11-20 or 2026-11-20T14:05:00Z",
    })
    .transform((time) => new Date(time))
    .optional(),
  state: z.enum(["changed", "all"], { error: "changed or all" }).default("changed"),
  limit: digits("how many pages to read at the most").transform(Number).default(Infinity),
  apply: z.boolean().default(false),
});
export type ReextractArguments = z.infer<typeof reextractArguments>;

/** @throws UsageError naming each argument that is wrong, and what would be right. */
export function readArguments(given: readonly string[]): ReextractArguments {
  const { data, error } = reextractArguments.safeParse(split(given));
  if (data !== undefined) return data;
  const faults = error.issues.map(({ path, message }) => `--${path.join(".")} should be ${message}`);
  throw new UsageError(`${faults.join("; ")}\n${usage}`);
}

function split(given: readonly string[]) {
  try {
    const text = { type: "string" } as const;
    return parseArgs({
      args: [...given],
      options: { source: text, run: text, since: text, state: text, limit: text, apply: { type: "boolean" } },
    }).values;
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n${usage}`);
  }
}
