import { isDigit } from "./digits.ts";

/** "." or "," as the decimal separator of texts that leave it open; null if nobody knows. */
export type DecimalSeparator = string | null;

export interface ScannedNumber {
  /** Index after the last character that belongs to the number. */
  end: number;
  /** Digits before and after the decimal separator; null where the digits are no number (a date, a version, an address). */
  value: { whole: string; fraction: string } | null;
  /** "1.234" with nothing to tell a thousand from thousandths; read as a thousand. */
  couldBeThousandths: boolean;
}

const SPACE = 0x20;
const DOT = 0x2e;
const COMMA = 0x2c;
const APOSTROPHE = 0x27;
const MIDDLE_DOT = 0xb7;
const ARABIC_DECIMAL = 0x066b;

/** Does a number begin here: a digit, or up to two separators and a digit (".75", "..75")? */
export function numberStartsAt(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  if (isDigit(code)) return true;
  if (!isDotOrComma(code) || isDigit(text.charCodeAt(index - 1))) return false;
  const next = text.charCodeAt(index + 1);
  return isDigit(next) || (isDotOrComma(next) && isDigit(text.charCodeAt(index + 2)));
}

/** Reads the number that begins at `start` of a folded text (see foldText). One pass, no way back. */
export function scanNumber(
  text: string,
  start: number,
  decimal: DecimalSeparator,
  maySpacesGroup: boolean,
): ScannedNumber {
  let position = start;
  while (!isDigit(text.charCodeAt(position))) position++;
  const leading = text.slice(start, position);
  const runs: string[] = [];
  const separators: number[] = [];
  for (;;) {
    const runEnd = endOfDigits(text, position);
    runs.push(text.slice(position, runEnd));
    position = runEnd;
    const separator = separatorAt(text, position, runs, separators);
    if (separator === 0 || (separator === SPACE && !maySpacesGroup)) break;
    separators.push(separator);
    position += separator === DOT && text.charCodeAt(position + 1) === SPACE ? 2 : 1;
  }
  const couldBeThousandths =
    decimal === null && leading === "" && separators.length === 1 && isDotOrComma(separators[0] ?? 0);
  const value = readRuns(runs, separators, leading, decimal);
  return {
    end: endOfDashDecimals(text, position),
    value,
    couldBeThousandths: couldBeThousandths && value !== null && value.fraction === "",
  };
}

/** The separator at `position` if another run of digits of the same number follows it, else 0. */
function separatorAt(
  text: string,
  position: number,
  runs: readonly string[],
  before: readonly number[],
): number {
  const code = text.charCodeAt(position);
  if (code === SPACE) return spaceGroupsAt(text, position, runs, before) ? code : 0;
  if (code === DOT && text.charCodeAt(position + 1) === SPACE) {
    // "$119. 95": a dot torn from its cents by markup, at the end of the text only; else it ends a sentence.
    const cents = position + 2;
    return cents + 2 === text.length && endOfDigits(text, cents) === text.length && before.length === 0
      ? code
      : 0;
  }
  if (!isDigit(text.charCodeAt(position + 1))) return 0;
  if (isDotOrComma(code) || code === ARABIC_DECIMAL) return code;
  const length = endOfDigits(text, position + 1) - position - 1;
  if (code === APOSTROPHE) return length === 3 || (length === 2 && before.length === 0) ? code : 0;
  if (code === MIDDLE_DOT) return length === 2 && before.length === 0 ? code : 0;
  return 0;
}

/** "12 345": exactly three digits after the space, and only spaces before it, or two numbers stand side by side. */
function spaceGroupsAt(
  text: string,
  position: number,
  runs: readonly string[],
  before: readonly number[],
): boolean {
  const first = runs[0] ?? "";
  if (first.length > 3 || (before.length > 0 && before[before.length - 1] !== SPACE)) return false;
  return endOfDigits(text, position + 1) === position + 4;
}

function readRuns(
  runs: readonly string[],
  separators: readonly number[],
  leading: string,
  decimal: DecimalSeparator,
): ScannedNumber["value"] {
  const first = runs[0] ?? "";
  if (separators.length === 0) {
    return leading === "" ? { whole: first, fraction: "" } : { whole: "", fraction: first };
  }
  const last = runs[runs.length - 1] ?? "";
  if (lastIsDecimal(runs, separators, leading, decimal)) {
    const groups = runs.slice(0, -1);
    return areGroups(groups, separators.slice(0, -1)) ? { whole: groups.join(""), fraction: last } : null;
  }
  if (!areGroups(runs, separators)) return null;
  const digits = runs.join("");
  // "..75,333" where "." is known to be the decimal separator, so that "," only groups.
  return leading !== "" && decimal !== null && leading.endsWith(decimal)
    ? { whole: "", fraction: digits }
    : { whole: digits, fraction: "" };
}

function lastIsDecimal(
  runs: readonly string[],
  separators: readonly number[],
  leading: string,
  decimal: DecimalSeparator,
): boolean {
  const separator = separators[separators.length - 1] ?? 0;
  const lastLength = (runs[runs.length - 1] ?? "").length;
  if (separator === SPACE) return false;
  if (separator === ARABIC_DECIMAL || separator === MIDDLE_DOT) return true;
  if (separator === APOSTROPHE) return lastLength === 2;
  if (separators.length > 1) {
    // Another sign groups; or the same one groups and splits ("1.234.50"), which areGroups then judges.
    return separators[0] !== separator || lastLength < 3;
  }
  if (lastLength !== 3) return true;
  const first = runs[0] ?? "";
  if (leading === "" && (first.length > 3 || first.charCodeAt(0) === 0x30)) return true;
  return decimal === String.fromCharCode(separator);
}

/** One to three digits, then threes, all split alike; or as in India "1,23,45,678": twos, and three at the end. */
function areGroups(runs: readonly string[], separators: readonly number[]): boolean {
  if (runs.length === 1) return true;
  const separator = separators[0] ?? 0;
  if (separator === ARABIC_DECIMAL || separator === MIDDLE_DOT) return false;
  let areThrees = (runs[0] ?? "").length <= 3;
  let areTwos = separator === COMMA && (runs[0] ?? "").length <= 2 && runs[runs.length - 1]?.length === 3;
  for (let index = 1; index < runs.length; index++) {
    if (separators[index - 1] !== separator) return false;
    const length = (runs[index] ?? "").length;
    areThrees &&= length === 3;
    areTwos &&= length === 2 || index === runs.length - 1;
  }
  return areThrees || areTwos;
}

/** "50,-" and "50.--": a dash in place of no cents. */
function endOfDashDecimals(text: string, position: number): number {
  if (!isDotOrComma(text.charCodeAt(position))) return position;
  let end = position + 1;
  while (end < position + 3 && isDash(text.charCodeAt(end))) end++;
  return end === position + 1 ? position : end;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end++;
  return end;
}

function isDotOrComma(code: number): boolean {
  return code === DOT || code === COMMA;
}

/** The two dashes of folded text. */
function isDash(code: number): boolean {
  return code === 0x2d || code === 0x2013;
}
