import type { Item, PageInput, PageReading } from "@pricefleet/contracts";
import { type Html, parseHtml, type Selection, textOf, unreadable } from "../reading/index.ts";
import { adNumberOf } from "./ad-number.ts";
import { buildItem, isAskKnown } from "./build-item.ts";
import type { OlxCountry } from "./countries.ts";
import { type SearchState, searchStateOf, type StateAd } from "./embedded-state.ts";
import { readCard } from "./read-card.ts";
import { adUrl, externalIdOf } from "./urls.ts";
import { words } from "./words.ts";

/** OLX shows 52 ads a page; a page of many more cards is none of its own. */
const MOST_CARDS = 1_000;

interface FoundAd {
  item: Item;
  state: StateAd | null;
}

/** Reads a search page from its cards and from the state embedded in it: an ad that either has is found. */
export function readSearchPage(page: PageInput, country: OlxCountry): PageReading {
  const html = parseHtml(page.html);
  if (html === null) return unreadable("olx", "search", "changed", "deeper or larger than any OLX page");

  const state = searchStateOf(page.html);
  const total = totalResults(html) ?? state?.totalElements ?? null;
  const ads = readAds(html, state, page.url, country);
  if (ads.length === 0) {
    return total === 0 || saysNothingFound(html)
      ? { ...unreadable("olx", "search", "empty", "the search found nothing"), total_results: 0 }
      : unreadable("olx", "search", "changed", "no ad that can be read, and no word that there is none");
  }
  if (ads.every((ad) => !isAskKnown(ad.item, ad.state))) {
    return unreadable("olx", "search", "changed", `no price on any of ${ads.length} ads`);
  }
  return {
    page: "search",
    state: "ok",
    source: "olx",
    reason: null,
    // Under "we found 0 ads" OLX lists others.
    items: ads.map(({ item }) => (total === 0 ? { ...item, match: "related" } : item)),
    has_next_page: hasNextPage(html, state),
    total_results: total,
    details: null,
  };
}

/** The ads in the page's order, each once; what only the state knows comes last. */
function readAds(html: Html, state: SearchState | null, pageUrl: string, country: OlxCountry): FoundAd[] {
  const known = [...(state?.ads ?? []), ...(state?.expansionListing?.ads ?? [])].slice(0, MOST_CARDS);
  const byNumber = new Map(known.map((ad) => [String(ad.id), ad]));
  const bySisterUrl = new Map(
    known.flatMap((ad) => (ad.externalUrl == null ? [] : [[adUrl(ad.externalUrl, pageUrl), ad]])),
  );
  const ads = new Map<string, FoundAd>();
  let match: Item["match"] = "exact";

  const elements = html('[data-cy="l-card"], h1, h2, h3, h4, h5, h6, p').slice(0, MOST_CARDS * 10);
  for (const element of elements.toArray()) {
    const selection = html(element);
    if (!selection.is('[data-cy="l-card"]')) {
      if (isHeadingOfOthers(selection)) match = "related";
      continue;
    }
    const card = readCard(html, selection);
    const url = card === null ? null : adUrl(card.href, pageUrl);
    if (card === null || url === null) continue;
    const number = card.number ?? bySisterUrl.get(url)?.id.toString() ?? numberIn(url, pageUrl);
    const externalId = number === null ? sisterId(url) : externalIdOf(number, country);
    if (ads.has(externalId)) continue;
    const stateAd = byNumber.get(number ?? "") ?? null;
    const item = buildItem({ external_id: externalId, url }, card, stateAd);
    if (item.title === "") continue;
    ads.set(externalId, { item: { ...item, match: card.isExtended ? "related" : match }, state: stateAd });
  }

  for (const ad of known) {
    const externalId = externalIdOf(String(ad.id), country);
    const url = adUrl(ad.externalUrl ?? ad.url ?? "", pageUrl);
    if (url === null || ads.has(externalId)) continue;
    const isRelated = isExtension(ad) || state?.expansionListing?.ads.includes(ad) === true;
    const item = buildItem({ external_id: externalId, url }, null, ad);
    ads.set(externalId, { item: { ...item, match: isRelated ? "related" : "exact" }, state: ad });
  }
  return [...ads.values()];
}

/** The number in the address of an ad of OLX itself; sister sites count otherwise. */
function numberIn(url: string, pageUrl: string): string | null {
  return URL.parse(url)?.host === URL.parse(pageUrl)?.host
    ? adNumberOf(URL.parse(url)?.pathname ?? "")
    : null;
}

/** An ad of a sister site whose number on OLX the page does not tell. */
function sisterId(url: string): string {
  return url.replace(/^https?:\/\/(www\.)?/, "");
}

function isExtension({ searchReason }: StateAd): boolean {
  return /extended/.test(searchReason ?? "");
}

/** "We have also found ads that may have to do with it": what follows was not searched for. */
function isHeadingOfOthers(heading: Selection): boolean {
  return words.related.test(textOf(heading)) && heading.closest('[data-cy="l-card"]').length === 0;
}

/** "Znaleźliśmy ponad 1000 ogłoszeń": the number printed. */
function totalResults(html: Html): number | null {
  const number = /\d[\d\s.,]*/.exec(textOf(html('[data-testid="total-count"]').first()))?.[0];
  return number === undefined ? null : Number(number.replace(/\D/g, ""));
}

function saysNothingFound(html: Html): boolean {
  return html("h1, h2, h3, h4, h5, h6, p")
    .toArray()
    .slice(0, MOST_CARDS)
    .some((element) => words.nothingFound.test(textOf(html(element))));
}

function hasNextPage(html: Html, state: SearchState | null): boolean {
  if (html('[data-testid="pagination-wrapper"], [data-testid="pagination-list"]').length > 0) {
    return (html('[data-testid="pagination-forward"]').first().attr("href") ?? "") !== "";
  }
  const { pageNumber, totalPages } = state ?? {};
  return pageNumber != null && totalPages != null && pageNumber + 1 < totalPages;
}
