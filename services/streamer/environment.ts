import { barIntervals, databaseUrl, sharedEnvironment, wholeNumber } from "@pricefleet/contracts";
import { feedsEnvironment } from "@pricefleet/feeds";
import { wayOutEnvironment } from "@pricefleet/fetching";
import { z } from "zod";

const intervals = z.enum(barIntervals);

export const streamerEnvironment = sharedEnvironment.extend({
  ...feedsEnvironment.shape,
  ...wayOutEnvironment.shape,
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_MAX: wholeNumber(1, 100).default(5),
  /** Which bars are made of ticks. */
  BAR_INTERVALS: z
    .string()
    .transform((text) => text.split(",").map((part) => part.trim()))
    .pipe(z.array(intervals, { error: `some of ${barIntervals.join(",")}` }))
    .transform((named) => [...new Set(named)])
    .default([...barIntervals]),
  /** Touched every ten seconds, from when the service is ready; what probes look at. */
  HEARTBEAT_FILE: z.string().optional(),
});
