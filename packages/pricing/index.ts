export { compareAmounts, sameAmount } from "./decimals.ts";
export { normalizeAmount } from "./normalize-amount.ts";
export { parsePrice, parsePriceRange, parsePrices, type Price, type PriceRange } from "./parse-price.ts";
export type { PriceOptions } from "./read-prices.ts";
export { currencyOf, type CurrencyHints } from "./resolve-currency.ts";
