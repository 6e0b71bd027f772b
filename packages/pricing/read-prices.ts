import { threeDecimalCurrencies } from "./currencies.ts";
import { decimalOf } from "./decimals.ts";
import { findAmounts, type FoundAmount } from "./find-amounts.ts";
import { roleOf, type Role } from "./price-roles.ts";
import { mayPrecedeRange, opensRange } from "./range-words.ts";
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
  found: FoundAmount;
}

/** Every amount of a text in the order printed, with a currency or without. */
export function readPrices(text: string, options: PriceOptions): PrintedPrice[] {
  const { decimalSeparator, locale } = options;
  const decimal = decimalSeparator ?? (locale ? decimalSeparatorOfLocale(locale) : null);
  const resolver = new CurrencyResolver(options);
  const tokens = scanTokens(text, decimal);
  dropWeakSigns(tokens, resolver);
  const prices = findAmounts(tokens, decimal).map((found) => toPrice(tokens, found, resolver));
  joinRanges(tokens, prices);
  return prices;
}

function toPrice(tokens: readonly Token[], found: FoundAmount, resolver: CurrencyResolver): PrintedPrice {
  const currency = found.signs.length === 0 ? resolver.hinted() : currencyOfSigns(found, resolver);
  return {
    amount: decimalOfAmount(found, currency),
    currency,
    isSigned: found.signs.length > 0,
    role: found.isNegative ? "beside" : roleOf(tokens, found.first, found.last),
    opensRange: false,
    found,
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
function joinRanges(tokens: readonly Token[], prices: readonly PrintedPrice[]): void {
  for (let index = 0; index + 1 < prices.length; index++) {
    const low = prices[index];
    const high = prices[index + 1];
    if (low === undefined || high === undefined || !isRange(tokens, low.found, high.found)) continue;
    const currency = sharedCurrency(low, high);
    if (currency === undefined) continue;
    for (const end of [low, high]) {
      end.currency = currency;
      end.amount = decimalOfAmount(end.found, currency);
    }
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
  if (low.signs.length > 0 || high.signs.length === 0) return true;
  // "50 - $2.00" is a count and its price.
  return high.signIsAfter && mayPrecedeRange(tokens[low.first - 1]);
}

/** What both ends are in: undefined if their signs differ ("€10 - $20"). An unsigned end is in what the other one is. */
function sharedCurrency(low: PrintedPrice, high: PrintedPrice): string | null | undefined {
  if (low.currency === high.currency || low.found.signs.length === 0) return high.currency;
  if (high.found.signs.length === 0) return low.currency;
  if (low.currency === null && canMean(low.found, high.currency)) return high.currency;
  return high.currency === null && canMean(high.found, low.currency) ? low.currency : undefined;
}

function canMean({ signs }: FoundAmount, currency: string | null): boolean {
  return currency !== null && signs.some(({ currencies }) => currencies.includes(currency));
}
