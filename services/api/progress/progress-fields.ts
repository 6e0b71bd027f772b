import { z } from "zod";
import { timestamp } from "../fields.ts";

/** Of JSON answers: how far runs and their markets are. */
export const count = z.int().nonnegative();
const milliseconds = count
  .nullable()
  .describe("Milliseconds, from claim to finish; null before one went well");

export const countFields = {
  pending: count,
  queued: count,
  running: count,
  done: count,
  failed: count.describe("Another try would end the same"),
  dead: count.describe("Given up after several tries"),
  cancelled: count,
  success_rate: z.number().min(0).max(1).nullable().describe("done of all ended; null before any has ended"),
};

export const attempts = z
  .strictObject({
    total: count.describe("Requests that came to an end; one target may take several"),
    successes: count,
    failures: z.array(z.strictObject({ error_class: z.string(), count })),
    average_ms: milliseconds,
    p95_ms: milliseconds.describe("Milliseconds that 95 of 100 did not exceed, right within a tenth"),
  })
  .meta({ id: "Attempts" });

const etaFields = {
  rate_per_minute: z
    .number()
    .nullable()
    .describe("Targets that ended, over the last five minutes or since the run was set going"),
  eta_seconds: count.nullable().describe("Most likely time left; null: not known"),
  eta_minutes: z.number().nonnegative().nullable().describe("The same in minutes"),
  eta_range: z
    .strictObject({ low_seconds: count, high_seconds: count })
    .nullable()
    .describe("At best and at worst: by the rate, the hosts' limits and the retries to come"),
  eta_unknown_because: z.string().nullable().describe("Why the time left is not known; null when it is"),
};

const market = z
  .strictObject({
    source: z.string(),
    host: z.string(),
    found: count.describe("Targets at this host, in whatever state"),
    ...countFields,
    attempts,
    ...etaFields,
    closed: z
      .strictObject({ until: timestamp, reason: z.string().nullable() })
      .nullable()
      .describe("The host showed a wall or asked for patience"),
  })
  .meta({ id: "RunMarket" });

export const progressFields = {
  ...etaFields,
  overall_progress: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe(
      "Share of the listings found that need no more work; null while the number of pages is not known",
    ),
  estimated_end_at: timestamp.nullable().describe("When it ended, or most likely will; null: not known"),
  total_eta: z.number().nullable().describe("Minutes from its start to that end"),
  attempts,
  failures: z
    .array(z.strictObject({ reason: z.string(), count }))
    .describe("Failed and dead targets by reason"),
  markets: z.array(market).describe("The same for each source and host of the run"),
};
