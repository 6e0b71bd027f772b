import type { Source } from "@pricefleet/contracts";
import { readQuotePage } from "../reading/index.ts";
import { readListingPage } from "./listing-page.ts";
import { readSearchPage } from "./search-page.ts";
import { defaultBaseUrl, kindOf, searchUrl, sourceName } from "./urls.ts";

/** The sample marketplace of test/sample-marketplace, and the example to copy for a new site. */
export function createSampleSource(baseUrl: string | null): Source {
  const base = new URL(baseUrl ?? defaultBaseUrl);
  return {
    name: sourceName,
    politeness: { minDelayMs: 0, maxInFlight: 64 },
    matches: (url) => url.host === base.host,
    kindOf,
    searchUrl: (search, pageNumber) => searchUrl(base, search, pageNumber),
    read(page, kind) {
      if (kind === "search") return readSearchPage(page);
      if (kind === "listing") return readListingPage(page);
      return readQuotePage(sourceName, page, page.url.split(/[/?#]/)[4] ?? "");
    },
  };
}
