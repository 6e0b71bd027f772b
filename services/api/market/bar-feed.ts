import { type BarInterval, barIntervals, messageOf } from "@pricefleet/contracts";
import type { BarSeries, ServedBar } from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";
import type { LiveEvent, LiveFeed } from "./live-feed.ts";
import { instrumentOf } from "./quote-view.ts";

type TimedBar = BarSeries & ServedBar & { updated_at: Date };

interface BarFeedOptions {
  /** The last two bars of each series; null: of those that changed just now, for when it was not told which did. */
  load: (series: readonly BarSeries[] | null) => Promise<TimedBar[]>;
  logger: Logger;
}

/** Bars as they change. They are read only while somebody listens. */
export function createBarFeed({ load, logger }: BarFeedOptions): LiveFeed & {
  /** The payload of bars_changed. */
  hear(payload: string): void;
} {
  const listeners = new Set<(events: readonly LiveEvent[]) => void>();
  /** When the bar that was told last of each series had changed, in milliseconds. */
  const told = new Map<string, number>();
  let waiting = new Map<string, BarSeries>();
  let allAreWaiting = false;
  let reading = false;

  return {
    name: "bar",
    // A bar is told when it changes; /market-data/bars has those before.
    newest: () => [],
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hear(payload) {
      if (listeners.size === 0) return;
      if (payload === "*") allAreWaiting = true;
      else for (const series of payload.split("\n").flatMap(seriesOf)) waiting.set(keyOf(series), series);
      if (reading) return;
      reading = true;
      void readWhileWaiting().finally(() => {
        reading = false;
      });
    },
  };

  async function readWhileWaiting(): Promise<void> {
    while (allAreWaiting || waiting.size > 0) {
      const series = allAreWaiting ? null : [...waiting.values()];
      allAreWaiting = false;
      waiting = new Map();
      try {
        tell(await load(series));
      } catch (error) {
        logger.warn("bars could not be read", { error: messageOf(error) });
      }
    }
  }

  function tell(bars: readonly TimedBar[]): void {
    const fresh = bars.filter((bar) => bar.updated_at.getTime() > (told.get(keyOf(bar)) ?? 0));
    for (const bar of fresh) {
      told.set(keyOf(bar), Math.max(told.get(keyOf(bar)) ?? 0, bar.updated_at.getTime()));
    }
    const events = fresh.map(asEvent);
    if (events.length > 0) for (const listener of listeners) listener(events);
  }
}

function asEvent(timed: TimedBar): LiveEvent {
  // oxlint-disable-next-line no-unused-vars -- named so that the rest is without it
  const { updated_at, ...bar } = timed;
  return { instrument: instrumentOf(bar), interval: bar.interval, data: JSON.stringify(bar) };
}

function keyOf(series: BarSeries): string {
  return `${instrumentOf(series)} ${series.interval}`;
}

function seriesOf(line: string): BarSeries[] {
  const match = /^([^:]+):(\S+) (\S+)$/.exec(line);
  const [, exchange = "", symbol = "", interval = ""] = match ?? [];
  return match === null || !isInterval(interval) ? [] : [{ exchange, symbol, interval }];
}

function isInterval(text: string): text is BarInterval {
  return (barIntervals as readonly string[]).includes(text);
}
