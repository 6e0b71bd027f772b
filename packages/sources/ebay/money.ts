import { parsePrice, parsePriceRange, type PriceRange } from "@pricefleet/pricing";
import { words } from "./words.ts";

/** eBay writes "$" alone for US dollars only; other dollars have letters before it: "AU $", "C $", "S$". */
const dollarHint = (line: string): string | null => (line.includes("$") ? "USD" : null);

/** Spanish and Italian pages write a range as "EUR 5,00 a EUR 8,00"; elsewhere "a" stands for much else. */
const withRangeDash = (line: string): string => line.replace(/(?<=\d) a (?=\D{0,6}\d)/, " - ");

/**
 * A printed price or range. The currency is what the line itself says ("US $", "EUR", "£"); `currencyHint` is
 * other evidence from the same page. The domain is none: ebay.com sells in pounds, and so did ebay.ie.
 */
export function readPrice(line: string | null, currencyHint: string | null = null): PriceRange | null {
  if (line === null) return null;
  return parsePriceRange(withRangeDash(line), { currencyHint: currencyHint ?? dollarHint(line) });
}

/** The cost of shipping in the item's currency: "0" when a line says that it is free, null when none says. */
export function readShipping(lines: readonly string[], itemCurrency: string | null): string | null {
  for (const line of lines) {
    if (!words.shipping.test(line) || words.returns.test(line)) continue;
    const cost = shippingCost(line, itemCurrency);
    if (cost !== null) return cost;
  }
  return null;
}

/** As readShipping, of a line that is known to be about shipping. */
export function shippingCost(line: string, itemCurrency: string | null): string | null {
  if (words.free.test(line)) return "0";
  const cost = parsePrice(line, { currencyHint: itemCurrency });
  return cost !== null && cost.currency === itemCurrency ? cost.amount : null;
}
