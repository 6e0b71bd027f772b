import { type BarInterval, barIntervals, barOpenedAtMs } from "@pricefleet/contracts";
import type { FeedTick } from "./synthetic-market.ts";

/** A bar's numbers as the book has them: decimal strings, but for the count of ticks. */
export interface StraightBar {
  instrument: string;
  interval: BarInterval;
  openedAtMs: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  ticks: number;
}

/** As a key of bars. */
export function barKey({
  instrument,
  interval,
  openedAtMs,
}: Pick<StraightBar, "instrument" | "interval" | "openedAtMs">) {
  return `${instrument} ${interval} ${new Date(openedAtMs).toISOString()}`;
}

/** Bars computed straight from all ticks, in time's order, in the plainest way there is. By `barKey`. */
export function straightBars(
  ticks: readonly FeedTick[],
  intervals: readonly BarInterval[] = barIntervals,
): Map<string, StraightBar> {
  const bars = new Map<string, StraightBar>();
  const volumeBefore = new Map<string, number>();
  for (const { instrument, price, dayVolume, atMs } of ticks) {
    const before = volumeBefore.get(instrument);
    volumeBefore.set(instrument, dayVolume);
    const traded = before === undefined ? 0 : dayVolume >= before ? dayVolume - before : dayVolume;
    for (const interval of intervals) {
      const openedAtMs = barOpenedAtMs(interval, atMs);
      const key = barKey({ instrument, interval, openedAtMs });
      const text = String(price);
      const bar = bars.get(key) ?? {
        instrument,
        interval,
        openedAtMs,
        open: text,
        high: text,
        low: text,
        close: text,
        volume: "0",
        ticks: 0,
      };
      if (price > Number(bar.high)) bar.high = text;
      if (price < Number(bar.low)) bar.low = text;
      bar.close = text;
      bar.volume = String(Number((Number(bar.volume) + traded).toFixed(2)));
      bar.ticks++;
      bars.set(key, bar);
    }
  }
  return bars;
}
