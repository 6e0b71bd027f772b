import type { Source } from "@pricefleet/contracts";
import { unreadable } from "../reading/index.ts";
import { readListingPage } from "./listing-page.ts";
import { readSearchPage } from "./search-page.ts";
import { countryAt, kindOfOlxPage, olxSearchUrl, type OlxSite } from "./urls.ts";

export { olxCountries, type OlxCountry } from "./countries.ts";

/** OLX in Bulgaria, Kazakhstan, Poland, Portugal, Romania, Ukraine and Uzbekistan. */
export function createOlxSource(site: OlxSite): Source {
  return {
    name: "olx",
    politeness: { minDelayMs: 1_500, maxInFlight: 2 },
    matches: (url) => /^https?:$/.test(url.protocol) && countryAt(url, site) !== null,
    kindOf: kindOfOlxPage,
    readsListingAt: (url) => countryAt(url, site) !== null,
    searchUrl: (search, pageNumber) => olxSearchUrl(search, pageNumber, site),
    read(page, kind) {
      const url = URL.parse(page.url);
      const country = url === null ? null : countryAt(url, site);
      if (country === null) return unreadable("olx", kind, "changed", `${page.url} is no page of OLX`);
      if (kind === "search") return readSearchPage(page, country);
      if (kind === "listing") return readListingPage(page, country);
      return unreadable("olx", kind, "changed", "OLX has no quotes");
    },
  };
}
