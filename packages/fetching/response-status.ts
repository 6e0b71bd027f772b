import { RateLimitedError, TemporaryError } from "@pricefleet/contracts";

/** The error of a site that asks for patience: 429, or 503 with Retry-After; null for every other answer. */
export function rateLimitOf(
  status: number,
  headers: Record<string, string>,
  url: string,
): RateLimitedError | null {
  const retryAfter = headers["retry-after"];
  if (status !== 429 && !(status === 503 && retryAfter !== undefined)) return null;
  const retryAfterMs = retryAfter === undefined ? null : parseRetryAfter(retryAfter, Date.now());
  const wait = retryAfterMs === null ? "" : `, asking for ${Math.ceil(retryAfterMs / 1000)} s`;
  return new RateLimitedError("rate-limited", `${url} answered ${status}${wait}`, retryAfterMs);
}

/** @throws TemporaryError for any 5xx: `overloaded` for 503, `server-error` for the others. */
export function refuseServerError(status: number, url: string): void {
  if (status >= 500)
    throw new TemporaryError(status === 503 ? "overloaded" : "server-error", `${url} answered ${status}`);
}

/** RFC 9110, 10.2.3: seconds, or an HTTP date. Null if it is neither; a moment that has passed is 0. */
export function parseRetryAfter(text: string, nowMs: number): number | null {
  const value = text.trim();
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  // Date.parse is lenient ("5" is a month of 2001), and every HTTP date names its day first.
  if (!/^[A-Za-z]{3,9},? /.test(value)) return null;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
