import { parsePrice } from "./parse-price.ts";

const plainAmount = /^-?\d{1,18}(\.\d{1,8})?$/;

/**
 * A machine-readable amount (JSON-LD, meta tags) as a decimal string: 19.9, "19.90", "1,234.50". The decimals stay as
 * they are written. Null for what is no amount.
 */
export function normalizeAmount(value: string | number): string | null {
  if (typeof value === "number")
    return Number.isFinite(value) && Math.abs(value) < 1e15 ? plain(value) : null;
  const text = value.trim();
  if (plainAmount.test(text)) return text.replace(/^(-?)0+(?=\d)/, "$1");
  return parsePrice(text)?.amount ?? null;
}

/** Without an exponent, and with no more decimals than any currency has. */
function plain(value: number): string {
  const text = String(value);
  return plainAmount.test(text) ? text : String(Number(value.toFixed(8)));
}

/** Below zero, zero or above, exactly: no float is involved. Both must be decimal strings. */
export function compareAmounts(a: string, b: string): number {
  const difference = scaled(a) - scaled(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function sameAmount(a: string, b: string): boolean {
  return compareAmounts(a, b) === 0;
}

const SCALE = 18;

function scaled(amount: string): bigint {
  const [whole = "0", fraction = ""] = amount.split(".");
  return BigInt(`${whole}${fraction.padEnd(SCALE, "0").slice(0, SCALE)}`);
}
