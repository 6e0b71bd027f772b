import { messageOf, type PageInput, type PageQuote, type PageReading } from "@pricefleet/contracts";
import { currencyOf, parsePrice } from "@pricefleet/pricing";
import { unreadable } from "./page-reading.ts";
import { type Html, parseHtml, type Selection, textOf } from "./parse-html.ts";

/** Where a quote page has the last value of its symbol, the surest first. TradingView's, which others have taken over. */
export const valueSelectors: readonly string[] = ["span[data-qa-id='symbol-last-value']", ".js-symbol-last"];
const currencySelector = "[data-qa-id='symbol-currency'], .js-symbol-currency";

/** As readQuotePage will take it. @returns null when nothing is. */
export function whatIsWrongWithSelector(selector: string): string | null {
  try {
    parseHtml("<p>")?.root().find(selector);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** A page about one symbol: its value is the first element that one of the selectors finds. Never throws, whatever they are. */
export function readQuotePage(
  source: string,
  page: PageInput,
  symbol: string,
  selectors: readonly string[] = valueSelectors,
): PageReading {
  const html = parseHtml(page.html);
  if (!html) return unreadable(source, "quote", "changed", "the page is nested too deep to be real");
  for (const selector of selectors) {
    let value: Selection;
    try {
      value = html.root().find(selector).first();
    } catch (error) {
      return unreadable(source, "quote", "changed", `"${selector}" is no CSS selector: ${messageOf(error)}`);
    }
    if (value.length === 0) continue;
    const quote = readQuote(html, symbol, value);
    const currency = quote.currency ?? currencyOf(textOf(html(currencySelector).first()));
    return quotesRead(source, [{ ...quote, currency }]);
  }
  return quotesRead(source, []);
}

/**
 * One value as printed. What the text leaves open ("1.234") is decided by the language that the page says it is in; a
 * page that does not say it is taken to write a point before decimals.
 */
export function readQuote(html: Html, symbol: string, value: Selection): PageQuote {
  const text = textOf(value);
  const locale = html("html").attr("lang")?.trim();
  const price = parsePrice(text, locale ? { locale } : { decimalSeparator: "." });
  return { symbol, text, amount: price?.amount ?? null, currency: price?.currency ?? null };
}

/** Without a single number the page is `changed`: a browser then waits for the scripts that fill it in. */
export function quotesRead(source: string, quotes: PageQuote[]): PageReading {
  const [first] = quotes;
  const reason =
    first === undefined
      ? "the page has no value where one was looked for"
      : `the value of ${first.symbol} is no number: "${first.text.slice(0, 100)}"`;
  const changed = unreadable(source, "quote", "changed", reason);
  const hasNumber = quotes.some(({ amount }) => amount !== null);
  return { ...changed, ...(hasNumber && { state: "ok", reason: null }), quotes };
}
