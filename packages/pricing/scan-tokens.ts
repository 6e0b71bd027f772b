import { signOfCode, signsBeginningWith, type PrintedSign, type Sign } from "./currencies.ts";
import { foldText, isDigit, isLetter, isSpace, lowerInPlace } from "./digits.ts";
import { numberStartsAt, scanNumber, type DecimalSeparator, type ScannedNumber } from "./scan-number.ts";

interface Place {
  start: number;
  end: number;
}
export interface NumberToken extends Place {
  kind: "number";
  value: ScannedNumber["value"];
  couldBeThousandths: boolean;
}
export interface SignToken extends Place {
  kind: "sign";
  sign: Sign;
  /** As printed, in lower case. */
  text: string;
}
/** A run of letters, in lower case. */
export interface WordToken extends Place {
  kind: "word";
  text: string;
}
/** Any other character that is not a space. */
export interface MarkToken extends Place {
  kind: "mark";
  text: string;
}
/** Places are indexes into the folded text: tokens that touch have `end === start`. */
export type Token = NumberToken | SignToken | WordToken | MarkToken;

/** Splits a text into numbers, signs of money, words and marks, in one pass. */
export function scanTokens(printed: string, decimal: DecimalSeparator): Token[] {
  const text = foldText(printed);
  const lower = lowerInPlace(text);
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    if (isSpace(text.charCodeAt(position))) {
      position++;
      continue;
    }
    const before = tokens[tokens.length - 1];
    // The 5 of "PS5 400 €" ends a name and opens no thousands.
    const isInName = before?.kind === "word" && before.end === position;
    const token = tokenAt(text, lower, position, decimal, isInName);
    tokens.push(token);
    position = token.end;
  }
  return tokens;
}

export function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === "mark" && token.text === text;
}

function tokenAt(
  text: string,
  lower: string,
  start: number,
  decimal: DecimalSeparator,
  isInName: boolean,
): Token {
  if (numberStartsAt(text, start)) {
    const { end, value, couldBeThousandths } = scanNumber(text, start, decimal, !isInName);
    return { kind: "number", start, end, value, couldBeThousandths };
  }
  for (const printed of signsBeginningWith(lower.charCodeAt(start))) {
    if (!isPrintedAt(printed, text, lower, start)) continue;
    const signEnd = start + printed.text.length;
    const end = skipAbbreviationDot(text, signEnd);
    return { kind: "sign", start, end, sign: printed.sign, text: lower.slice(start, signEnd) };
  }
  if (!isLetter(text.charCodeAt(start))) {
    return { kind: "mark", start, end: start + 1, text: text.charAt(start) };
  }
  let end = start + 1;
  while (isLetter(text.charCodeAt(end))) end++;
  const code =
    end - start === 3 && !isLetter(text.charCodeAt(start - 1)) ? signOfCode(text.slice(start, end)) : null;
  if (code !== null) return { kind: "sign", start, end, sign: code, text: lower.slice(start, end) };
  return { kind: "word", start, end: skipAbbreviationDot(text, end), text: lower.slice(start, end) };
}

/** A sign of letters is a word of its own, though digits may touch it: "10zł", "12,000원", but not the "kr" of "krem". */
function isPrintedAt(
  { text: sign, isExact }: PrintedSign,
  text: string,
  lower: string,
  start: number,
): boolean {
  if (!(isExact ? text : lower).startsWith(sign, start)) return false;
  const end = start + sign.length;
  if (isLetter(text.charCodeAt(end - 1)) && isLetter(text.charCodeAt(end))) return false;
  return !(isLetter(text.charCodeAt(start)) && isLetter(text.charCodeAt(start - 1)));
}

/** The dot of "Rs.500" ends the abbreviation; it is not the decimal point of ".500". */
function skipAbbreviationDot(text: string, end: number): number {
  const isAbbreviation = text.charAt(end) === "." && isLetter(text.charCodeAt(end - 1));
  return isAbbreviation && !isDigit(text.charCodeAt(end - 2)) ? end + 1 : end;
}
