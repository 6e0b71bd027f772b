import {
  barIntervals,
  type BarInterval,
  parseTradingHours,
  type Tick,
  type TradingHours,
} from "@pricefleet/contracts";
import type { QuoteRejection, StoredQuote, SubscribedInstrument } from "@pricefleet/database";
import { createBarBook, type TickedBar } from "./bars/bar-book.ts";
import { decimalOf } from "./bars/decimal-of.ts";
import { barsTouchedBy, emptyBarsBetween, type GapBar } from "./bars/find-gaps.ts";

/** What happened since it was taken last, to be written in one transaction. */
export interface Changes {
  quotes: StoredQuote[];
  rejections: QuoteRejection[];
  /** Complete ones, and the latest state of those that are not. */
  bars: TickedBar[];
  gaps: (GapBar & { instrument: string })[];
}

/**
 * From ticks to what is stored: the latest quote of each instrument, its bars, and the bars that miss ticks. Pure but for
 * what it remembers: no clock, no socket, no database.
 */
export interface Stream {
  follow(
    instrument: SubscribedInstrument,
    left: { bars: readonly TickedBar[]; lastTickAtMs: number | null },
  ): void;
  unfollow(name: string): void;
  /** False: nobody follows the instrument. */
  take(tick: Tick, source: string): boolean;
  /** From now on ticks may be missed, until each instrument's next one. */
  connectionLost(): void;
  completeUntil(nowMs: number): void;
  /** @param withUnfinished also the bars that are not complete. */
  takeChanges(withUnfinished: boolean): Changes;
  /** Changes that could not be written: they come again, unless newer ones took their place. */
  putBack(changes: Changes): void;
  readonly lateTicks: number;
}

interface Followed extends SubscribedInstrument {
  hours: TradingHours;
  lastTickAtMs: number | null;
  /** Ticks between the last one and the next were not heard. */
  hasMissed: boolean;
}

export function createStream(intervals: readonly BarInterval[] = barIntervals): Stream {
  const book = createBarBook(intervals);
  const followed = new Map<string, Followed>();
  let quotes = new Map<string, StoredQuote>();
  let rejections = new Map<string, QuoteRejection>();
  let bars = new Map<string, TickedBar>();
  let gaps: Changes["gaps"] = [];

  return {
    get lateTicks() {
      return book.lateTicks;
    },
    follow(instrument, left) {
      followed.set(instrument.name, {
        ...instrument,
        hours: parseTradingHours(instrument.tradingHours),
        lastTickAtMs: left.lastTickAtMs,
        hasMissed: left.lastTickAtMs !== null,
      });
      for (const bar of newestOfEach(left.bars, keep)) book.restore(bar);
    },
    unfollow(name) {
      followed.delete(name);
      for (const bar of book.forget(name)) keep(bar);
    },
    take(tick, source) {
      const instrument = followed.get(tick.instrument);
      if (instrument === undefined) return false;
      const wrong = whatIsWrong(tick, instrument);
      if (wrong !== null) {
        reject(instrument, tick, wrong);
        return true;
      }
      if (tick.isTrade) {
        findGaps(instrument, tick);
        for (const bar of book.add(tick)) keep(bar);
      }
      quotes.set(instrument.id, quoteOf(instrument, tick, source));
      return true;
    },
    connectionLost() {
      for (const instrument of followed.values()) instrument.hasMissed = instrument.lastTickAtMs !== null;
    },
    completeUntil(nowMs) {
      for (const bar of book.completeUntil(nowMs)) keep(bar);
    },
    takeChanges(withUnfinished) {
      if (withUnfinished) for (const bar of book.takeChanged()) keep(bar);
      const changes = {
        quotes: [...quotes.values()],
        rejections: [...rejections.values()],
        bars: [...bars.values()],
        gaps,
      };
      quotes = new Map();
      rejections = new Map();
      bars = new Map();
      gaps = [];
      return changes;
    },
    putBack(changes) {
      for (const quote of changes.quotes)
        if (!quotes.has(quote.instrumentId)) quotes.set(quote.instrumentId, quote);
      for (const rejection of changes.rejections) addRejection(rejection, false);
      for (const bar of changes.bars) if (!bars.has(keyOf(bar))) bars.set(keyOf(bar), bar);
      gaps = [...changes.gaps, ...gaps];
    },
  };

  function keep(bar: TickedBar): void {
    bars.set(keyOf(bar), bar);
  }

  function findGaps(instrument: Followed, { atMs }: Tick): void {
    const { lastTickAtMs, hasMissed, hours, name } = instrument;
    instrument.hasMissed = false;
    if (lastTickAtMs === null || atMs > lastTickAtMs) instrument.lastTickAtMs = atMs;
    if (lastTickAtMs === null || atMs < lastTickAtMs) return;
    const find = hasMissed ? barsTouchedBy : emptyBarsBetween;
    for (const gap of find(lastTickAtMs, atMs, hours, intervals)) gaps.push({ ...gap, instrument: name });
  }

  function reject(instrument: Followed, { price }: Tick, reason: string): void {
    addRejection({ instrumentId: instrument.id, text: String(price), reason, count: 1 }, true);
  }

  function addRejection(rejection: QuoteRejection, isNewer: boolean): void {
    const known = rejections.get(rejection.instrumentId);
    const count = rejection.count + (known?.count ?? 0);
    rejections.set(rejection.instrumentId, { ...(isNewer ? rejection : (known ?? rejection)), count });
  }
}

function keyOf({ instrument, interval, openedAtMs }: TickedBar): string {
  return `${instrument} ${interval} ${openedAtMs}`;
}

/** The newest bar of each interval goes on; an older one that was left is over, and is kept as complete. */
function newestOfEach(left: readonly TickedBar[], keep: (bar: TickedBar) => void): TickedBar[] {
  const newest = new Map<BarInterval, TickedBar>();
  for (const bar of left.toSorted((a, b) => a.openedAtMs - b.openedAtMs)) {
    const older = newest.get(bar.interval);
    if (older !== undefined) keep({ ...older, complete: true });
    newest.set(bar.interval, bar);
  }
  return [...newest.values()];
}

function whatIsWrong({ price }: Tick, { validMin, validMax }: SubscribedInstrument): string | null {
  if (validMin !== null && price < validMin) return `below ${validMin}, the least that is valid`;
  if (validMax !== null && price > validMax) return `above ${validMax}, the most that is valid`;
  return null;
}

function quoteOf({ id }: Followed, tick: Tick, source: string): StoredQuote {
  return {
    instrumentId: id,
    price: decimalOf(tick.price),
    bid: tick.bid === null ? null : decimalOf(tick.bid),
    ask: tick.ask === null ? null : decimalOf(tick.ask),
    dayVolume: tick.dayVolume === null ? null : decimalOf(tick.dayVolume),
    source,
    atMs: tick.atMs,
  };
}
