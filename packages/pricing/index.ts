export { compareAmounts, normalizeAmount, sameAmount } from "./amounts.ts";
export { type CurrencyHints, currencyOf } from "./currencies.ts";
export { parsePrice, parsePriceRange, parsePrices, type Price, type PriceOptions } from "./parse-price.ts";
