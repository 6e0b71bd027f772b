import type { PageReading, SearchRequest, Source } from "@pricefleet/contracts";
import { emptyItem, unreadable } from "../reading/index.ts";
import { readListingPage } from "./listing-page.ts";
import { isMercari, itemAddress, itemIdOf } from "./urls.ts";

/** Items of Mercari in Japan, each by its address. */
export function createMercariSource(mirrorUrl: string | null): Source {
  return {
    name: "mercari",
    politeness: { minDelayMs: 3_000, maxInFlight: 1 },
    matches: (url) => /^https?:$/.test(url.protocol) && isMercari(url, mirrorUrl),
    kindOf: (url) => (itemIdOf(url) === null ? null : "listing"),
    searchUrl: (search) => itemAddress(search, mirrorUrl).url,
    readSearch: (search) => readSearch(search, mirrorUrl),
    read(page, kind) {
      if (kind === "listing") return readListingPage(page);
      return unreadable("mercari", kind, "changed", `Mercari's ${kind} pages are not read`);
    },
  };
}

/** A search is the address of one item, which is all that it finds. */
function readSearch(search: SearchRequest, mirrorUrl: string | null): PageReading {
  const { id, url } = itemAddress(search, mirrorUrl);
  return {
    page: "search",
    state: "ok",
    source: "mercari",
    reason: null,
    items: [emptyItem({ external_id: id, url, title: url })],
    has_next_page: false,
    total_results: 1,
    details: null,
  };
}
