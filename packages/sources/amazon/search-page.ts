import type { Item, PageInput, PageReading } from "@pricefleet/contracts";
import { settleVotes } from "@pricefleet/pricing";
import {
  emptyItem,
  type Html,
  keptVotes,
  parseHtml,
  type Selection,
  textOf,
  unreadable,
  voteOf,
} from "../reading/index.ts";
import { paidPrice, readPrice, struckPrice } from "./money.ts";
import { externalIdOf, productUrl } from "./urls.ts";
import { words } from "./words.ts";

/** Amazon shows at most 60 results a page; a page of many more cards is none of its own. */
const MOST_CARDS = 1_000;

/** Results, advertised ones among them. What carousels show beside them has no component type of its own. */
const card = '[data-component-type="s-search-result"]';

/** @param marketplace whose shop it is: "de". */
export function readSearchPage(page: PageInput, marketplace: string): PageReading {
  const html = parseHtml(page.html);
  if (html === null)
    return unreadable("amazon", "search", "changed", "deeper or larger than any Amazon page");

  const items = readCards(html, page.url, marketplace);
  if (items.length === 0) {
    return saysNothingFound(html)
      ? { ...unreadable("amazon", "search", "empty", "the search found nothing"), total_results: 0 }
      : unreadable(
          "amazon",
          "search",
          "changed",
          "no result that can be read, and no word that there is none",
        );
  }
  if (items.every((item) => item.amount === null)) {
    return unreadable("amazon", "search", "changed", `no price on any of ${items.length} results`);
  }
  // Under "No results for" Amazon lists what fewer of the words find.
  const match = saysNothingFound(html) ? "related" : "exact";
  return {
    page: "search",
    state: "ok",
    source: "amazon",
    reason: null,
    items: items.map((item) => ({ ...item, match })),
    has_next_page: (html("a.s-pagination-next").first().attr("href") ?? "") !== "",
    total_results: totalResults(html),
    details: null,
  };
}

/** The products in the page's order, each once: what is advertised at the top mostly comes again as a result. */
function readCards(html: Html, pageUrl: string, marketplace: string): Item[] {
  const items = new Map<string, Item>();
  for (const element of html(card).slice(0, MOST_CARDS).toArray()) {
    const item = readCard(html, html(element), pageUrl, marketplace);
    if (item !== null && !items.has(item.external_id)) items.set(item.external_id, item);
  }
  return [...items.values()];
}

function readCard(html: Html, card: Selection, pageUrl: string, marketplace: string): Item | null {
  const asin = card.attr("data-asin") ?? "";
  // Clothes have their brand in a heading of its own, before the name.
  const headings = card.find("h2").toArray();
  const title = headings.map((heading) => textOf(html(heading))).join(" ");
  if (!/^[A-Z0-9]{10}$/.test(asin) || title === "") return null;

  const printed = card.find(paidPrice);
  const price = readPrice(printed.first(), marketplace);
  const isRange = card.find(".a-price-dash").length > 0;
  return {
    ...emptyItem({
      external_id: externalIdOf(asin, marketplace),
      url: productUrl(asin, pageUrl),
      title,
    }),
    amount: price?.amount ?? null,
    amount_max: isRange ? (readPrice(printed.eq(1), marketplace)?.amount ?? null) : null,
    currency: price?.currency ?? null,
    list_price:
      price === null ? null : (readPrice(card.find(struckPrice).first(), marketplace)?.amount ?? null),
    // A card without a price may be one of several sellers', or of sizes to choose from: not known.
    availability: price === null ? null : "in-stock",
    image_url: card.find("img.s-image").first().attr("src") ?? null,
    ...keptVotes(settleVotes(voteOf("adapter", price), "site"), price?.amount ?? null),
  };
}

/** "1-48 of over 3,000 results for": the largest number. Null if the page does not say. */
function totalResults(html: Html): number | null {
  const bar = html('[data-component-type="s-result-info-bar"]').find("h1, h2, .s-breadcrumb").first();
  const numbers = (
    textOf(bar)
      .slice(0, 300)
      .match(/\d[\d.,\u00a0\u202f]*/g) ?? []
  ).map((number) => Number(number.replace(/\D/g, "")));
  return numbers.length === 0 ? null : Math.max(...numbers);
}

/** Said above the list, not in one of its cards. */
function saysNothingFound(html: Html): boolean {
  return html(
    `.s-main-slot .s-result-item:not(${card}), [data-component-type="s-result-info-bar"], .s-no-results-result`,
  )
    .toArray()
    .slice(0, MOST_CARDS)
    .some((element) => words.nothingFound.test(textOf(html(element)).slice(0, 1_000)));
}
