/**
 * Decimal numbers as strings, in the one form that amounts have here: an optional minus, digits without needless
 * leading zeros, and the printed decimals if there are any: "0", "19.90", "-1234.5".
 */

/** An amount of the contracts has no more digits before the point; what is longer is an identifier, not money. */
export const MAX_WHOLE_DIGITS = 18;

/** Puts digits into the canonical form. Both parts are ASCII digits, possibly none. */
export function decimalOf(negative: boolean, whole: string, fraction: string): string {
  const digits = stripLeadingZeros(whole);
  const unsigned = `${digits === "" ? "0" : digits}${fraction === "" ? "" : `.${fraction}`}`;
  const isZero = digits === "" && stripLeadingZeros(fraction) === "";
  return negative && !isZero ? `-${unsigned}` : unsigned;
}

/** Moves the decimal point to the right (left when negative), exactly: 1.5 by 4 is 15000. */
export function shiftDecimal(
  whole: string,
  fraction: string,
  places: number,
): { whole: string; fraction: string } {
  if (places >= 0) {
    const padded = fraction.padEnd(places, "0");
    return { whole: whole + padded.slice(0, places), fraction: padded.slice(places) };
  }
  const padded = whole.padStart(-places, "0");
  return { whole: padded.slice(0, places), fraction: padded.slice(places) + fraction };
}

/**
 * Negative, zero or positive as `a` is less than, equal to or more than `b`, digit by digit: "19.9" equals "19.90",
 * and 0.1 + 0.2 plays no part. Both are canonical amounts (see normalizeAmount).
 */
export function compareAmounts(a: string, b: string): number {
  const left = splitAmount(a);
  const right = splitAmount(b);
  if (left.negative !== right.negative) return left.negative ? -1 : 1;
  const order = compareUnsigned(left, right);
  return left.negative && order !== 0 ? -order : order;
}

/** Is it the same number, however many decimals are printed? */
export function sameAmount(a: string, b: string): boolean {
  return compareAmounts(a, b) === 0;
}

interface SplitAmount {
  negative: boolean;
  whole: string;
  fraction: string;
}

function splitAmount(amount: string): SplitAmount {
  const minus = amount.startsWith("-");
  const dot = amount.indexOf(".");
  const whole = stripLeadingZeros(amount.slice(minus ? 1 : 0, dot === -1 ? undefined : dot));
  const fraction = dot === -1 ? "" : stripTrailingZeros(amount.slice(dot + 1));
  return { negative: minus && (whole !== "" || fraction !== ""), whole, fraction };
}

function compareUnsigned(a: SplitAmount, b: SplitAmount): number {
  if (a.whole.length !== b.whole.length) return a.whole.length < b.whole.length ? -1 : 1;
  if (a.whole !== b.whole) return a.whole < b.whole ? -1 : 1;
  if (a.fraction === b.fraction) return 0;
  return a.fraction < b.fraction ? -1 : 1;
}

function stripLeadingZeros(digits: string): string {
  let from = 0;
  while (from < digits.length && digits.charCodeAt(from) === 0x30) from++;
  return digits.slice(from);
}

function stripTrailingZeros(digits: string): string {
  let to = digits.length;
  while (to > 0 && digits.charCodeAt(to - 1) === 0x30) to--;
  return digits.slice(0, to);
}
