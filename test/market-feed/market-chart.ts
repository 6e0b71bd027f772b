import { type BarInterval, barLengthMs, barOpenedAtMs } from "@pricefleet/contracts";
import type { BarValues, Chart } from "../../packages/feeds/test-support/chart.ts";
import type { SyntheticMarket } from "./synthetic-market.ts";

const intervals: Readonly<Record<string, BarInterval>> = {
  "1": "1m",
  "5": "5m",
  "15": "15m",
  "60": "1h",
  "240": "4h",
  "1D": "1d",
  "1W": "1w",
};

interface Moment {
  nowMs: () => number;
  /** Also the bar that goes on, as the site does. */
  withUnfinished: boolean;
}

/** The history of a synthetic market: the bars that its ticks made. */
export function marketChart(market: SyntheticMarket, { nowMs, withUnfinished }: Moment): Chart {
  return {
    manners: {},
    barsBefore(resolution, seconds, count) {
      const interval = intervals[resolution];
      if (interval === undefined) return [];
      const lengthMs = barLengthMs(interval);
      const now = nowMs();
      const newestMs = barOpenedAtMs(interval, Math.min(now, seconds * 1_000 - 1));
      const bars: BarValues[] = [];
      for (let openedAtMs = newestMs; bars.length < count; openedAtMs -= lengthMs) {
        if (openedAtMs + lengthMs > now && !withUnfinished) continue;
        const bar = market.bar(interval, openedAtMs, now);
        // Nothing was traded before; only the bar that has just opened may be empty too.
        if (bar === null && openedAtMs !== newestMs) break;
        if (bar !== null) bars.push([openedAtMs / 1_000, bar.open, bar.high, bar.low, bar.close, bar.volume]);
      }
      return bars.toReversed();
    },
  };
}
