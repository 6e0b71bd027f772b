import {
  type Bar,
  type BarInterval,
  barIntervals,
  barLengthMs,
  barOpenedAtMs,
  decimalOf,
  type Tick,
  volumeOf,
} from "@pricefleet/contracts";

/** A bar that ticks made, with the times of its first and last tick: what is needed to go on with it later. */
export interface TickedBar extends Bar {
  firstAtMs: number;
  lastAtMs: number;
}

/**
 * The unfinished bars of many instruments, one for each interval.
 *
 * Inside its bar a tick counts whenever it comes: open and close are the prices of the earliest and the latest tick by the
 * feed's time (of two at the same moment, the first to come opens and the last to come closes). A bar is complete when a
 * tick of a later bar comes, or when the feed's time passes its end by `GRACE_MS`: the clock, less what the instrument's
 * last tick was behind it, for many feeds are minutes late by contract. A tick that comes after that is late: it is left
 * out of that bar and counted, and still counts in longer bars that are not complete.
 */
export interface BarBook {
  /** Gives the bars that this tick completes, mostly none. One that is no trade only tells where the day's volume stands. */
  add(tick: Tick): TickedBar[];
  /** Gives the bars whose end is longer ago than the grace time. */
  completeUntil(nowMs: number): TickedBar[];
  /** Takes the newest stored bar up again, also a complete one, so that it stays so. Ignored when the book has one there. */
  restore(bar: TickedBar, nowMs: number): void;
  /** Ticks are missed from now on: what was traded meanwhile must not be counted into the next tick's bar. */
  forgetVolumes(): void;
  unfinishedOf(instrument: string): TickedBar[];
  /** The unfinished bars that changed since this was called last. */
  takeChanged(): TickedBar[];
  /** Gives what the instrument had unfinished, and forgets it. */
  forget(instrument: string): TickedBar[];
  readonly lateTicks: number;
}

/** How much a feed's clock and the network may be behind. */
export const GRACE_MS = 2_000;

// Where each number of a bar is. They lie in one array of numbers and not in objects, because every tick writes a bar of
// each interval, and 10,000 instruments have 70,000 bars.
const OPENED_AT = 0;
const OPEN = 1;
const HIGH = 2;
const LOW = 3;
const CLOSE = 4;
const VOLUME = 5;
const TICKS = 6;
const FIRST_AT = 7;
const LAST_AT = 8;
const CHANGED = 9;
const FIELDS = 10;
const FIRST_CAPACITY = 64;
const GROWTH = 1.3;

