import {
  amqpUrl,
  barIntervals,
  beltEnvironment,
  baseCurrency,
  databaseUrl,
  scheduleEnvironment,
  sharedEnvironment,
  wholeNumber,
} from "@pricefleet/contracts";
import type { BarRetention } from "@pricefleet/database";
import { keptPagesEnvironment } from "@pricefleet/fetching";
import { sourcesEnvironment } from "@pricefleet/sources";
import { z } from "zod";

const keptPair = new RegExp(`^(${barIntervals.join("|")}):([1-9]\\d{0,4})$`);

/** Pairs `interval:days`, each interval once. */
const barRetention = z.string().transform((text, context): BarRetention[] => {
  const pairs = text.split(",").map((pair) => keptPair.exec(pair.trim()));
  const kept = barIntervals.flatMap((interval) =>
    pairs.filter((pair) => pair?.[1] === interval).map((pair) => ({ interval, days: Number(pair?.[2]) })),
  );
  const intervals = new Set(kept.map(({ interval }) => interval));
  if (kept.length === pairs.length && intervals.size === kept.length) return kept;
  context.addIssue({
    code: "custom",
    message: `pairs such as 1m:30,5m:365, an interval (${barIntervals.join(", ")}) once each and its days`,
  });
  return z.NEVER;
});

export const dispatcherEnvironment = sharedEnvironment.extend({
  ...keptPagesEnvironment.shape,
  ...scheduleEnvironment.shape,
  ...beltEnvironment.shape,
  /** Where quotes are asked for, in place of their sites. */
  ...sourcesEnvironment.pick({ SAMPLE_BASE_URL: true, TRADINGVIEW_BASE_URL: true }).shape,
  DATABASE_URL: databaseUrl,
  DATABASE_POOL_MAX: wholeNumber(1, 100).default(5),
  AMQP_URL: amqpUrl,
  /** Touched every ten seconds, from when the service is ready; what probes look at. */
  HEARTBEAT_FILE: z.string().optional(),
  /** Targets of a host that has shown nothing but walls for this long are dead, reason host-blocked; 0: never. */
  BLOCKED_HOST_HOURS: wholeNumber(0, 8_760).default(24),
  /** After so many pages that are not understood a layout counts as changed, and half of its past is forgotten. */
  LAYOUT_PAGES: wholeNumber(5, 10_000).default(20),
  /** Flagged when no more than this share of what is usual is read. */
  LAYOUT_BOUND_PERCENT: wholeNumber(1, 95).default(50),
  /** In a cluster: the CronJob that collectors are made from, as Jobs. Without it they are processes of this machine. */
  COLLECTOR_CRONJOB: z.string().optional(),
  /** How long bars are kept; intervals that are not named, for ever. */
  BAR_RETENTION_DAYS: barRetention.default([]),
  SNAPSHOT_MAX_AGE_DAYS: wholeNumber(1, 3_650).default(90),
  SNAPSHOT_MAX_GIB: wholeNumber(1, 10_000).default(20),
  DEBUG_MAX_AGE_DAYS: wholeNumber(1, 3_650).default(7),
  /** Prices last confirmed longer ago go, once their days are summed up; a listing's latest stays. */
  OBSERVATION_MAX_AGE_DAYS: wholeNumber(1, 36_500).default(1_095),
  /** What statistics are in. */
  BASE_CURRENCY: baseCurrency,
  DEBUG_MAX_GIB: wholeNumber(1, 10_000).default(2),
});
export type DispatcherEnvironment = z.infer<typeof dispatcherEnvironment>;
