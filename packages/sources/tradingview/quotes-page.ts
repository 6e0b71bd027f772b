import type { PageInput, PageQuote, PageReading } from "@pricefleet/contracts";
import { type Html, parseHtml, quotesRead, readQuote, readQuotePage, unreadable } from "../reading/index.ts";
import { sourceName, symbolIn } from "./urls.ts";

/** A symbol's page has its value first, and lists of other symbols below; an overview has a row a symbol. */
export function readQuotesPage(page: PageInput): PageReading {
  const url = URL.parse(page.url);
  const symbol = url && symbolIn(url);
  return symbol === null ? readOverview(page) : readQuotePage(sourceName, page, symbol);
}

function readOverview(page: PageInput): PageReading {
  const html = parseHtml(page.html);
  if (!html) return unreadable(sourceName, "quote", "changed", "the page is nested too deep to be real");
  return quotesRead(sourceName, readRows(html));
}

/** A symbol may stand in several lists of an overview, of which only those that were looked at are filled in. */
function readRows(html: Html): PageQuote[] {
  const bySymbol = new Map<string, PageQuote>();
  for (const value of html(".js-symbol-last").toArray()) {
    const symbol = html(value).closest("[data-symbol]").attr("data-symbol");
    if (symbol === undefined || (bySymbol.get(symbol)?.amount ?? null) !== null) continue;
    bySymbol.set(symbol, readQuote(html, symbol, html(value)));
  }
  return [...bySymbol.values()];
}
