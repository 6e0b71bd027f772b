import type { Source } from "@pricefleet/contracts";
import { unreadable } from "../reading/index.ts";
import { readListingPage } from "./listing-page.ts";
import { readSearchPage } from "./search-page.ts";
import { ebaySearchUrl, isEbayHost, kindOfEbayPage } from "./urls.ts";

/** eBay on all its domains. `mirrorUrl` is a test server or mirror that answers for it; its host counts as eBay's. */
export function createEbaySource(mirrorUrl: string | null): Source {
  const mirrorHost = mirrorUrl === null ? null : new URL(mirrorUrl).host;
  return {
    name: "ebay",
    politeness: { minDelayMs: 1_000, maxInFlight: 16 },
    matches: (url) => /^https?:$/.test(url.protocol) && (isEbayHost(url.hostname) || url.host === mirrorHost),
    kindOf: kindOfEbayPage,
    searchUrl: (search, pageNumber) => ebaySearchUrl(search, pageNumber, mirrorUrl),
    read(page, kind) {
      if (kind === "search") return readSearchPage(page);
      if (kind === "listing") return readListingPage(page);
      return unreadable("ebay", kind, "changed", "eBay has no quotes");
    },
  };
}
