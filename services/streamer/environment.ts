import { barIntervals, databaseUrl, sharedEnvironment, wholeNumber } from "@pricefleet/contracts";
import { z } from "zod";

const intervals = z.enum(barIntervals);

export const streamerEnvironment = sharedEnvironment.extend({
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_MAX: wholeNumber(1, 100).default(5),
  TRADINGVIEW_WS_URL: z
    .string()
    .regex(/^wss?:\/\/\S+$/, { error: "a URL such as wss://data.tradingview.com/socket.io/websocket" })
    .default("wss://data.tradingview.com/socket.io/websocket"),
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
