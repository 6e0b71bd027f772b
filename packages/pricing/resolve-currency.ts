import type { Sign } from "./currencies.ts";
import { currencyOfDomain, currencyOfLocale } from "./regions.ts";
import { scanTokens } from "./scan-tokens.ts";

/** What else is known about where a text was printed. All of it only helps; the text's own sign comes first. */
export interface CurrencyHints {
  /** A code or a sign, also inside other text ("Price from £"). */
  currencyHint?: string | null | undefined;
  /** How people write there, such as "de-CH". */
  locale?: string | null | undefined;
  /** The host the text came from, such as "www.ebay.de". */
  domain?: string | null | undefined;
}

/**
 * The ISO 4217 code of the first sign or code of money printed in a text; null if there is none, or if it is
 * ambiguous ("$", "kr", "¥") and no hint decides. Hints are asked in the order currencyHint, locale, domain.
 */
export function currencyOf(text: string, hints: CurrencyHints = {}): string | null {
  const tokens = scanTokens(text, null);
  for (const token of tokens) {
    if (token.kind !== "sign") continue;
    if (token.sign.isWeak && tokens.length > 1) continue;
    const currency = resolveSign(token.sign, hints);
    if (currency !== null) return currency;
  }
  return null;
}

/** Which currency a sign stands for, by the hints where it has several meanings. */
export function resolveSign(sign: Sign, hints: CurrencyHints): string | null {
  const { currencies } = sign;
  if (currencies.length === 1) return currencies[0] ?? null;
  if (currencies.length === 0) return null;
  return pointedTo(currencies, hints) ?? (sign.hasUsual ? (currencies[0] ?? null) : null);
}

/** Does a hint name one of the currencies this sign can stand for? */
export function hintsAgree(sign: Sign, hints: CurrencyHints): boolean {
  return pointedTo(sign.currencies, hints) !== null;
}

/** The currency of a price that prints none: only what currencyHint says, for a currency does not follow from the place. */
export function hintedCurrency(hints: CurrencyHints): string | null {
  const { currencyHint, locale, domain } = hints;
  return currencyHint ? currencyOf(currencyHint, { locale, domain }) : null;
}

function pointedTo(currencies: readonly string[], hints: CurrencyHints): string | null {
  const hinted = hintedCurrency(hints);
  if (hinted !== null && currencies.includes(hinted)) return hinted;
  const local = hints.locale ? currencyOfLocale(hints.locale) : null;
  if (local !== null && currencies.includes(local)) return local;
  const ofDomain = hints.domain ? currencyOfDomain(hints.domain) : null;
  return ofDomain !== null && currencies.includes(ofDomain) ? ofDomain : null;
}
