import { shiftDecimal } from "./decimals.ts";
import type { NumberToken, Token } from "./scan-tokens.ts";

const words: readonly (readonly [zeros: number, words: string])[] = [
  [3, "k к thousand tausend tsd mil mille tys tyś тыс тис 千 천"],
  [4, "万 萬 만"],
  [5, "lakh lakhs lac"],
  [
    6,
    "m million millions millionen mio millón millones milhão milhões milioni milyon juta triệu mln млн мільйонів миллион миллиона миллионов",
  ],
  [7, "crore crores cr"],
  [8, "億 亿 억"],
  [9, "b bn billion mrd млрд miliardi"],
];
const zerosOf = new Map(
  words.flatMap(([zeros, list]) => list.split(" ").map((word) => [word, zeros] as const)),
);

/** Single letters count only where they touch the number: "$1.2M", but "5 m" is metres. */
const isLetterFor = new Set(["k", "к", "m", "b"]);

export interface WholeNumber {
  whole: string;
  fraction: string;
  couldBeThousandths: boolean;
  /** Index of the last token that belongs to the number. */
  last: number;
}

/** The number at `index` with the words that multiply it: "$1.2M", "1,5 млн", and as in Japan "1億2000万" and "1万2千". */
export function readMagnitude(
  tokens: readonly Token[],
  index: number,
  number: NumberToken,
  below = Infinity,
): WholeNumber | null {
  const { value, couldBeThousandths } = number;
  if (value === null) return null;
  const zeros = zerosAt(tokens, index + 1, number.end);
  if (zeros === 0 || zeros >= below) return { ...value, couldBeThousandths, last: index };
  // "1,234 Mio": nobody groups the thousands of millions.
  const { whole, fraction } = couldBeThousandths
    ? shiftDecimal(value.whole, "", zeros - 3)
    : shiftDecimal(value.whole, value.fraction, zeros);
  const rest = restAfter(tokens, index + 1, zeros);
  if (rest === null || fraction !== "")
    return { whole, fraction, couldBeThousandths: false, last: index + 1 };
  return { ...rest, whole: whole.slice(0, -zeros) + rest.whole.padStart(zeros, "0") };
}

function zerosAt(tokens: readonly Token[], index: number, numberEnd: number): number {
  const token = tokens[index];
  if (token?.kind !== "word" && token?.kind !== "mark") return 0;
  const zeros = zerosOf.get(token.text) ?? 0;
  return zeros > 0 && isLetterFor.has(token.text) && token.start !== numberEnd ? 0 : zeros;
}

/** The "2000" of "1万2000": touches what is before it and fits into its zeros. */
function restAfter(tokens: readonly Token[], index: number, zeros: number): WholeNumber | null {
  const next = tokens[index + 1];
  if (next?.kind !== "number" || next.start !== tokens[index]?.end) return null;
  const rest = readMagnitude(tokens, index + 1, next, zeros);
  return rest !== null && rest.fraction === "" && rest.whole.length <= zeros ? rest : null;
}
