import { type CurrencyHints, currencyOf, isCurrencySign, LONGEST_SIGN } from "./currencies.ts";
import { isDigit, plainCharacters } from "./digits.ts";
import { type DecimalSeparator, scanNumber, type ScannedNumber } from "./scan-number.ts";

export interface PriceOptions extends CurrencyHints {
  decimalSeparator?: DecimalSeparator;
}

/** `amount` is a decimal string with the decimals as printed; `currency` ISO 4217, null if the text does not settle it. */
export interface Price {
  amount: string;
  currency: string | null;
}

interface PrintedPrice extends Price, Pick<ScannedNumber, "start" | "end"> {
  hasSign: boolean;
}

/** What the text says beyond this is not read: a price is not the millionth character of a page. */
const LONGEST_TEXT = 2_000;
const free =
  /^\W*(free|gratis|kostenlos|gratuit|бесплатно|безкоштовно|za darmo|ilmainen|grátis|gratuito|無料)\b/iu;
/** After a number: it counts instalments, percents, pieces or stars, and is no price. */
const countsOther =
  /^\s?(%|x\s|×|mo\b|months?\b|raten\b|mal\b|pcs\b|stk\b|stück\b|reviews?\b|ratings?\b|items?\b)/i;
/** After a price: it is for a part of the thing, or for a time. */
const perPart =
  /^\s?(\/|per\b|pro\b|за)\s?(mo|month|monat|mies|kg|g\b|l\b|ml|100|m²|m2|stk|day|tag|year|jahr)/i;

/**
 * The price in a text: the first number with a currency beside it, else the first number; "free" is 0. Instalments,
 * percentages and prices per kilogram are passed over when the text has another. Never throws.
 */
export function parsePrice(text: string, options: PriceOptions = {}): Price | null {
  const prices = printedPrices(text, options);
  const chosen = prices.find((price) => price.hasSign) ?? prices[0];
  if (chosen !== undefined) return { amount: chosen.amount, currency: chosen.currency };
  return free.test(text.slice(0, LONGEST_TEXT)) ? { amount: "0", currency: hinted(options) } : null;
}

/** All prices in a text, in their order. A currency that only one of them prints is not spread to the others. */
export function parsePrices(text: string, options: PriceOptions = {}): Price[] {
  return printedPrices(text, options).map(({ amount, currency }) => ({ amount, currency }));
}

/** A price, or a range such as "EUR 17,72 bis EUR 18,66": the currency printed at one end holds for both. */
export function parsePriceRange(
  text: string,
  options: PriceOptions = {},
): { amount: string; amount_max: string | null; currency: string | null } | null {
  const prices = printedPrices(text, options);
  const [first, second] = prices;
  if (first === undefined || second === undefined || !isRangeBetween(plainCharacters(text), first, second)) {
    const price = parsePrice(text, options);
    return price === null ? null : { ...price, amount_max: null };
  }
  return { amount: first.amount, amount_max: second.amount, currency: first.currency ?? second.currency };
}

function isRangeBetween(text: string, first: PrintedPrice, second: PrintedPrice): boolean {
  const between = text.slice(first.end, second.start).toLowerCase();
  return (
    between.length <= 16 &&
    /(^|\s|\p{Sc}|[a-z])(-|to|bis|à|a|al|do|tot|~|до)(\s|\p{Sc}|[a-z]|$)/u.test(` ${between} `)
  );
}

function printedPrices(text: string, options: PriceOptions): PrintedPrice[] {
  const plain = plainCharacters(text.slice(0, LONGEST_TEXT));
  const found: PrintedPrice[] = [];
  const passedOver: PrintedPrice[] = [];
  let number = scanNumber(plain, 0, options.decimalSeparator ?? null);
  while (number !== null) {
    const { start, end } = number;
    const sign = signBefore(plain, start) ?? signAfter(plain, end);
    const isNegative = isMinus(plain, start, sign);
    const price = {
      amount: isNegative ? `-${number.amount}` : number.amount,
      currency: sign === null ? hinted(options) : (currencyOf(sign, options) ?? null),
      hasSign: sign !== null,
      start,
      end,
    };
    const after = plain.slice(end, end + 24);
    const isOther = (sign === null && countsOther.test(after)) || perPart.test(afterSign(after, sign));
    (isOther ? passedOver : found).push(price);
    number = scanNumber(plain, end, options.decimalSeparator ?? null);
  }
  return found.length > 0 ? found : passedOver.filter((price) => price.hasSign);
}

/** The longest sign that ends where the number begins, a space between them or not. */
function signBefore(text: string, start: number): string | null {
  let end = start;
  if (text[end - 1] === "-") end--;
  while (text[end - 1] === " ") end--;
  for (let length = LONGEST_SIGN; length > 0; length--) {
    const sign = text.slice(Math.max(0, end - length), end);
    if (sign.length !== length || !isCurrencySign(sign)) continue;
    if (!isInsideWord(text, end - length - 1, sign[0] ?? "")) return sign;
  }
  return text[end - 1] === "." ? signBefore(text, end - 1) : null;
}

function signAfter(text: string, end: number): string | null {
  let start = end;
  while (text[start] === " " || text[start] === "*") start++;
  for (let length = LONGEST_SIGN; length > 0; length--) {
    const sign = text.slice(start, start + length);
    if (sign.length !== length || !isCurrencySign(sign)) continue;
    if (!isInsideWord(text, start + length, sign.at(-1) ?? "")) return sign;
  }
  return null;
}

/** "p" of "pcs" is no rouble: a sign made of letters is no part of a longer word. */
function isInsideWord(text: string, neighbourAt: number, edge: string): boolean {
  return isLetter(edge) && isLetter(text[neighbourAt] ?? "");
}

function isLetter(character: string): boolean {
  return character.toLowerCase() !== character.toUpperCase();
}

/** "-5 €", "- $5" and "$-5" are negative; "10-20" and "A-5" are not. */
function isMinus(text: string, start: number, sign: string | null): boolean {
  let at = start - 1;
  while (text[at] === " ") at--;
  if (sign !== null && text.slice(at - sign.length + 1, at + 1) === sign) at -= sign.length;
  while (text[at] === " ") at--;
  if (text[at] !== "-") return false;
  const before = text[at - 1];
  return (
    before === undefined ||
    !(isDigit(before.charCodeAt(0)) || isLetter(before) || before === " " || before === ".")
  );
}

function afterSign(after: string, sign: string | null): string {
  const trimmed = after.trimStart();
  return sign !== null && trimmed.startsWith(sign) ? trimmed.slice(sign.length) : after;
}

function hinted(options: PriceOptions): string | null {
  return options.currencyHint === undefined ? null : currencyOf(options.currencyHint, options);
}
