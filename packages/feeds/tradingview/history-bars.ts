import {
  type Bar,
  type BarInterval,
  barLengthMs,
  barOpenedAtMs,
  decimalOf,
  volumeOf,
} from "@pricefleet/contracts";
import type { RawBar } from "./chart-session.ts";

/** Days and weeks are those of the exchange, whose day may begin the evening before (UTC): from this hour on it is the next. */
const NEXT_DAY_FROM_HOUR = 18;
const TO_NEXT_DAY_MS = (24 - NEXT_DAY_FROM_HOUR) * 3_600_000;

export const isIntraday = (interval: BarInterval): boolean => interval !== "1d" && interval !== "1w";

/** Does it open where a bar of ours opens? Sessions that begin at half past have hours that do not. */
export function isAligned(interval: BarInterval, { time }: RawBar): boolean {
  return !isIntraday(interval) || barOpenedAtMs(interval, time * 1_000) === time * 1_000;
}

/**
 * The site's bars as ours, the oldest first. Those within a day have to open where ours do, the others belong to the UTC
 * day or week that their exchange's day is named after.
 */
export function historyBars(
  instrument: string,
  interval: BarInterval,
  raw: readonly RawBar[],
  nowMs: number,
): { bars: Bar[]; leftOut: number } {
  const bars = new Map<number, Bar>();
  let leftOut = 0;
  for (const bar of raw) {
    if (!isAligned(interval, bar) || !isPossible(bar)) {
      leftOut++;
      continue;
    }
    const shiftMs = isIntraday(interval) ? 0 : TO_NEXT_DAY_MS;
    const openedAtMs = barOpenedAtMs(interval, bar.time * 1_000 + shiftMs);
    bars.set(openedAtMs, {
      instrument,
      interval,
      openedAtMs,
      open: decimalOf(bar.open),
      high: decimalOf(bar.high),
      low: decimalOf(bar.low),
      close: decimalOf(bar.close),
      volume: volumeOf(bar.volume),
      ticks: 0,
      source: "history",
      complete: openedAtMs + barLengthMs(interval) <= nowMs,
    });
  }
  return { bars: [...bars.values()].toSorted((a, b) => a.openedAtMs - b.openedAtMs), leftOut };
}

/** Longer bars put together of shorter ones, all of them aligned. */
export function longerBars(interval: BarInterval, raw: readonly RawBar[]): RawBar[] {
  const longer = new Map<number, RawBar>();
  for (const bar of raw) {
    const time = barOpenedAtMs(interval, bar.time * 1_000) / 1_000;
    const known = longer.get(time);
    longer.set(
      time,
      known === undefined
        ? { ...bar, time }
        : {
            ...known,
            high: Math.max(known.high, bar.high),
            low: Math.min(known.low, bar.low),
            close: bar.close,
            volume: known.volume + bar.volume,
          },
    );
  }
  return [...longer.values()];
}

function isPossible({ open, high, low, close }: RawBar): boolean {
  return high >= Math.max(open, close) && low <= Math.min(open, close);
}
