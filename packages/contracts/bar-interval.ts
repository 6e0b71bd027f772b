import type { BarInterval } from "./market.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** 1970-01-05, the first Monday since the epoch. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

const lengthsMs: Record<BarInterval, number> = {
  "1m": MINUTE_MS,
  "5m": 5 * MINUTE_MS,
  "15m": 15 * MINUTE_MS,
  "1h": 60 * MINUTE_MS,
  "4h": 240 * MINUTE_MS,
  "1d": DAY_MS,
  "1w": 7 * DAY_MS,
};

/** How long a bar is, in milliseconds. UTC has no summer time, so all bars of an interval are equally long. */
export function barLengthMs(interval: BarInterval): number {
  return lengthsMs[interval];
}

/** When the bar that contains this moment opened: both in milliseconds since 1970, aligned to UTC, weeks to Monday. */
export function barOpenedAtMs(interval: BarInterval, atMs: number): number {
  const lengthMs = lengthsMs[interval];
  const originMs = interval === "1w" ? FIRST_MONDAY_MS : 0;
  return Math.floor((atMs - originMs) / lengthMs) * lengthMs + originMs;
}
