import type { Item, PageInput, PageReading } from "@pricefleet/contracts";
import { emptyItem, parseHtml, type Selection, textOf, unreadable } from "../reading/index.ts";
import { readOffer, wholeNumberIn } from "./offer.ts";
import { canonicalUrl, sourceName } from "./urls.ts";

/**
 * A search page has a list of results and a pager. Without one of them it is not understood: a page that was
 * cut off before its pager must not pass for the last one.
 */
export function readSearchPage(page: PageInput): PageReading {
  const html = parseHtml(page.html);
  const results = html?.("ul.results").first();
  if (!html || !results?.length || html("nav.pager").length === 0) {
    return unreadable(sourceName, "search", "changed", "the page has no list of results with a pager");
  }

  const total = html(".no-results").length > 0 ? 0 : wholeNumberIn(textOf(html(".result-count")));
  const rows = results.children("li");
  if (rows.length === 0) {
    return { ...unreadable(sourceName, "search", "empty", "nothing was found"), total_results: total };
  }

  const items: Item[] = [];
  let match: Item["match"] = "exact";
  for (const element of rows.toArray()) {
    const row = html(element);
    if (row.hasClass("fewer-words")) match = "related";
    const item = readCard(row, page.url);
    if (item) items.push({ ...item, match });
  }
  if (items.length === 0) {
    return unreadable(sourceName, "search", "changed", "no row of the results is a listing");
  }
  return {
    page: "search",
    state: "ok",
    source: sourceName,
    reason: null,
    items,
    has_next_page: html('nav.pager a[rel="next"]').length > 0,
    total_results: total,
    details: null,
  };
}

/** Null for rows that are no listings: the shop's own advertisement, the line before the related results. */
function readCard(row: Selection, pageUrl: string): Item | null {
  const id = row.attr("data-listing-id");
  const title = row.find("a.card-title");
  const url = canonicalUrl(title.attr("href") ?? "", pageUrl);
  if (id === undefined || title.length === 0 || url === null) return null;
  return {
    ...emptyItem({ external_id: id, url, title: textOf(title) }),
    ...readOffer(row),
    image_url: canonicalUrl(row.find("img.picture").attr("src") ?? "", pageUrl),
  };
}
