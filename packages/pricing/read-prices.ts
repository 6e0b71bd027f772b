import { threeDecimalCurrencies, type Sign } from "./currencies.ts";
import { decimalOf } from "./decimals.ts";
import { isCount, roleOf, type Role } from "./price-roles.ts";
import { decimalSeparatorOfLocale } from "./regions.ts";
import { hintedCurrency, hintsAgree, resolveSign, type CurrencyHints } from "./resolve-currency.ts";
import type { DecimalSeparator } from "./scan-number.ts";
import { scanTokens, type Token } from "./scan-tokens.ts";

export interface PriceOptions extends CurrencyHints {
  /** "." or ","; decides "1.234", which a text alone leaves open. Goes before the locale's. */
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

/** A number and the signs printed with it. `first` and `last` are the indexes of its outermost tokens. */
interface Candidate {
  value: { whole: string; fraction: string };
  couldBeThousandths: boolean;
  isNegative: boolean;
  signs: readonly Sign[];
  signIsAfter: boolean;
  first: number;
  last: number;
}

const rangeWords = new Set("- – ~ 〜 to till bis do à až al tot até hasta до".split(" "));

/** Every amount of a text in the order printed, with a currency or without. */
export function readPrices(text: string, options: PriceOptions): PrintedPrice[] {
  const tokens = scanTokens(text, decimalSeparatorOf(options));
  const candidates = readCandidates(tokens, options);
  const prices = candidates.map((candidate) => toPrice(tokens, candidate, options));
  joinRanges(tokens, candidates, prices);
  return prices;
}

function decimalSeparatorOf({ decimalSeparator, locale }: PriceOptions): DecimalSeparator {
  return decimalSeparator ?? (locale ? decimalSeparatorOfLocale(locale) : null);
}

function readCandidates(tokens: readonly Token[], options: PriceOptions): Candidate[] {
  const candidates: Candidate[] = [];
  let index = 0;
  let free = 0;
  while (index < tokens.length) {
    const candidate = candidateAt(tokens, index, free, options);
    if (candidate !== null) {
      candidates.push(candidate);
      free = candidate.last + 1;
      index = candidate.last;
    }
    index++;
  }
  return candidates;
}

/** The amount whose number is the token at `index`, with the signs around it; tokens before `free` belong to the amount before. */
function candidateAt(
  tokens: readonly Token[],
  index: number,
  free: number,
  options: PriceOptions,
): Candidate | null {
  const number = tokens[index];
  if (number?.kind !== "number" || number.value === null || isMark(tokens[index + 1], "%")) return null;
  const { couldBeThousandths } = number;
  const before = signsBefore(tokens, index, free, options);
  if (before.signs.length === 0) {
    const cents = centsAfterSign(tokens, index, options);
    if (cents !== null) {
      const value = { whole: number.value.whole, fraction: cents.fraction };
      const first = before.first;
      return {
        ...before,
        first,
        value,
        couldBeThousandths,
        signs: cents.signs,
        signIsAfter: true,
        last: index + 2,
      };
    }
  }
  const after = signAfter(tokens, index, before.signs.length > 0, options);
  const signs = after === null ? before.signs : [...before.signs, after];
  if (signs.length === 0 && !canStandBare(tokens, index)) return null;
  return {
    value: number.value,
    couldBeThousandths,
    isNegative: before.isNegative,
    signs,
    signIsAfter: before.signs.length === 0 && after !== null,
    first: before.first,
    last: after === null ? index : index + 1,
  };
}

/** Walks left over signs, a minus that touches, and a colon ("US$:12.99"). */
function signsBefore(
  tokens: readonly Token[],
  index: number,
  free: number,
  options: PriceOptions,
): { signs: Sign[]; isNegative: boolean; first: number } {
  const signs: Sign[] = [];
  let isNegative = false;
  let first = index;
  for (let at = index - 1; at >= free && at >= index - 4; at--) {
    const token = tokens[at];
    if (token?.kind === "sign" && counts(token.sign, tokens, options)) {
      signs.push(token.sign);
      first = at;
    } else if (isMinus(tokens, at, free)) {
      isNegative = true;
      first = at;
    } else if (!isMark(token, ":") || tokens[at - 1]?.kind !== "sign") {
      break;
    }
  }
  return { signs, isNegative, first };
}

/** A dash that touches what follows, where it does not join two amounts. */
function isMinus(tokens: readonly Token[], at: number, free: number): boolean {
  const token = tokens[at];
  if (!isMark(token, "-") && !isMark(token, "–")) return false;
  if (token?.end !== tokens[at + 1]?.start) return false;
  const before = tokens[at - 1];
  if (before === undefined) return true;
  if (before.kind === "number" || at === free) return false;
  return before.kind === "sign" || before.end !== token?.start || isMark(before, "(");
}

/** The sign after a number, unless it belongs to the number after it ("2 $6.75", "€ 10 € 8"). */
function signAfter(
  tokens: readonly Token[],
  index: number,
  hasSign: boolean,
  options: PriceOptions,
): Sign | null {
  const token = tokens[index + 1];
  if (token?.kind !== "sign" || !counts(token.sign, tokens, options)) return null;
  const next = tokens[index + 2];
  if (next?.kind !== "number") return token.sign;
  const touchesOnlyNext = token.end === next.start && token.start !== tokens[index]?.end;
  return hasSign || touchesOnlyNext ? null : token.sign;
}

/** "35€ 99" and "35€99": the sign in the place of the decimal separator. */
function centsAfterSign(
  tokens: readonly Token[],
  index: number,
  options: PriceOptions,
): { fraction: string; signs: Sign[] } | null {
  const [number, sign, cents] = tokens.slice(index, index + 3);
  if (number?.kind !== "number" || sign?.kind !== "sign" || cents?.kind !== "number") return null;
  if (number.end !== sign.start || number.value?.fraction !== "" || cents.value?.fraction !== "") return null;
  const fraction = cents.value.whole;
  const touches = cents.start === sign.end;
  const isAsked =
    options.decimalSeparator != null && options.decimalSeparator.length === sign.end - sign.start;
  const isSplit = touches
    ? fraction.length === 2 || isAsked
    : fraction.length === 2 && index + 3 === tokens.length;
  return isSplit && cents.end - cents.start === fraction.length ? { fraction, signs: [sign.sign] } : null;
}

/** A weak sign ("R", "L", "TOP") is money where a hint says so, or where nothing else is printed. */
function counts(sign: Sign, tokens: readonly Token[], options: PriceOptions): boolean {
  return !sign.isWeak || tokens.length === 2 || hintsAgree(sign, options);
}

/** Can this number be a price without a sign? Not as part of a name ("RTX4070"), a count ("12 x"), a date or a time. */
function canStandBare(tokens: readonly Token[], index: number): boolean {
  const number = tokens[index];
  const before = tokens[index - 1];
  const after = tokens[index + 1];
  if (number === undefined || isCount(tokens, index)) return false;
  if (isNamePart(before) && before?.end === number.start) return false;
  if (isNamePart(after) && after?.start === number.end) return false;
  return !isChained(number, before, tokens[index - 2]) && !isChained(number, after, tokens[index + 2]);
}

function isNamePart(token: Token | undefined): boolean {
  if (token === undefined) return false;
  return token.kind === "word" ? !rangeWords.has(token.text) : token.kind === "sign" || isMark(token, "#");
}

/** "12:30", "15/08", and by a dash where a leading zero shows that it is no range: "2017-08-15". */
function isChained(number: Token, mark: Token | undefined, other: Token | undefined): boolean {
  if (mark?.kind !== "mark" || other?.kind !== "number") return false;
  const touches =
    other.start < number.start
      ? other.end === mark.start && mark.end === number.start
      : number.end === mark.start && mark.end === other.start;
  if (!touches) return false;
  if (mark.text === ":" || mark.text === "/") return true;
  return rangeWords.has(mark.text) && (hasLeadingZero(number) || hasLeadingZero(other));
}

function hasLeadingZero(token: Token): boolean {
  return (
    token.kind === "number" &&
    token.value !== null &&
    token.value.whole.length > 1 &&
    token.value.whole.startsWith("0")
  );
}

function toPrice(tokens: readonly Token[], candidate: Candidate, options: PriceOptions): PrintedPrice {
  const { signs } = candidate;
  const currency = signs.length === 0 ? hintedCurrency(options) : currencyOfSigns(signs, options);
  return {
    amount: amountOf(candidate, currency),
    currency,
    isSigned: signs.length > 0,
    role: candidate.isNegative ? "beside" : roleOf(tokens, candidate.first, candidate.last),
    opensRange: false,
  };
}

/** A sign of one currency goes before an ambiguous one: "$ SGD4.90" is in Singapore dollars. */
function currencyOfSigns(signs: readonly Sign[], options: PriceOptions): string | null {
  const clear = signs.find(({ currencies }) => currencies.length === 1);
  if (clear !== undefined) return resolveSign(clear, options);
  for (const sign of signs) {
    const currency = resolveSign(sign, options);
    if (currency !== null) return currency;
  }
  return null;
}

function amountOf({ value, couldBeThousandths, isNegative }: Candidate, currency: string | null): string {
  const { whole, fraction } = value;
  if (couldBeThousandths && currency !== null && threeDecimalCurrencies.has(currency)) {
    return decimalOf(isNegative, whole.slice(0, -3), whole.slice(-3));
  }
  return decimalOf(isNegative, whole, fraction);
}

/** Marks the ranges, and gives a currency printed at one end to the other: "10,00 bis 20,00 EUR", "$10 - 20". */
function joinRanges(
  tokens: readonly Token[],
  candidates: readonly Candidate[],
  prices: PrintedPrice[],
): void {
  for (let index = 0; index + 1 < candidates.length; index++) {
    const [low, high] = [candidates[index], candidates[index + 1]];
    const [lowPrice, highPrice] = [prices[index], prices[index + 1]];
    if (low === undefined || high === undefined || lowPrice === undefined || highPrice === undefined)
      continue;
    if (!isRange(tokens, low, high)) continue;
    lowPrice.opensRange = true;
    if (!lowPrice.isSigned) lowPrice.currency = highPrice.currency;
    lowPrice.currency ??= highPrice.currency;
    if (!highPrice.isSigned) highPrice.currency = lowPrice.currency;
    highPrice.currency ??= lowPrice.currency;
    if (highPrice.isSigned || lowPrice.isSigned) lowPrice.isSigned = highPrice.isSigned = true;
    lowPrice.role = highPrice.role;
  }
}

function isRange(tokens: readonly Token[], low: Candidate, high: Candidate): boolean {
  const between = tokens[low.last + 1];
  if (high.first !== low.last + 2 || between === undefined) return false;
  if (between.kind !== "word" && between.kind !== "mark") return false;
  // "50 - $2.00" is a count with its price.
  return (
    rangeWords.has(between.text) && (low.signs.length > 0 || high.signs.length === 0 || high.signIsAfter)
  );
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === "mark" && token.text === text;
}
