import { exchangeRate, type QuotedPrice } from "./exchange-rates.ts";

/** A quote of which it is known whether it may still be relied on. */
export interface JudgedQuote extends QuotedPrice {
  isStale: boolean;
}

/** What one of a currency was worth in the base currency at a moment, or why nobody knows. */
export interface BaseRate {
  base: string;
  /** Decimal; null: not known. */
  rate: string | null;
  /** Of the quotes it rests on; none where both are the same currency. */
  quoteIds: string[];
  /** Of the oldest of these. */
  quotedAt: Date | null;
  /** no-rate: no quotes lead there; stale-rate: those that do are too old to rely on. */
  missing: "no-rate" | "stale-rate" | null;
}

/** More than any quote has. */
const DIGITS = 12;

export function baseRateOf(quotes: readonly JudgedQuote[], currency: string, base: string): BaseRate {
  const unknown = { base, rate: null, quoteIds: [], quotedAt: null };
  const found = exchangeRate(
    quotes.filter(({ isStale }) => !isStale),
    currency,
    base,
  );
  if (found === null) {
    const stale = exchangeRate(quotes, currency, base);
    return { ...unknown, missing: stale === null ? "no-rate" : "stale-rate" };
  }
  const { rate, used } = found;
  return {
    base,
    rate: rate.prec(DIGITS).toFixed(),
    quoteIds: used.map(({ id }) => id),
    quotedAt:
      used.length === 0 ? null : new Date(Math.min(...used.map(({ quotedAt }) => quotedAt.getTime()))),
    missing: null,
  };
}

/** The base rates of this moment, by quotes that are read at most every so often. */
export interface BaseRates {
  of(currency: string | null): Promise<BaseRate | null>;
}

/** Quotes change every few seconds; a rate that is this much older says so by the time of its quote. */
const READ_EVERY_MS = 5_000;

/** @param load the quotes of currencies as they are now. */
export function createBaseRates(base: string, load: () => Promise<readonly JudgedQuote[]>): BaseRates {
  let quotes: Promise<readonly JudgedQuote[]> = Promise.resolve([]);
  let readAtMs = Number.NEGATIVE_INFINITY;
  return {
    async of(currency) {
      if (currency === null) return null;
      if (currency === base) return baseRateOf([], currency, base);
      if (performance.now() - readAtMs > READ_EVERY_MS) {
        readAtMs = performance.now();
        quotes = load();
        // Not kept: the next one asks again.
        quotes.catch(() => {
          readAtMs = Number.NEGATIVE_INFINITY;
        });
      }
      return baseRateOf(await quotes, currency, base);
    },
  };
}

/**
 * Looks up what one of each currency that things are priced in is worth in another. For comparing with a bound, not for
 * money: floats. @param currency undefined: there is nothing to compare with.
 */
export async function ratesTo(
  currency: string | undefined,
  priced: Iterable<{ currency: string | null }>,
  baseRates: BaseRates,
): Promise<(currency: string) => number | null> {
  const rates = new Map<string, number>();
  const bound = currency === undefined ? null : ((await baseRates.of(currency))?.rate ?? null);
  for (const { currency: own } of bound === null ? [] : priced) {
    if (own === null || rates.has(own)) continue;
    const rate = (await baseRates.of(own))?.rate ?? null;
    if (rate !== null) rates.set(own, Number(rate) / Number(bound));
  }
  return (own) => rates.get(own) ?? null;
}
