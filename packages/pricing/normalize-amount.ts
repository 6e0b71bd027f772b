import { decimalOf, MAX_WHOLE_DIGITS, shiftDecimal } from "./decimals.ts";
import { isDigit } from "./digits.ts";
import { scanTokens, type Token } from "./scan-tokens.ts";

/** Beyond it an exponent is no amount of money; it also keeps "1e999999999" from filling the memory with zeros. */
const MAX_EXPONENT = 40;

/**
 * The canonical decimal string of an amount made for machines (JSON-LD, meta tags, embedded state), where a single
 * point is the decimal separator whatever the page's language: 19.9 is "19.9", "1.234" is "1.234", "1,234.50" is
 * "1234.50", "19,90" is "19.90", "1,234" is "1234". The printed decimals stay; leading zeros and a trailing point go.
 * A currency beside it is passed over. null for what is not one finite number.
 */
export function normalizeAmount(amount: string | number): string | null {
  const { mantissa, exponent } = splitExponent(
    typeof amount === "number" ? withoutNoise(amount) : amount.trim(),
  );
  if (Math.abs(exponent) > MAX_EXPONENT) return null;
  const tokens = scanTokens(mantissa, ".");
  const index = tokens.findIndex(({ kind }) => kind === "number");
  const number = tokens[index];
  if (number?.kind !== "number" || number.value === null) return null;
  if (tokens.some(({ kind }, at) => kind === "number" && at > index)) return null;
  if (isInName(tokens, index)) return null;
  const { whole, fraction } = shiftDecimal(number.value.whole, number.value.fraction, exponent);
  if (whole.length > MAX_WHOLE_DIGITS) return null;
  return decimalOf(hasMinus(tokens, index), whole, fraction);
}

/** Eight decimals, as many as an amount of the contracts has: 19.900000000000002 is binary for 19.9. */
function withoutNoise(amount: number): string {
  return String(Number(amount.toFixed(8)));
}

/** "1e-7", as JavaScript and JSON write small and great numbers. */
function splitExponent(text: string): { mantissa: string; exponent: number } {
  const at = text.toLowerCase().lastIndexOf("e");
  const exponent = Number(text.slice(at + 1));
  const isExponent =
    at > 0 && isDigit(text.charCodeAt(at - 1)) && at + 1 < text.length && Number.isInteger(exponent);
  return isExponent ? { mantissa: text.slice(0, at), exponent } : { mantissa: text, exponent: 0 };
}

/** "x5", "5a": an identifier, not an amount. */
function isInName(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  const after = tokens[index + 1];
  const number = tokens[index];
  return (
    (before?.kind === "word" && before.end === number?.start) ||
    (after?.kind === "word" && after.start === number?.end)
  );
}

/** A minus before the number or before the sign before it. */
function hasMinus(tokens: readonly Token[], index: number): boolean {
  return tokens
    .slice(Math.max(0, index - 2), index)
    .some((token) => token.kind === "mark" && token.text === "-");
}
