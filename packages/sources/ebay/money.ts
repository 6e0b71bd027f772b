import { parsePrice, parsePriceRange } from "@pricefleet/pricing";
import { words } from "./words.ts";

export interface Price {
  amount: string;
  /** The upper end of a range. */
  amountMax: string | null;
  currency: string | null;
}

/**
 * A printed price or range. The currency is what the line itself says ("US $", "EUR", "£"); `currencyHint` is
 * other evidence from the same page. The domain is none: ebay.com sells in pounds and ebay.ie did.
 */
export function readPrice(line: string, currencyHint: string | null = null): Price | null {
  const price = parsePriceRange(line, currencyHint === null ? {} : { currencyHint });
  return price === null
    ? null
    : { amount: price.amount, amountMax: price.amount_max, currency: price.currency };
}

/** The cost of shipping in the item's currency: "0" when a line says that it is free, null when none says. */
export function readShipping(lines: string[], itemCurrency: string | null): string | null {
  for (const line of lines) {
    if (!words.shipping.test(line) || words.returns.test(line)) continue;
    if (words.free.test(line)) return "0";
    const cost = parsePrice(line, itemCurrency === null ? {} : { currencyHint: itemCurrency });
    if (cost !== null && (cost.currency === null || cost.currency === itemCurrency)) return cost.amount;
  }
  return null;
}
