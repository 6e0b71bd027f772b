import type { Item, PageInput, PageReading } from "@pricefleet/contracts";
import { type Html, parseHtml, type Selection, textOf, unreadable } from "../reading/index.ts";
import { readCard } from "./read-card.ts";
import { readSCardCard } from "./s-card-card.ts";
import { readSItemCard } from "./s-item-card.ts";
import { words } from "./words.ts";

/** eBay shows at most 240 results a page; a page of many more cards is none of its own. */
const MOST_CARDS = 1_000;

/** Reads a search result page in either layout, in any of eBay's languages. */
export function readSearchPage(page: PageInput): PageReading {
  const html = parseHtml(page.html);
  if (html === null) return unreadable("ebay", "search", "changed", "deeper or larger than any eBay page");

  const items = readCards(html, page.url);
  const total = totalResults(html);
  const nothingFound = total === 0 || html(".srp-save-null-search").length > 0;
  if (items.length === 0) {
    return nothingFound
      ? { ...unreadable("ebay", "search", "empty", "the search found nothing"), total_results: 0 }
      : unreadable("ebay", "search", "changed", "no result that can be read, and no word that there is none");
  }
  if (items.every((item) => item.amount === null)) {
    return unreadable("ebay", "search", "changed", `no price on any of ${items.length} results`);
  }
  return {
    page: "search",
    state: "ok",
    source: "ebay",
    reason: null,
    items,
    has_next_page: hasNextPage(html),
    total_results: total,
    details: null,
  };
}

/** The items in the page's order, each once: eBay repeats results in carousels. */
function readCards(html: Html, pageUrl: string): Item[] {
  const items = new Map<string, Item>();
  const hasRiver = html("#srp-river-results").length > 0;
  let match: Item["match"] = "exact";

  const elements = html("li.s-item, li.s-card, .srp-river-answer, .section-notice").slice(0, MOST_CARDS);
  for (const element of elements.toArray()) {
    const selection = html(element);
    if (!selection.is("li.s-item, li.s-card")) {
      if (startsFewerWords(selection)) match = "related";
      continue;
    }
    const card = selection.is(".s-card") ? readSCardCard(html, selection) : readSItemCard(html, selection);
    const item = readCard(card, pageUrl);
    if (item === null || items.has(item.external_id)) continue;
    // What stands beside the list of results is advertised there, not found.
    const isBeside = hasRiver && selection.closest("#srp-river-results").length === 0;
    items.set(item.external_id, { ...item, match: isBeside ? "related" : match });
  }
  return [...items.values()];
}

/** The line "Results matching fewer words", after which results lack some of what was searched. */
function startsFewerWords(notice: Selection): boolean {
  return notice.is(".srp-river-answer--REWRITE_START") || words.fewerWords.test(textOf(notice));
}

/** "5,072 results for lego", "97.000+ Ergebnisse für apple": the first number. Null if the page does not say. */
function totalResults(html: Html): number | null {
  const heading = html(".srp-controls__count-heading, .srp-controls__count").first();
  const emphasised = textOf(heading.find(".BOLD").first());
  const number = /\d[\d.,\s]*/.exec(/\d/.test(emphasised) ? emphasised : textOf(heading))?.[0];
  return number === undefined ? null : Number(number.replace(/\D/g, ""));
}

function hasNextPage(html: Html): boolean {
  const next = html("a.pagination__next").first();
  const href = next.attr("href") ?? "";
  return href !== "" && !href.startsWith("#") && next.attr("aria-disabled") !== "true";
}
