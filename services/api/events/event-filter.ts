import { barIntervals, instrumentName } from "@pricefleet/contracts";
import { z } from "zod";
import { id } from "../fields.ts";
import type { LiveEvent } from "../market/index.ts";
import { Problem } from "../problem.ts";

const kinds = ["run", "quote", "bar"] as const;

/** Words split by commas. */
const list = <T extends z.ZodType<string, string>>(item: T, error: string) =>
  z
    .string({ error })
    .transform((text) => text.split(",").map((word) => word.trim()))
    .pipe(z.array(item, { error }).max(1_000, { error }))
    .meta({ override: { type: "string", items: undefined } });

/** What a listener wants to hear of. */
export const eventFilter = z.object({
  run_id: id.optional().describe("Events of this run only, and none of markets"),
  kinds: list(z.enum(kinds, { error: `of ${kinds.join(", ")}` }), `of ${kinds.join(", ")}, split by commas`)
    .optional()
    .describe("run, quote, bar, split by commas; all of them if not given"),
  instruments: list(instrumentName, "such as TVC:GOLD,TVC:SILVER")
    .optional()
    .describe("Quotes and bars of these only: EXCHANGE:SYMBOL, split by commas"),
  intervals: list(
    z.enum(barIntervals, { error: `of ${barIntervals.join(", ")}` }),
    `of ${barIntervals.join(", ")}`,
  )
    .optional()
    .describe("Bars of these intervals only"),
});

export interface EventFilter {
  runId: string | null;
  wants(kind: string): boolean;
  wantsLive(event: LiveEvent): boolean;
}

/** @throws Problem 400 that names what was wrong and what would be right. */
export function readEventFilter(given: unknown): EventFilter {
  const result = eventFilter.safeParse(given);
  if (!result.success) {
    const errors = result.error.issues.map((issue) => ({
      field: String(issue.path[0] ?? "filter"),
      message: `should be ${issue.message}`,
    }));
    throw new Problem("bad-request", errors.map(({ field, message }) => `${field} ${message}`).join("; "), {
      errors,
    });
  }
  const { run_id: runId = null, kinds, instruments, intervals } = result.data;
  const wantedKinds = new Set<string>(runId === null ? kinds : ["run"]);
  const wantedInstruments = new Set(instruments);
  const wantedIntervals = new Set<string>(intervals);
  const isIn = (set: ReadonlySet<string>, value: string) => set.size === 0 || set.has(value);
  return {
    runId,
    wants: (kind) => isIn(wantedKinds, kind),
    wantsLive: ({ instrument, interval }) =>
      isIn(wantedInstruments, instrument) && (interval === null || isIn(wantedIntervals, interval)),
  };
}