/** @param onLate told of each complete bar that a late tick was left out of. */
export function createBarBook(
  intervals: readonly BarInterval[] = barIntervals,
  onLate: (instrument: string, interval: BarInterval, openedAtMs: number) => void = () => undefined,
): BarBook {
  const rowLength = intervals.length * FIELDS;
  const rows = new Map<string, number>();
  const names: (string | null)[] = [];
  const freeRows: number[] = [];
  let bars = new Float64Array(FIRST_CAPACITY * rowLength);
  let dayVolumes = new Float64Array(FIRST_CAPACITY).fill(Number.NaN);
  /** How much an instrument's last tick was behind the clock. */
  let delaysMs = new Float64Array(FIRST_CAPACITY);
  let lateTicks = 0;

  return {
    get lateTicks() {
      return lateTicks;
    },
    add(tick) {
      const row = rows.get(tick.instrument) ?? newRow(tick.instrument);
      if (!tick.isTrade) {
        if (tick.dayVolume !== null && Number.isNaN(dayVolumes[row])) dayVolumes[row] = tick.dayVolume;
        return [];
      }
      delaysMs[row] = Math.max(0, tick.receivedAtMs - tick.atMs);
      const volume = tradedSince(row, tick.dayVolume);
      let completed: TickedBar[] | null = null;
      for (let i = 0; i < intervals.length; i++) {
        const at = row * rowLength + i * FIELDS;
        const openedAtMs = barOpenedAtMs(intervals[i] as BarInterval, tick.atMs);
        const current = bars[at + TICKS] === 0 ? Number.NaN : (bars[at + OPENED_AT] as number);
        if (openedAtMs < current || openedAtMs < completedBefore(at)) {
          lateTicks++;
          onLate(tick.instrument, intervals[i] as BarInterval, openedAtMs);
          continue;
        }
        if (openedAtMs > current) (completed ??= []).push(takeBar(row, i));
        if (openedAtMs === current) addToBar(at, tick, volume);
        else openBar(at, openedAtMs, tick, volume);
      }
      return completed ?? [];
    },
    completeUntil(nowMs) {
      return takeWhere((at, row, interval) => {
        const endMs = (bars[at + OPENED_AT] as number) + barLengthMs(interval);
        return endMs + GRACE_MS + (delaysMs[row] as number) <= nowMs;
      });
    },
    restore(bar, nowMs) {
      const interval = intervals.indexOf(bar.interval);
      if (interval === -1) return;
      const row = rows.get(bar.instrument) ?? newRow(bar.instrument);
      const at = row * rowLength + interval * FIELDS;
      if (bars[at + OPENED_AT] !== 0) return;
      // As if its last tick came now: the feed may tell at once, or hours later, what comes next.
      delaysMs[row] = Math.min(delaysMs[row] || Infinity, Math.max(0, nowMs - bar.lastAtMs));
      if (bar.complete) {
        bars[at + OPENED_AT] = bar.openedAtMs + barLengthMs(bar.interval);
        return;
      }
      bars.set(
        [
          bar.openedAtMs,
          Number(bar.open),
          Number(bar.high),
          Number(bar.low),
          Number(bar.close),
          Number(bar.volume),
          bar.ticks,
          bar.firstAtMs,
          bar.lastAtMs,
          0,
        ],
        at,
      );
    },
    forgetVolumes() {
      dayVolumes.fill(Number.NaN);
    },
    unfinishedOf(instrument) {
      const row = rows.get(instrument);
      return row === undefined ? [] : barsOfRow(row);
    },
    takeChanged() {
      const changed: TickedBar[] = [];
      eachBar((at, row, interval) => {
        if (bars[at + CHANGED] === 0) return;
        bars[at + CHANGED] = 0;
        changed.push(barAt(row, interval));
      });
      return changed;
    },
    forget(instrument) {
      const row = rows.get(instrument);
      if (row === undefined) return [];
      const last = barsOfRow(row);
      rows.delete(instrument);
      names[row] = null;
      freeRows.push(row);
      return last;
    },
  };

  function newRow(instrument: string): number {
    const row = freeRows.pop() ?? names.length;
    if ((row + 1) * rowLength > bars.length) grow(Math.ceil((row + 1) * GROWTH));
    bars.fill(0, row * rowLength, (row + 1) * rowLength);
    dayVolumes[row] = Number.NaN;
    delaysMs[row] = 0;
    names[row] = instrument;
    rows.set(instrument, row);
    return row;
  }

  function grow(capacity: number): void {
    const moreBars = new Float64Array(capacity * rowLength);
    moreBars.set(bars);
    bars = moreBars;
    const moreVolumes = new Float64Array(capacity).fill(Number.NaN);
    moreVolumes.set(dayVolumes);
    dayVolumes = moreVolumes;
    const moreDelays = new Float64Array(capacity);
    moreDelays.set(delaysMs);
    delaysMs = moreDelays;
  }

  /** Feeds tell the day's volume so far. It falls when a new day begins; the first one ever heard says nothing of this tick. */
  function tradedSince(row: number, dayVolume: number | null): number {
    if (dayVolume === null) return 0;
    const before = dayVolumes[row] as number;
    dayVolumes[row] = dayVolume;
    if (Number.isNaN(before)) return 0;
    return dayVolume >= before ? dayVolume - before : dayVolume;
  }

  /** Of a place without a bar: when the bar that was completed there last was over. */
  function completedBefore(at: number): number {
    return bars[at + TICKS] === 0 ? (bars[at + OPENED_AT] as number) : Number.NEGATIVE_INFINITY;
  }

  function openBar(at: number, openedAtMs: number, tick: Tick, volume: number): void {
    bars[at + OPENED_AT] = openedAtMs;
    bars[at + OPEN] = tick.price;
    bars[at + HIGH] = tick.price;
    bars[at + LOW] = tick.price;
    bars[at + CLOSE] = tick.price;
    bars[at + VOLUME] = volume;
    bars[at + TICKS] = 1;
    bars[at + FIRST_AT] = tick.atMs;
    bars[at + LAST_AT] = tick.atMs;
    bars[at + CHANGED] = 1;
  }

  function addToBar(at: number, { price, atMs }: Tick, volume: number): void {
    if (price > (bars[at + HIGH] as number)) bars[at + HIGH] = price;
    if (price < (bars[at + LOW] as number)) bars[at + LOW] = price;
    if (atMs >= (bars[at + LAST_AT] as number)) {
      bars[at + CLOSE] = price;
      bars[at + LAST_AT] = atMs;
    }
    if (atMs < (bars[at + FIRST_AT] as number)) {
      bars[at + OPEN] = price;
      bars[at + FIRST_AT] = atMs;
    }
    bars[at + VOLUME] = (bars[at + VOLUME] as number) + volume;
    bars[at + TICKS] = (bars[at + TICKS] as number) + 1;
    bars[at + CHANGED] = 1;
  }

  /** The bar, now complete. Its place keeps when it was over, so that a late tick does not open it again. */
  function takeBar(row: number, i: number): TickedBar {
    const bar = barAt(row, i);
    const at = row * rowLength + i * FIELDS;
    bars[at + TICKS] = 0;
    bars[at + CHANGED] = 0;
    bars[at + OPENED_AT] = bar.openedAtMs + barLengthMs(bar.interval);
    return { ...bar, complete: true };
  }

  function takeWhere(isOver: (at: number, row: number, interval: BarInterval) => boolean): TickedBar[] {
    const taken: TickedBar[] = [];
    eachBar((at, row, i) => {
      if (isOver(at, row, intervals[i] as BarInterval)) taken.push(takeBar(row, i));
    });
    return taken;
  }

  function eachBar(visit: (at: number, row: number, i: number) => void): void {
    for (let row = 0; row < names.length; row++) {
      if (names[row] === null) continue;
      for (let i = 0; i < intervals.length; i++) {
        const at = row * rowLength + i * FIELDS;
        if (bars[at + TICKS] !== 0) visit(at, row, i);
      }
    }
  }

  function barsOfRow(row: number): TickedBar[] {
    return intervals
      .map((_interval, i) => i)
      .filter((i) => bars[row * rowLength + i * FIELDS + TICKS] !== 0)
      .map((i) => barAt(row, i));
  }

  function barAt(row: number, i: number): TickedBar {
    const at = row * rowLength + i * FIELDS;
    const field = (place: number) => bars[at + place] as number;
    return {
      instrument: names[row] as string,
      interval: intervals[i] as BarInterval,
      openedAtMs: field(OPENED_AT),
      open: decimalOf(field(OPEN)),
      high: decimalOf(field(HIGH)),
      low: decimalOf(field(LOW)),
      close: decimalOf(field(CLOSE)),
      volume: volumeOf(field(VOLUME)),
      ticks: field(TICKS),
      firstAtMs: field(FIRST_AT),
      lastAtMs: field(LAST_AT),
      source: "ticks",
      complete: false,
    };
  }
}
