import { canStandBare } from "./bare-number.ts";
import type { Sign } from "./currencies.ts";
import { MAX_WHOLE_DIGITS } from "./decimals.ts";
import { readMagnitude, type WholeNumber } from "./magnitudes.ts";
import { isMark, type NumberToken, type Token } from "./scan-tokens.ts";

/** A number and the signs printed with it. `first` and `last` are the indexes of its outermost tokens. */
export interface FoundAmount extends WholeNumber {
  first: number;
  isNegative: boolean;
  signs: readonly Sign[];
  signIsAfter: boolean;
}

/**
 * All amounts of a text, from left to right; each takes the signs around it that the one before has left.
 * A sign given as decimalSeparator stands for it: "1250€60".
 */
export function findAmounts(tokens: readonly Token[], decimalSeparator: string | null): FoundAmount[] {
  const amounts: FoundAmount[] = [];
  let free = 0;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    if (token?.kind !== "number") continue;
    const amount = amountAt(tokens, index, token, free, decimalSeparator);
    if (amount === null) continue;
    amounts.push(amount);
    free = amount.last + 1;
    index = amount.last;
  }
  return amounts;
}

/** The amount of the number at `index`; the tokens before `free` belong to another one. */
function amountAt(
  tokens: readonly Token[],
  index: number,
  number: NumberToken,
  free: number,
  decimalSeparator: string | null,
): FoundAmount | null {
  const read = readMagnitude(tokens, index, number);
  if (read === null || read.whole.length > MAX_WHOLE_DIGITS || isMark(tokens[read.last + 1], "%"))
    return null;
  const before = signsBefore(tokens, index, free);
  if (before.signs.length === 0) {
    const split = splitBySign(tokens, index, number, decimalSeparator);
    if (split !== null)
      return { ...split, first: before.first, isNegative: before.isNegative, signIsAfter: true };
  }
  const after = signAfter(tokens, read, before.signs.length > 0);
  if (after === null && before.signs.length === 0 && !canStandBare(tokens, index, read.last)) return null;
  return {
    ...read,
    ...before,
    signs: after === null ? before.signs : [...before.signs, after],
    signIsAfter: before.signs.length === 0,
    last: after === null ? read.last : read.last + 1,
  };
}

/** Walks left over signs, a minus that touches what follows, and a colon after a sign ("US$:12.99"). */
function signsBefore(
  tokens: readonly Token[],
  index: number,
  free: number,
): { signs: Sign[]; isNegative: boolean; first: number } {
  const signs: Sign[] = [];
  let isNegative = false;
  let first = index;
  for (let at = index - 1; at >= free; at--) {
    const token = tokens[at];
    if (token?.kind === "sign") {
      // More than a sign and a code is no price but a list of currencies.
      if (signs.length === 2) break;
      signs.push(token.sign);
    } else if (isMinus(tokens, at, free)) {
      isNegative = true;
    } else if (isMark(token, ":") && tokens[at - 1]?.kind === "sign") {
      continue;
    } else {
      break;
    }
    first = at;
  }
  return { signs, isNegative, first };
}

/** A dash that touches what follows, where it neither joins two amounts nor is the hyphen of a word. */
function isMinus(tokens: readonly Token[], at: number, free: number): boolean {
  const token = tokens[at];
  if ((!isMark(token, "-") && !isMark(token, "–")) || token?.end !== tokens[at + 1]?.start) return false;
  const before = tokens[at - 1];
  if (before === undefined) return true;
  if (before.kind === "number" || at === free) return false;
  return before.kind === "sign" || before.kind === "mark" || before.end !== token?.start;
}

/** The sign after a number, unless it is the one before the next number ("2 $6.75", "€ 10 € 8", "2 EUR 17,72"). */
function signAfter(tokens: readonly Token[], number: WholeNumber, hasSign: boolean): Sign | null {
  const sign = tokens[number.last + 1];
  if (sign?.kind !== "sign") return null;
  const next = tokens[number.last + 2];
  if (next?.kind !== "number") return sign.sign;
  if (hasSign) return null;
  if (sign.start === tokens[number.last]?.end) return sign.sign;
  const nextHasCentsAlone = number.fraction === "" && next.value !== null && next.value.fraction !== "";
  const isBeforeNext =
    sign.end === next.start || (nextHasCentsAlone && tokens[number.last + 3]?.kind !== "sign");
  return isBeforeNext ? null : sign.sign;
}

/** "35€99", and "35€ 99" where nothing follows: the sign in the place of the decimal separator. */
function splitBySign(
  tokens: readonly Token[],
  index: number,
  { end, value }: NumberToken,
  decimalSeparator: string | null,
): Pick<FoundAmount, "whole" | "fraction" | "couldBeThousandths" | "last" | "signs"> | null {
  const sign = tokens[index + 1];
  const cents = tokens[index + 2];
  if (sign?.kind !== "sign" || cents?.kind !== "number" || sign.start !== end) return null;
  if (value === null || value.fraction !== "" || cents.value === null || cents.value.fraction !== "")
    return null;
  const fraction = cents.value.whole;
  const touches = cents.start === sign.end;
  const isKnownSeparator = decimalSeparator !== null && decimalSeparator.toLowerCase() === sign.text;
  const isSplit =
    fraction.length === 2 ? touches || index + 3 === tokens.length : touches && isKnownSeparator;
  if (!isSplit || cents.end - cents.start !== fraction.length) return null;
  return { whole: value.whole, fraction, couldBeThousandths: false, last: index + 2, signs: [sign.sign] };
}
