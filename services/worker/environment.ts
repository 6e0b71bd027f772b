import {
  amqpUrl,
  baseCurrency,
  databaseUrl,
  queueNames,
  sharedEnvironment,
  switchVariable,
  wholeNumber,
} from "@pricefleet/contracts";
import { historyEnvironment } from "@pricefleet/feeds";
import { fetchingEnvironment, keptPagesEnvironment } from "@pricefleet/fetching";
import { sourcesEnvironment } from "@pricefleet/sources";
import { z } from "zod";

const queuePairsError = `pairs such as listing_enrichment:1,quote_refresh:4; queues are ${queueNames.join(", ")}`;

const queuePairs = z
  .string()
  .transform((text) => text.split(",").map((pair) => pair.trim().split(":")))
  .pipe(
    z.array(
      z.tuple(
        [
          z.enum(queueNames, { error: queuePairsError }),
          z.string().regex(/^[1-9]\d{0,2}$/, { error: queuePairsError }),
        ],
        { error: queuePairsError },
      ),
    ),
  )
  .transform((pairs) => pairs.map(([queue, concurrency]) => ({ queue, concurrency: Number(concurrency) })));

export const workerEnvironment = sharedEnvironment.extend({
  ...fetchingEnvironment.shape,
  ...keptPagesEnvironment.shape,
  ...sourcesEnvironment.shape,
  ...historyEnvironment.shape,
  DATABASE_URL: databaseUrl,
  BASE_CURRENCY: baseCurrency,
  DATABASE_POOL_MAX: wholeNumber(1, 100).default(2),
  AMQP_URL: amqpUrl,
  /** Touched every ten seconds, from when the service is ready; what probes look at. */
  HEARTBEAT_FILE: z.string().optional(),
  WORKER_QUEUES: queuePairs.default([{ queue: "listing_enrichment", concurrency: 1 }]),
  WORKER_MODE: z.enum(["serve", "drain"], { error: "serve or drain" }).default("serve"),
  /** Looks at each listing's first photo once, to tell relisted and repeated listings. */
  COMPARE_PHOTOS: switchVariable.default(true),
  /** How long a target stays with a worker that is not heard of again; longer than any page may take. */
  LEASE_SECONDS: wholeNumber(1, 3_600).default(180),
  /** A price too odd to be believed is looked at again after this long; sooner, a site may still serve the same mistake. */
  SECOND_LOOK_SECONDS: wholeNumber(1, 3_600).default(120),
});
export type WorkerEnvironment = z.infer<typeof workerEnvironment>;
