import type { Tick } from "@pricefleet/contracts";

/** What is known of an instrument so far; updates tell only what changed. */
export interface KnownQuote {
  price: number | null;
  bid: number | null;
  ask: number | null;
  dayVolume: number | null;
  /** What the feed said of the last price's time, in milliseconds since 1970. */
  toldAtMs: number | null;
  /** The last price's time, by this machine's clock where the feed says none. */
  atMs: number;
  /** The connection that is open has told a price. */
  isHeard: boolean;
}

export function unknownQuote(): KnownQuote {
  return { price: null, bid: null, ask: null, dayVolume: null, toldAtMs: null, atMs: 0, isHeard: false };
}

/**
 * Takes the values of one `qsd` update into what is known, and gives the tick that it amounts to: null when it moved no
 * price, or when no price is known yet. `lp` is the last price, `lp_time` its time in seconds; as every field it is told
 * only when it changes, so several trades of one second share it. A move of bid or ask alone leaves the price its time:
 * an old price must not look new.
 */
export function mergeQuote(
  known: KnownQuote,
  values: Record<string, unknown>,
  instrument: string,
  nowMs: number,
): Tick | null {
  const price = numberOf(values["lp"]);
  const bid = numberOf(values["bid"]);
  const ask = numberOf(values["ask"]);
  const toldAt = numberOf(values["lp_time"]);
  known.bid = bid ?? known.bid;
  known.ask = ask ?? known.ask;
  known.dayVolume = numberOf(values["volume"]) ?? known.dayVolume;
  if (toldAt !== null) known.toldAtMs = Math.round(toldAt * 1_000);
  if (price !== null) {
    known.price = price;
    known.atMs = known.toldAtMs ?? nowMs;
  }
  if (known.price === null || (price === null && bid === null && ask === null)) return null;
  const isSnapshot = price !== null && !known.isHeard;
  if (isSnapshot) known.isHeard = true;
  return {
    instrument,
    price: known.price,
    isTrade: price !== null,
    isSnapshot,
    bid: known.bid,
    ask: known.ask,
    dayVolume: known.dayVolume,
    atMs: known.atMs,
    receivedAtMs: nowMs,
  };
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
