import { rollDice } from "../sample-marketplace/chance.ts";

/** One trade, as the synthetic feed tells it. */
export interface FeedTick {
  /** EXCHANGE:SYMBOL */
  instrument: string;
  price: number;
  /** Traded since UTC's day began, this trade included. */
  dayVolume: number;
  atMs: number;
}

interface Walk {
  seed: number;
  instrument: string;
  fromMs: number;
  toMs: number;
  meanGapMs: number;
  firstPrice: number;
}

const DAY_MS = 86_400_000;

/** A random walk of a price, the same for the same seed and instrument. From `fromMs` up to `toMs`, in time's order. */
export function* syntheticTicks({
  seed,
  instrument,
  fromMs,
  toMs,
  meanGapMs,
  firstPrice,
}: Walk): Generator<FeedTick> {
  const dice = rollDice(seed, instrument);
  let price = firstPrice;
  let hundredthsTraded = 0;
  let atMs = fromMs;
  for (;;) {
    const next = atMs + dice.between(1, 2 * meanGapMs);
    if (next >= toMs) return;
    if (Math.floor(next / DAY_MS) !== Math.floor(atMs / DAY_MS)) hundredthsTraded = 0;
    atMs = next;
    price = Number((price * (1 + dice.between(-50, 50) / 100_000)).toPrecision(8));
    hundredthsTraded += dice.between(1, 500);
    yield { instrument, price, dayVolume: hundredthsTraded / 100, atMs };
  }
}
