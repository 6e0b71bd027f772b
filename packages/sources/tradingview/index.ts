import { PermanentError, type Source } from "@pricefleet/contracts";
import { unreadable } from "../reading/index.ts";
import { readQuotesPage } from "./quotes-page.ts";
import { defaultBaseUrl, kindOf, sourceName } from "./urls.ts";

/** Quotes of symbols; it sells nothing. Its socket is read by packages/feeds. */
export function createTradingviewSource(baseUrl: string | null): Source {
  const base = new URL(baseUrl ?? defaultBaseUrl);
  const isOwn = (url: URL) => url.hostname === "tradingview.com" || url.hostname.endsWith(".tradingview.com");
  return {
    name: sourceName,
    hasListings: false,
    // Four instruments that are read every 5 seconds and eighteen every 30 want 1.4 requests a second.
    politeness: { minDelayMs: 500, maxInFlight: 4 },
    matches: (url) => isOwn(url) || url.host === base.host,
    kindOf,
    relocated: (url) => (baseUrl !== null && isOwn(url) ? new URL(url.pathname + url.search, base) : url),
    searchUrl() {
      throw new PermanentError("bad-search", "TradingView has quotes, no listings that one could search for");
    },
    read(page, kind) {
      if (kind === "quote") return readQuotesPage(page);
      return unreadable(sourceName, kind, "changed", `the site has no ${kind} pages that are read`);
    },
  };
}
