import { compareAmounts } from "./decimals.ts";
import { isFree } from "./free.ts";
import type { Role } from "./price-roles.ts";
import { readPrices, type PriceOptions, type PrintedPrice } from "./read-prices.ts";
import { CurrencyResolver } from "./resolve-currency.ts";

export interface Price {
  /** Decimal string in canonical form: "19.90", "-5", "0"; it matches /^-?\d+(\.\d+)?$/ and keeps the printed decimals. */
  amount: string;
  /** ISO 4217; null where none is printed or hinted, or where the sign is ambiguous and no hint decides. */
  currency: string | null;
}

export interface PriceRange extends Price {
  /** The upper end; null where the price is no range. */
  amountMax: string | null;
}

/**
 * The price that a text prints: the first amount with a currency, else the first bare number. Instalments ("12 x"),
 * prices by measure ("/100 g") and savings are never taken; one per month, a former price or shipping only where
 * nothing better is printed. "Free" is "0". Pure, takes time in proportion to the text, never throws.
 */
export function parsePrice(text: string, options: PriceOptions = {}): Price | null {
  const prices = readPrices(text, options);
  const best = bestOf(prices);
  if (best !== null) return priceOf(best);
  return prices.length === 0 && isFree(text)
    ? { amount: "0", currency: new CurrencyResolver(options).hinted() }
    : null;
}

/**
 * All amounts of a text in the order printed, nothing dropped: both ends of a range, instalments, former prices.
 * Bare numbers are prices only where the text prints no currency at all.
 */
export function parsePrices(text: string, options: PriceOptions = {}): Price[] {
  const prices = readPrices(text, options);
  if (prices.length === 0 && isFree(text))
    return [{ amount: "0", currency: new CurrencyResolver(options).hinted() }];
  const isAnySigned = prices.some(({ isSigned }) => isSigned);
  return prices.filter(({ isSigned }) => isSigned || !isAnySigned).map(priceOf);
}

/** As parsePrice, with the upper end of a range such as "EUR 17,72 bis EUR 18,66"; a currency printed at one end is both ends'. */
export function parsePriceRange(text: string, options: PriceOptions = {}): PriceRange | null {
  const prices = readPrices(text, options);
  const best = bestOf(prices);
  if (best === null) {
    const price = parsePrice(text, options);
    return price && { ...price, amountMax: null };
  }
  const next = best.opensRange ? prices[prices.indexOf(best) + 1] : undefined;
  const isRange = next !== undefined && compareAmounts(best.amount, next.amount) < 0;
  return { amount: best.amount, amountMax: isRange ? next.amount : null, currency: best.currency };
}

const rolesTaken: readonly Role[] = ["price", "periodic", "beside"];

/** The first of the best role; bare numbers compete only where nothing is signed. */
function bestOf(prices: readonly PrintedPrice[]): PrintedPrice | null {
  const isAnySigned = prices.some(({ isSigned }) => isSigned);
  for (const role of rolesTaken) {
    const found = prices.find((price) => price.role === role && (price.isSigned || !isAnySigned));
    if (found !== undefined) return found;
  }
  return null;
}

function priceOf({ amount, currency }: PrintedPrice): Price {
  return { amount, currency };
}
