export {
  type BaseRate,
  baseRateOf,
  type BaseRates,
  createBaseRates,
  ratesTo,
  type JudgedQuote,
} from "./base-rates.ts";
export { isCurrencyCode } from "./currencies.ts";
export { compareAmounts, sameAmount } from "./decimals.ts";
export {
  convertAmount,
  convertedByRate,
  type ConvertedPrice,
  type ExchangeRate,
  exchangeRate,
  priceOf,
  type QuotedPrice,
} from "./exchange-rates.ts";
export { measuresIn } from "./measures.ts";
export { normalizeAmount } from "./normalize-amount.ts";
export { parsePrice, parsePriceRange, parsePrices, type Price, type PriceRange } from "./parse-price.ts";
export type { PriceOptions } from "./read-prices.ts";
export { currencyOf, type CurrencyHints } from "./resolve-currency.ts";
export { settleVotes, type SettledVotes, type VotingRule } from "./settle-votes.ts";
