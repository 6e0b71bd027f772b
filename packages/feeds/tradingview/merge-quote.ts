import type { Tick } from "@pricefleet/contracts";

/** What is known of an instrument so far; updates tell only what changed. */
export interface KnownQuote {
  price: number | null;
  bid: number | null;
  ask: number | null;
  dayVolume: number | null;
}

export function unknownQuote(): KnownQuote {
  return { price: null, bid: null, ask: null, dayVolume: null };
}

/**
 * Takes the values of one `qsd` update into what is known, and gives the tick that it amounts to: null when it moved no
 * price, or when no price is known yet. `lp` is the last price, `lp_time` its time in seconds.
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
  known.price = price ?? known.price;
  known.bid = bid ?? known.bid;
  known.ask = ask ?? known.ask;
  known.dayVolume = numberOf(values["volume"]) ?? known.dayVolume;
  if (known.price === null || (price === null && bid === null && ask === null)) return null;
  const toldAt = price === null ? null : numberOf(values["lp_time"]);
  return {
    instrument,
    price: known.price,
    isTrade: price !== null,
    bid: known.bid,
    ask: known.ask,
    dayVolume: known.dayVolume,
    atMs: toldAt === null ? nowMs : Math.round(toldAt * 1_000),
  };
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
