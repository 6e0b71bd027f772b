import type { Source } from "@pricefleet/contracts";
import { unreadable } from "../reading/index.ts";
import { readSearchPage } from "./search-page.ts";
import { isYahooAuctions, kindOfYahooPage, yahooSearchUrl } from "./urls.ts";

/**
 * Searches of Yahoo! Auctions in Japan. All that is known of an auction is what its card says, which is the bid, the price
 * to buy at once, the bids and the shipping: its own page is not fetched.
 */
export function createYahooAuctionsSource(mirrorUrl: string | null): Source {
  return {
    name: "yahoo-auctions",
    politeness: { minDelayMs: 2_000, maxInFlight: 1 },
    matches: (url) => /^https?:$/.test(url.protocol) && isYahooAuctions(url, mirrorUrl),
    kindOf: kindOfYahooPage,
    readsListingAt: () => false,
    searchUrl: (search, pageNumber) => yahooSearchUrl(search, pageNumber, mirrorUrl),
    read(page, kind) {
      if (kind === "search") return readSearchPage(page);
      return unreadable("yahoo-auctions", kind, "changed", `Yahoo! Auctions' ${kind} pages are not read`);
    },
  };
}
