import { PermanentError, type Source } from "@pricefleet/contracts";
import { readQuotePage } from "../reading/index.ts";

const sourceName = "quote-page";

/** Any page with the value of one symbol. It is chosen by an instrument that names the page, never by an address alone. */
export function createQuotePageSource(): Source {
  return {
    name: sourceName,
    hasListings: false,
    politeness: { minDelayMs: 1_000, maxInFlight: 4 },
    matches: () => false,
    kindOf: () => "quote",
    searchUrl() {
      throw new PermanentError("bad-search", "a quote page has no listings that one could search for");
    },
    read: (page) => readQuotePage(sourceName, page, page.url),
  };
}
