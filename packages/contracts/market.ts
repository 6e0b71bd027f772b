import { z } from "zod";

/** A symbol with its exchange, as TradingView writes it: "TVC:GOLD". */
export const instrumentName = z
  .string({ error: "an exchange and a symbol such as TVC:GOLD" })
  .regex(/^[A-Z0-9_]{1,20}:[A-Z0-9_.!&/-]{1,40}$/, { error: "an exchange and a symbol such as TVC:GOLD" });

export function splitInstrument(name: string): { exchange: string; symbol: string } {
  const colon = name.indexOf(":");
  return { exchange: name.slice(0, colon), symbol: name.slice(colon + 1) };
}

/** What a price is per. A currency is priced per `unit`. */
export const measures = ["unit", "troy-ounce", "gram", "kilogram", "pound"] as const;
export type Measure = (typeof measures)[number];

/** Of bars, the shortest first. Aligned to UTC: within a day to the epoch, days to midnight, weeks to Monday. */
export const barIntervals = ["1m", "5m", "15m", "1h", "4h", "1d", "1w"] as const;
export type BarInterval = (typeof barIntervals)[number];

/**
 * A price as a feed told it. Numbers are what the feed's JSON had: they are compared and printed (shortest decimal
 * form), never added up, so nothing is lost on the way to the decimal strings of the book.
 */
export interface Tick {
  /** EXCHANGE:SYMBOL */
  instrument: string;
  price: number;
  /** The feed told this price now: it counts in bars. False when only bid or ask moved, and the price is the last one. */
  isTrade: boolean;
  /** The first price that a connection tells of the instrument: where it stands, which may have been known before. */
  isSnapshot: boolean;
  bid: number | null;
  ask: number | null;
  /** Traded since the day began, as feeds tell it; null where the feed does not. */
  dayVolume: number | null;
  /** Milliseconds since 1970, by the feed's clock where it has one. */
  atMs: number;
  /** Milliseconds since 1970, by this machine's clock. */
  receivedAtMs: number;
}

/** Amounts are decimal strings. */
export interface Bar {
  /** EXCHANGE:SYMBOL */
  instrument: string;
  interval: BarInterval;
  /** Milliseconds since 1970, aligned. */
  openedAtMs: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  ticks: number;
  /** history: filled in from a sync, where no tick was seen or some were missed. */
  source: "ticks" | "history";
  complete: boolean;
}
