import { opensRange } from "./range-words.ts";
import { isCount } from "./price-roles.ts";
import type { NumberToken, Token } from "./scan-tokens.ts";

/**
 * Can the number in the tokens `first` to `last` be a price although no currency is printed with it? Not as part of
 * a name ("RTX4070"), as a count ("12 x"), a date or a time.
 */
export function canStandBare(tokens: readonly Token[], first: number, last: number): boolean {
  const number = tokens[first];
  const before = tokens[first - 1];
  const after = tokens[last + 1];
  if (number?.kind !== "number" || isCount(tokens, first)) return false;
  if (isNamePart(before) && before?.end === number.start) return false;
  if (isNamePart(after) && after?.start === tokens[last]?.end) return false;
  return !isChained(tokens, first - 2, first) && !isChained(tokens, first, first + 2);
}

function isNamePart(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === "mark") return token.text === "#";
  return token.kind === "sign" || (token.kind === "word" && !opensRange(token));
}

/** "12:30", "15/08", and by a dash where a leading zero shows that it is no range: "2017-08-15". */
function isChained(tokens: readonly Token[], left: number, right: number): boolean {
  const [a, mark, b] = [tokens[left], tokens[left + 1], tokens[right]];
  if (a?.kind !== "number" || mark?.kind !== "mark" || b?.kind !== "number") return false;
  if (a.end !== mark.start || mark.end !== b.start) return false;
  if (mark.text === ":" || mark.text === "/") return true;
  return opensRange(mark) && (hasLeadingZero(a) || hasLeadingZero(b));
}

function hasLeadingZero({ value }: NumberToken): boolean {
  return value !== null && value.whole.length > 1 && value.whole.startsWith("0");
}
