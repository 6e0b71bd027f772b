import type { PageReading, SearchRequest, Source } from "@pricefleet/contracts";
import { emptyItem, unreadable } from "../reading/index.ts";
import { readProductPage, sourceName } from "./listing-page.ts";
import { externalIdOf, productAddress } from "./urls.ts";

/** The page of a product anywhere on the web. It takes every address that no site of its own claims, so it comes last. */
export function createProductPageSource(): Source {
  return {
    name: sourceName,
    politeness: { minDelayMs: 5_000, maxInFlight: 1 },
    matches: (url) => /^https?:$/.test(url.protocol),
    kindOf: () => "listing",
    searchUrl: (search) => productAddress(search).href,
    readSearch,
    read(page, kind) {
      if (kind === "listing") return readProductPage(page);
      return unreadable(sourceName, kind, "changed", `a product's page is no ${kind} page`);
    },
  };
}

/** A search is the address of one product, which is all that it finds. Its name is known once its page has been read. */
function readSearch(search: SearchRequest): PageReading {
  const url = productAddress(search);
  return {
    page: "search",
    state: "ok",
    source: sourceName,
    reason: null,
    items: [emptyItem({ external_id: externalIdOf(url), url: url.href, title: url.href })],
    has_next_page: false,
    total_results: 1,
    details: null,
  };
}
