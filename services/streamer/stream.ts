import {
  barIntervals,
  barLengthMs,
  type BarInterval,
  decimalOf,
  parseTradingHours,
  type Tick,
  type TradingHours,
} from "@pricefleet/contracts";
import type { QuoteRejection, StoredQuote, SubscribedInstrument } from "@pricefleet/database";
import { createBarBook, type TickedBar } from "./bars/bar-book.ts";
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
  /** @param left the newest bar of each interval that another process, or an earlier subscription, left. */
  follow(instrument: SubscribedInstrument, left: readonly TickedBar[], nowMs: number): void;
  /** Its valid range or its hours may be others now. */
  change(instrument: SubscribedInstrument): void;
  unfollow(name: string): void;
  /** False: nobody follows the instrument. */
  take(tick: Tick, source: string): boolean;
  /** Ticks may have been missed, of any instrument, up to its next one: the connection is lost, or something was unreadable. */
  missTicks(): void;
  completeUntil(nowMs: number): void;
  /** @param withUnfinished also the bars that are not complete. */
  takeChanges(withUnfinished: boolean): Changes;
  /** Changes that could not be written: they come again, unless newer ones took their place. */
  putBack(changes: Changes): void;
  readonly lateTicks: number;
}

/** A tick from the future would make all that follow it late. Clocks may differ by so much. */
const MOST_AHEAD_MS = 60_000;

interface Followed extends SubscribedInstrument {
  hours: TradingHours;
  lastTickAtMs: number | null;
  /** Ticks between the last one and the next were not heard. */
  hasMissed: boolean;
}

export function createStream(intervals: readonly BarInterval[] = barIntervals): Stream {
  const book = createBarBook(intervals, (instrument, interval, openedAtMs) =>
    noteGaps(instrument, [{ interval, openedAtMs }]),
  );
  const shortestMs = Math.min(...intervals.map(barLengthMs));
  const followed = new Map<string, Followed>();
  let quotes = new Map<string, StoredQuote>();
  let rejections = new Map<string, QuoteRejection>();
  let bars = new Map<string, TickedBar>();
  let gaps = new Map<string, Changes["gaps"][number]>();

  return {
    get lateTicks() {
      return book.lateTicks;
    },
    follow(instrument, left, nowMs) {
      const lastTickAtMs = left.length === 0 ? null : Math.max(...left.map(({ lastAtMs }) => lastAtMs));
      followed.set(instrument.name, {
        ...instrument,
        hours: hoursOf(instrument),
        lastTickAtMs,
        hasMissed: true,
      });
      for (const bar of left) book.restore(bar, nowMs);
    },
    change(instrument) {
      const known = followed.get(instrument.name);
      if (known !== undefined) Object.assign(known, instrument, { hours: hoursOf(instrument) });
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
      const isNews =
        tick.isTrade && !(tick.isSnapshot && tick.atMs <= (instrument.lastTickAtMs ?? -Infinity));
      if (isNews) findGaps(instrument, tick);
      for (const bar of book.add(isNews ? tick : { ...tick, isTrade: false })) keep(bar);
      const waiting = quotes.get(instrument.id);
      if (waiting === undefined || tick.atMs >= waiting.atMs)
        quotes.set(instrument.id, quoteOf(instrument, tick, source));
      return true;
    },
    missTicks() {
      book.forgetVolumes();
      for (const instrument of followed.values()) instrument.hasMissed = true;
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
        gaps: [...gaps.values()],
      };
      quotes = new Map();
      rejections = new Map();
      bars = new Map();
      gaps = new Map();
      return changes;
    },
    putBack(changes) {
      for (const quote of changes.quotes)
        if (!quotes.has(quote.instrumentId)) quotes.set(quote.instrumentId, quote);
      for (const rejection of changes.rejections) addRejection(rejection, false);
      for (const bar of changes.bars) if (!bars.has(keyOf(bar))) bars.set(keyOf(bar), bar);
      for (const gap of changes.gaps) gaps.set(keyOf(gap), gap);
    },
  };

  function keep(bar: TickedBar): void {
    bars.set(keyOf(bar), bar);
  }

  function findGaps(instrument: Followed, { atMs }: Tick): void {
    const { lastTickAtMs, hasMissed, hours, name } = instrument;
    if (lastTickAtMs === null || atMs > lastTickAtMs) instrument.lastTickAtMs = atMs;
    if (!hasMissed) {
      // Most ticks: the last one is in the same bar of every interval, or in the one before.
      if (lastTickAtMs === null || atMs - lastTickAtMs < shortestMs) return;
      noteGaps(name, emptyBarsBetween(lastTickAtMs, atMs, hours, intervals));
      return;
    }
    instrument.hasMissed = false;
    // Of an instrument's first bars ever, what came before its first tick was not heard.
    const [fromMs, toMs] = [Math.min(lastTickAtMs ?? atMs, atMs), Math.max(lastTickAtMs ?? atMs, atMs)];
    noteGaps(name, barsTouchedBy(fromMs, toMs, hours, intervals));
  }

  function noteGaps(instrument: string, found: readonly GapBar[]): void {
    for (const gap of found) gaps.set(keyOf({ ...gap, instrument }), { ...gap, instrument });
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

function keyOf({ instrument, interval, openedAtMs }: GapBar & { instrument: string }): string {
  return `${instrument} ${interval} ${openedAtMs}`;
}

/** Hours that were written wrong are taken for "always": at worst history is asked about a weekend. */
function hoursOf({ tradingHours }: SubscribedInstrument): TradingHours {
  try {
    return parseTradingHours(tradingHours);
  } catch {
    // Whoever wrote them was told; one instrument's hours must not keep all others from being followed.
    return parseTradingHours("always");
  }
}

function whatIsWrong(
  { price, atMs, receivedAtMs }: Tick,
  { validMin, validMax }: SubscribedInstrument,
): string | null {
  if (atMs > receivedAtMs + MOST_AHEAD_MS || atMs < 0)
    return `its time is ${isoOf(atMs)}; is this machine's clock right?`;
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

function isoOf(atMs: number): string {
  return Math.abs(atMs) <= 8.64e15 ? new Date(atMs).toISOString() : `${atMs} ms after 1970`;
}
