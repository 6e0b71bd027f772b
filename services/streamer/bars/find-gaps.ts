import {
  type BarInterval,
  barIntervals,
  barLengthMs,
  barOpenedAtMs,
  type TradingHours,
} from "@pricefleet/contracts";

/** A bar, by when it opened. */
export interface GapBar {
  interval: BarInterval;
  openedAtMs: number;
}

/** More than this many bars of an interval no history gives at once. */
const MOST_BARS = 5_000;
/** A bar longer than this is looked at in steps: is the market open in any of them? */
const STEP_MS = 30 * 60_000;

/**
 * The bars that miss ticks when nothing was heard between two moments: all those that the time between touches, while the
 * market was open. For a lost connection or a process that was away.
 */
export function barsTouchedBy(
  fromMs: number,
  toMs: number,
  hours: TradingHours,
  intervals: readonly BarInterval[] = barIntervals,
): GapBar[] {
  return intervals.flatMap((interval) =>
    openBars(interval, barOpenedAtMs(interval, fromMs), barOpenedAtMs(interval, toMs), hours),
  );
}

/**
 * The bars without any tick between two ticks, while the market was open: either nobody traded or nobody heard, and
 * history knows which. The bars of the two ticks themselves are none of them.
 */
export function emptyBarsBetween(
  fromMs: number,
  toMs: number,
  hours: TradingHours,
  intervals: readonly BarInterval[] = barIntervals,
): GapBar[] {
  return intervals.flatMap((interval) => {
    const lengthMs = barLengthMs(interval);
    const first = barOpenedAtMs(interval, fromMs) + lengthMs;
    return openBars(interval, first, barOpenedAtMs(interval, toMs) - lengthMs, hours);
  });
}

function openBars(interval: BarInterval, firstMs: number, lastMs: number, hours: TradingHours): GapBar[] {
  const lengthMs = barLengthMs(interval);
  const bars: GapBar[] = [];
  for (let openedAtMs = lastMs; openedAtMs >= firstMs && bars.length < MOST_BARS; openedAtMs -= lengthMs) {
    if (isOpenDuring(openedAtMs, openedAtMs + lengthMs, hours)) bars.push({ interval, openedAtMs });
  }
  return bars.toReversed();
}

function isOpenDuring(fromMs: number, toMs: number, hours: TradingHours): boolean {
  for (let atMs = fromMs; atMs < toMs; atMs += STEP_MS) if (hours.isOpenAt(atMs)) return true;
  return hours.isOpenAt(toMs - 1);
}
