import { threeDecimalCurrencies } from "./currencies.ts";
import { decimalOf } from "./decimals.ts";
import { findAmounts, type FoundAmount } from "./find-amounts.ts";
import { roleOf, type Role } from "./price-roles.ts";
import { opensRange } from "./range-words.ts";
import { decimalSeparatorOfLocale } from "./regions.ts";
import { CurrencyResolver, dropWeakSigns, type CurrencyHints } from "./resolve-currency.ts";
import { scanTokens, type Token } from "./scan-tokens.ts";

export interface PriceOptions extends CurrencyHints {
  /** "." or ","; decides "1.234", which a text alone leaves open (then it is a thousand). Goes before the locale's. */
  decimalSeparator?: string | null | undefined;
}

/** An amount of a text with all that tells whether it is the price. */
export interface PrintedPrice {
  amount: string;
  currency: string | null;
  /** Is a currency printed with it, or with the other end of its range? */
  isSigned: boolean;
  role: Role;
  /** Is the next price the upper end of a range that this one opens? */
  opensRange: boolean;
}

/** Every amount of a text in the order printed, with a currency or without. */
export function readPrices(text: string, options: PriceOptions): PrintedPrice[] {
  const { decimalSeparator, locale } = options;
  const decimal = decimalSeparator ?? (locale ? decimalSeparatorOfLocale(locale) : null);
  const resolver = new CurrencyResolver(options);
  const tokens = scanTokens(text, decimal);
  dropWeakSigns(tokens, resolver);
  const amounts = findAmounts(tokens, decimal);
  const prices = amounts.map((amount) => toPrice(tokens, amount, resolver));
  joinRanges(tokens, amounts, prices);
  return prices;
}

function toPrice(tokens: readonly Token[], amount: FoundAmount, resolver: CurrencyResolver): PrintedPrice {
  const currency = amount.signs.length === 0 ? resolver.hinted() : currencyOfSigns(amount, resolver);
  return {
    amount: decimalOfAmount(amount, currency),
    currency,
    isSigned: amount.signs.length > 0,
    role: amount.isNegative ? "beside" : roleOf(tokens, amount.first, amount.last),
    opensRange: false,
  };
}

/** A sign of one currency goes before an ambiguous one: "$ SGD4.90" is in Singapore dollars. */
function currencyOfSigns({ signs }: FoundAmount, resolver: CurrencyResolver): string | null {
  let currency: string | null = null;
  for (const sign of signs) {
    if (sign.currencies.length === 1) return resolver.resolve(sign);
    currency ??= resolver.resolve(sign);
  }
  return currency;
}

function decimalOfAmount(amount: FoundAmount, currency: string | null): string {
  const { whole, fraction, isNegative } = amount;
  const isThousandths =
    amount.couldBeThousandths && currency !== null && threeDecimalCurrencies.has(currency);
  return isThousandths
    ? decimalOf(isNegative, whole.slice(0, -3), whole.slice(-3))
    : decimalOf(isNegative, whole, fraction);
}

/** Marks the ranges, and gives a currency printed at one end to the other: "10,00 bis 20,00 EUR", "$10 - 20". */
function joinRanges(
  tokens: readonly Token[],
  amounts: readonly FoundAmount[],
  prices: readonly PrintedPrice[],
): void {
  for (let index = 0; index + 1 < amounts.length; index++) {
    const lowAmount = amounts[index];
    const highAmount = amounts[index + 1];
    const low = prices[index];
    const high = prices[index + 1];
    if (lowAmount === undefined || highAmount === undefined || low === undefined || high === undefined)
      continue;
    if (!isRange(tokens, lowAmount, highAmount)) continue;
    const currency = sharedCurrency(lowAmount, low.currency, highAmount, high.currency);
    if (currency === undefined) continue;
    low.currency = high.currency = currency;
    low.isSigned ||= high.isSigned;
    high.isSigned = low.isSigned;
    low.opensRange = true;
    // "€ 5 - € 10 per kg": what stands after the upper end is said of both.
    low.role = high.role;
  }
}

function isRange(tokens: readonly Token[], low: FoundAmount, high: FoundAmount): boolean {
  const between = tokens[low.last + 1];
  if (high.first !== low.last + 2 || between === undefined || !opensRange(between)) return false;
  // "50 - $2.00" is a count and its price.
  return low.signs.length > 0 || high.signs.length === 0 || high.signIsAfter;
}

/** What both ends are in: undefined if their signs differ ("€10 - $20"). An unsigned end is in what the other one is. */
function sharedCurrency(
  low: FoundAmount,
  lowCurrency: string | null,
  high: FoundAmount,
  highCurrency: string | null,
): string | null | undefined {
  if (lowCurrency === highCurrency || low.signs.length === 0) return highCurrency;
  if (high.signs.length === 0) return lowCurrency;
  if (lowCurrency === null && canMean(low, highCurrency)) return highCurrency;
  return highCurrency === null && canMean(high, lowCurrency) ? lowCurrency : undefined;
}

function canMean({ signs }: FoundAmount, currency: string | null): boolean {
  return currency !== null && signs.some(({ currencies }) => currencies.includes(currency));
}
