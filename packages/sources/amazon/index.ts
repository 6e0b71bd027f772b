import type { Source } from "@pricefleet/contracts";
import { unreadable } from "../reading/index.ts";
import { readListingPage } from "./listing-page.ts";
import { readSearchPage } from "./search-page.ts";
import { amazonSearchUrl, kindOfAmazonPage, marketplaceAt } from "./urls.ts";

/** Amazon's shops. `mirrorUrl` is a test server or mirror that answers for them. */
export function createAmazonSource(mirrorUrl: string | null): Source {
  return {
    name: "amazon",
    politeness: { minDelayMs: 3_000, maxInFlight: 1 },
    matches: (url) => /^https?:$/.test(url.protocol) && marketplaceAt(url, mirrorUrl) !== null,
    kindOf: kindOfAmazonPage,
    searchUrl: (search, pageNumber) => amazonSearchUrl(search, pageNumber, mirrorUrl),
    read(page, kind) {
      const url = URL.parse(page.url);
      const marketplace = url === null ? null : marketplaceAt(url, mirrorUrl);
      if (marketplace === null)
        return unreadable("amazon", kind, "changed", `${page.url} is no page of Amazon`);
      if (kind === "search") return readSearchPage(page, marketplace);
      if (kind === "listing") return readListingPage(page, marketplace);
      return unreadable("amazon", kind, "changed", "Amazon has no quotes");
    },
  };
}
