import type { PageInput, PageQuote, PageReading, Source } from "@pricefleet/contracts";
import { readQuotePage } from "./reading/index.ts";

/** Which value of a page is wanted. */
export interface WantedQuote {
  /** EXCHANGE:SYMBOL */
  symbol: string;
  /** CSS; null: where the page's source knows it to be. */
  selector: string | null;
}

/** A reading whose quotes are the wanted one alone; `changed` where that is no number, whatever others are. */
export function readWantedQuote(
  page: PageInput,
  { symbol, selector }: WantedQuote,
  source: Source,
  read: (page: PageInput, source: Source) => PageReading,
): PageReading {
  if (selector !== null) return readQuotePage(source.name, page, symbol, [selector]);
  const reading = read(page, source);
  const quote = theOneOf(reading.quotes ?? [], symbol);
  const quotes = quote === null ? [] : [quote];
  if (reading.state !== "ok" || (quote !== null && quote.amount !== null)) return { ...reading, quotes };
  const reason = quote === null ? `the page has no ${symbol}` : `the value of ${symbol} is no number`;
  return { ...reading, state: "changed", reason, quotes };
}

/** A page with one value was configured for this symbol, by whatever name it calls it. */
function theOneOf(quotes: readonly PageQuote[], symbol: string): PageQuote | null {
  return (quotes.length === 1 ? quotes[0] : quotes.find((quote) => quote.symbol === symbol)) ?? null;
}
