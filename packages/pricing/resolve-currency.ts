import type { Sign } from "./currencies.ts";
import { currencyOfDomain, currencyOfLocale } from "./regions.ts";
import { opensRange } from "./range-words.ts";
import { scanTokens, type Token } from "./scan-tokens.ts";

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
  const resolver = new CurrencyResolver(hints);
  const tokens = scanTokens(text, null);
  dropWeakSigns(tokens, resolver);
  for (const token of tokens) {
    if (token.kind !== "sign") continue;
    const currency = resolver.resolve(token.sign);
    if (currency !== null) return currency;
  }
  return null;
}

/**
 * Makes words of the weak signs ("R", "L", "TOP"), unless a hint says that they are money, or no other sign is printed
 * and either a number beside them has cents or the text has no words at all.
 */
export function dropWeakSigns(tokens: Token[], resolver: CurrencyResolver): void {
  if (!tokens.some((token) => token.kind === "sign" && token.sign.isWeak)) return;
  const hasOtherSign = tokens.some((token) => token.kind === "sign" && !token.sign.isWeak);
  const hasWords = tokens.some((token) => token.kind === "word" && !opensRange(token));
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    if (token?.kind !== "sign" || !token.sign.isWeak || resolver.agrees(token.sign)) continue;
    const isPrice = !hasWords || hasCents(tokens[index - 1]) || hasCents(tokens[index + 1]);
    if (isPrice && !hasOtherSign) continue;
    tokens[index] = { kind: "word", start: token.start, end: token.end, text: token.text };
  }
}

function hasCents(token: Token | undefined): boolean {
  return token?.kind === "number" && token.value?.fraction.length === 2;
}

/** The hints of one text. Each is looked at once, and only when a sign needs it. */
export class CurrencyResolver {
  private readonly hints: CurrencyHints;
  private pointedTo: readonly string[] | null = null;
  private hintedCurrency: string | null | undefined = undefined;

  constructor(hints: CurrencyHints) {
    this.hints = hints;
  }

  /** Which currency a sign stands for, by the hints where it has several meanings; null if they leave it open. */
  resolve(sign: Sign): string | null {
    const { currencies } = sign;
    if (currencies.length === 1) return currencies[0] ?? null;
    return this.hintedAmong(currencies) ?? (sign.hasUsual ? (currencies[0] ?? null) : null);
  }

  /** Does a hint name one of the currencies that this sign can stand for? */
  agrees(sign: Sign): boolean {
    return this.hintedAmong(sign.currencies) !== null;
  }

  /** The currency of a price that prints none: what currencyHint says, for it does not follow from the place. */
  hinted(): string | null {
    if (this.hintedCurrency === undefined) {
      const { currencyHint, locale, domain } = this.hints;
      this.hintedCurrency = currencyHint ? currencyOf(currencyHint, { locale, domain }) : null;
    }
    return this.hintedCurrency;
  }

  private hintedAmong(currencies: readonly string[]): string | null {
    this.pointedTo ??= this.readHints();
    for (const currency of this.pointedTo) if (currencies.includes(currency)) return currency;
    return null;
  }

  private readHints(): string[] {
    const { locale, domain } = this.hints;
    const inOrder = [
      this.hinted(),
      locale ? currencyOfLocale(locale) : null,
      domain ? currencyOfDomain(domain) : null,
    ];
    return inOrder.filter((currency) => currency !== null);
  }
}
