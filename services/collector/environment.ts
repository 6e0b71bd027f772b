import { amqpUrl, databaseUrl, listVariable, sharedEnvironment, wholeNumber } from "@pricefleet/contracts";
import { fetchingEnvironment, keptPagesEnvironment } from "@pricefleet/fetching";
import { createSources, sourcesEnvironment } from "@pricefleet/sources";
import { z } from "zod";

const sourceNames = createSources({}).all.map(({ name }) => name);

export const collectorEnvironment = sharedEnvironment.extend({
  ...fetchingEnvironment.shape,
  ...keptPagesEnvironment.shape,
  ...sourcesEnvironment.shape,
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_MAX: wholeNumber(1, 100).default(5),
  AMQP_URL: amqpUrl,
  SOURCE: z.enum(sourceNames, { error: `one of ${sourceNames.join(", ")}` }).default("ebay"),
  /** Several split by semicolons. */
  SEARCH_TERM: listVariable.default([]),
  SEARCH_URL: listVariable.default([]),
  /** 0 and 999 mean all. */
  MAX_PAGES: wholeNumber(0, 100_000)
    .transform((pages) => (pages === 999 ? 0 : pages))
    .default(0),
  ENRICH_LIMIT: wholeNumber(0, 10_000_000).default(0),
  ENRICH_MAX_AGE_HOURS: wholeNumber(0, 87_600).default(24),
  /** Least time between two requests to a host met for the first time, instead of the source's own. */
  HOST_MIN_DELAY_MS: wholeNumber(0, 3_600_000).optional(),
  /** Continue this run instead of starting one. */
  RUN_ID: z
    .string()
    .regex(/^\d{1,18}$/, { error: "the number of a run" })
    .optional(),
  /** Touched every ten seconds, from when the service is ready; what probes look at. */
  HEARTBEAT_FILE: z.string().optional(),
  COLLECTOR_MODE: z.enum(["oneshot"], { error: "oneshot" }).default("oneshot"),
});
export type CollectorEnvironment = z.infer<typeof collectorEnvironment>;
