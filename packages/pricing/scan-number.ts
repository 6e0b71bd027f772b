import { isDigit } from "./digits.ts";

export type DecimalSeparator = "." | ",";

/** A number as it stands in a text: where, and its value as a decimal string. */
export interface ScannedNumber {
  start: number;
  end: number;
  amount: string;
}

/** Longer than any price; a serial number or a barcode is not one. */
const MOST_DIGITS = 15;

/**
 * The next number at or after `from` in plain characters; null if there is none. One pass, no backtracking.
 * @param decimalSeparator what the page is known to use; without it the number's own shape decides.
 */
export function scanNumber(
  text: string,
  from: number,
  decimalSeparator: DecimalSeparator | null,
): ScannedNumber | null {
  for (let at = from; at < text.length; at++) {
    if (!isDigit(text.charCodeAt(at))) continue;
    const leadingPoint = startsWithPoint(text, at);
    const end = endOfNumber(text, at);
    const start = leadingPoint ? at - 1 : at;
    const printed = leadingPoint ? `0${text.slice(start, end)}` : text.slice(at, end);
    const amount = valueOf(printed, decimalSeparator);
    if (amount !== null) return { start, end, amount };
    at = end;
  }
  return null;
}

/** ".75" is a fraction; "$.750.30" and "Rp.5" have a point that belongs to the sign before it. */
function startsWithPoint(text: string, at: number): boolean {
  if (text[at - 1] !== ".") return false;
  const before = text[at - 2];
  if (before !== undefined && before !== " ") return false;
  let end = at;
  while (isDigit(text.charCodeAt(end))) end++;
  return end - at <= 2;
}

/** Separators belong to the number only between digits; a space or an apostrophe only before a group of three. */
function endOfNumber(text: string, start: number): number {
  let at = start;
  let groupStart = start;
  for (; at < text.length; at++) {
    if (isDigit(text.charCodeAt(at))) continue;
    const character = text[at];
    const nextIsDigit = isDigit(text.charCodeAt(at + 1));
    if ((character === "." || character === ",") && nextIsDigit) {
      groupStart = at + 1;
    } else if (
      (character === " " || character === "'") &&
      at - groupStart <= 3 &&
      isGroupOfThree(text, at + 1)
    ) {
      groupStart = at + 1;
    } else {
      break;
    }
  }
  return at;
}

function isGroupOfThree(text: string, at: number): boolean {
  return (
    isDigit(text.charCodeAt(at)) &&
    isDigit(text.charCodeAt(at + 1)) &&
    isDigit(text.charCodeAt(at + 2)) &&
    !isDigit(text.charCodeAt(at + 3))
  );
}

/** @returns null for more digits than any price has. */
function valueOf(printed: string, decimalSeparator: DecimalSeparator | null): string | null {
  const compact = printed.replaceAll(" ", "").replaceAll("'", "");
  const point = decimalSeparator === null ? decimalPointOf(compact) : compact.lastIndexOf(decimalSeparator);
  const whole = digitsOf(point === -1 ? compact : compact.slice(0, point));
  const fraction = point === -1 ? "" : digitsOf(compact.slice(point + 1));
  if (whole.length + fraction.length > MOST_DIGITS) return null;
  const trimmed = whole.replace(/^0+(?=\d)/, "");
  return fraction === "" ? trimmed : `${trimmed === "" ? "0" : trimmed}.${fraction}`;
}

/**
 * Where the fraction begins, -1 for none. Two kinds of separator: the last one. The same one several times: groups.
 * A single one before exactly three digits: groups ("1.234" and "1,234" are both a thousand), unless nothing but a
 * zero is before it ("0.125").
 */
function decimalPointOf(compact: string): number {
  const lastPoint = compact.lastIndexOf(".");
  const lastComma = compact.lastIndexOf(",");
  if (lastPoint !== -1 && lastComma !== -1) return Math.max(lastPoint, lastComma);
  const last = Math.max(lastPoint, lastComma);
  if (last === -1) return -1;
  const isRepeated = compact.indexOf(compact[last] ?? "") !== last;
  const digitsAfter = compact.length - last - 1;
  if (isRepeated) return digitsAfter === 3 ? -1 : last;
  const before = compact.slice(0, last);
  return digitsAfter === 3 && before !== "0" && before.length <= 3 ? -1 : last;
}

function digitsOf(text: string): string {
  return text.replaceAll(".", "").replaceAll(",", "");
}
