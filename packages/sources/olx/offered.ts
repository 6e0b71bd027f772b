import type { OfferKind } from "@pricefleet/contracts";
import { parsePriceRange } from "@pricefleet/pricing";
import { words } from "./words.ts";

/** What an ad asks for. OLX's ads may ask for a price, or for something else. */
export interface Offered {
  amount: string | null;
  amountMax: string | null;
  currency: string | null;
  /** Why there is no amount; null where there is one, or nothing is known. */
  kind: OfferKind | null;
  /** Is the price open to offers? */
  isNegotiable: boolean;
}

export const nothingOffered: Offered = {
  amount: null,
  amountMax: null,
  currency: null,
  kind: null,
  isNegotiable: false,
};

/** Reads "2 800 zł do negocjacji", "1 500 у.е.", "Zamienię": of two currencies side by side, the first. */
export function readOffered(text: string): Offered {
  if (words.swap.test(text)) return { ...nothingOffered, kind: "swap" };
  const isNegotiable = words.negotiable.test(text);
  const range = parsePriceRange(text, priceOptionsFor(text));
  if (range !== null && isPositive(range.amount)) {
    const { amount, amountMax, currency } = range;
    return { amount, amountMax, currency, kind: null, isNegotiable };
  }
  if (words.free.test(text)) return { ...nothingOffered, kind: "free" };
  if (words.priceOnRequest.test(text)) return { ...nothingOffered, kind: "price-on-request" };
  return { ...nothingOffered, isNegotiable, kind: isNegotiable ? "negotiable" : null };
}

/** A bare "$" is the dollar of many countries; in those of OLX it is the American one. */
export function priceOptionsFor(text: string): { currencyHint?: string } {
  return text.includes("$") ? { currencyHint: "USD" } : {};
}

/** An ad "for 0 zł" names no price. */
export function isPositive(amount: string): boolean {
  return /[1-9]/.test(amount) && !amount.startsWith("-");
}
