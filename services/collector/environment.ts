import {
  amqpUrl,
  baseCurrency,
  beltEnvironment,
  databaseUrl,
  isTimeZone,
  listVariable,
  scheduleEnvironment,
  sharedEnvironment,
  whatIsWrongWithCron,
  wholeNumber,
} from "@pricefleet/contracts";
import { fetchingEnvironment, keptPagesEnvironment } from "@pricefleet/fetching";
import { namesOfListingSources, sourcesEnvironment } from "@pricefleet/sources";
import { z } from "zod";

export const collectorEnvironment = sharedEnvironment.extend({
  ...fetchingEnvironment.shape,
  ...keptPagesEnvironment.shape,
  ...sourcesEnvironment.shape,
  ...scheduleEnvironment.shape,
  ...beltEnvironment.shape,
  DATABASE_URL: databaseUrl,
  BASE_CURRENCY: baseCurrency,
  DATABASE_POOL_MAX: wholeNumber(1, 100).default(5),
  AMQP_URL: amqpUrl,
  SOURCE: z
    .enum(namesOfListingSources, { error: `one of ${namesOfListingSources.join(", ")}` })
    .default("ebay"),
  /** Several split by semicolons. */
  SEARCH_TERM: listVariable.default([]),
  SEARCH_URL: listVariable.default([]),
  /** 0 and 999 mean all. */
  MAX_PAGES: wholeNumber(0, 100_000)
    .transform((pages) => (pages === 999 ? 0 : pages))
    .default(0),
  ENRICH_LIMIT: wholeNumber(0, 10_000_000).default(0),
  ENRICH_MAX_AGE_HOURS: wholeNumber(0, 87_600).default(24),
  /** A listing that so many searches in a row, read to their end, did not show is looked at once more; 0: never. */
  GONE_AFTER_MISSES: wholeNumber(0, 1_000).default(3),
  /** Continue this run instead of starting one. */
  RUN_ID: z
    .string()
    .regex(/^\d{1,18}$/, { error: "the number of a run" })
    .optional(),
  /** A run whose host has shown nothing but walls for this long ends in error; 0: never. */
  BLOCKED_HOST_HOURS: wholeNumber(0, 8_760).default(24),
  /** Touched every ten seconds, from when the service is ready; what probes look at. */
  HEARTBEAT_FILE: z.string().optional(),
  /** oneshot: one round, then the end. daemon and cron: round after round until SIGTERM. */
  COLLECTOR_MODE: z
    .enum(["oneshot", "daemon", "cron"], { error: "oneshot, daemon or cron" })
    .default("oneshot"),
  /** daemon: from the start of one round to the start of the next. */
  COLLECT_INTERVAL_SECONDS: wholeNumber(1, 31_536_000).default(21_600),
  /** cron: when a round starts. */
  COLLECT_SCHEDULE: z
    .string()
    .superRefine((cron, context) => {
      const wrong = whatIsWrongWithCron(cron);
      if (wrong === null) return;
      context.addIssue({ code: "custom", message: `five cron fields such as 0 6 * * 1-5: ${wrong}` });
    })
    .default("0 */6 * * *"),
  COLLECT_TIME_ZONE: z
    .string()
    .refine(isTimeZone, { error: "a time zone such as Europe/Berlin" })
    .default("UTC"),
});
export type CollectorEnvironment = z.infer<typeof collectorEnvironment>;
