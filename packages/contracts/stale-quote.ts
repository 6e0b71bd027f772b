import { parseTradingHours, type TradingHours } from "./trading-hours.ts";

/** A quote is stale when its market was open later than this after it, and no other came. */
const STALE_AFTER_MS = 60_000;

export function isStaleQuote(quote: { quotedAt: Date; tradingHours: string }, nowMs: number): boolean {
  const staleAtMs = quote.quotedAt.getTime() + STALE_AFTER_MS;
  return nowMs > staleAtMs && hoursOf(quote.tradingHours).wasOpenBetween(staleAtMs, nowMs);
}

const knownHours = new Map<string, TradingHours>();

function hoursOf(text: string): TradingHours {
  const known = knownHours.get(text);
  if (known !== undefined) return known;
  const hours = parseOrAlways(text);
  knownHours.set(text, hours);
  return hours;
}

/** Hours that cannot be read were written past the API: nobody may take an old price for a new one because of them. */
function parseOrAlways(text: string): TradingHours {
  try {
    return parseTradingHours(text);
  } catch {
    return parseTradingHours("always");
  }
}
