import type { Item, PageInput, PageReading } from "@pricefleet/contracts";
import { normalizeAmount, parsePrice, type Price, settleVotes } from "@pricefleet/pricing";
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

/** Yahoo shows at most 100 results a page; a page of many more cards is none of its own. */
const MOST_CARDS = 1_000;

/** What Yahoo prints beside numbers. The site has no other language. */
const words = {
  currentPrice: "現在",
  buyNow: "即決",
  freeShipping: "送料無料",
  timeIsOver: "終了",
  nothingFound: /一致する(商品|オークション)は(ありません|見つかりません)|見つかりませんでした/,
} as const;

export function readSearchPage(page: PageInput): PageReading {
  const html = parseHtml(page.html);
  if (html === null)
    return unreadable("yahoo-auctions", "search", "changed", "deeper or larger than any real page");

  const items = readCards(html, page.url);
  const total = totalResults(html);
  if (items.length === 0) {
    return total === 0 || words.nothingFound.test(textOf(html("body")).slice(0, 20_000))
      ? { ...unreadable("yahoo-auctions", "search", "empty", "the search found nothing"), total_results: 0 }
      : unreadable(
          "yahoo-auctions",
          "search",
          "changed",
          "no result that can be read, and no word that there is none",
        );
  }
  if (items.every((item) => item.amount === null)) {
    return unreadable("yahoo-auctions", "search", "changed", `no price on any of ${items.length} results`);
  }
  return {
    page: "search",
    state: "ok",
    source: "yahoo-auctions",
    reason: null,
    items,
    has_next_page: (html(".Pager__list--next a").first().attr("href") ?? "") !== "",
    total_results: total,
    details: null,
  };
}

/** The results in the page's order, each once: promoted ones ("注目のオークション") stand among them and come again. */
function readCards(html: Html, pageUrl: string): Item[] {
  const items = new Map<string, Item>();
  for (const element of html("li.Product").slice(0, MOST_CARDS).toArray()) {
    const item = readCard(html, html(element), pageUrl);
    if (item !== null && !items.has(item.external_id)) items.set(item.external_id, item);
  }
  return [...items.values()];
}

function readCard(html: Html, card: Selection, pageUrl: string): Item | null {
  const link = card.find("a.Product__titleLink").first();
  const title = textOf(link) || (link.attr("data-auction-title") ?? "").trim();
  const id = link.attr("data-auction-id") ?? "";
  const url = URL.parse(link.attr("href") ?? "", pageUrl);
  if (!/^[a-z]?\d{6,12}$/.test(id) || title === "" || url === null) return null;

  const prices = new Map(
    card
      .find(".Product__price")
      .toArray()
      .map((element) => [textOf(html(element).find(".Product__label")), priceIn(html(element))]),
  );
  const current = prices.get(words.currentPrice) ?? null;
  const buyNow = prices.get(words.buyNow) ?? null;
  // What is sold at a fixed price has no current one.
  const price = current ?? buyNow;
  const stated = normalizeAmount(link.attr("data-auction-price") ?? "");
  const votes = [
    ...voteOf("adapter", price),
    ...voteOf("embedded-state", { amount: stated, currency: price?.currency ?? null }),
  ];
  const isOver = textOf(card.find(".Product__time")) === words.timeIsOver;
  return {
    ...emptyItem({ external_id: id, url: url.origin + url.pathname, title }),
    amount: price?.amount ?? null,
    currency: price?.currency ?? null,
    buy_it_now: current === null ? null : (buyNow?.amount ?? null),
    shipping: shippingOf(card),
    condition: textOf(card.find(".Product__icons .Product__icon").first()) || null,
    availability: isOver ? "ended" : "in-stock",
    ended: isOver,
    bids: current === null ? null : numberIn(textOf(card.find(".Product__bid"))),
    // Not the name but the number of the seller, the same in all of the seller's auctions.
    seller: card.find("[data-auction-auc-seller-id]").first().attr("data-auction-auc-seller-id") || null,
    image_url: imageOf(card),
    ...keptVotes(settleVotes(votes, "site"), price?.amount ?? null),
  };
}

function priceIn(element: Selection): Price | null {
  return parsePrice(textOf(element.find(".Product__priceValue").first()), { currencyHint: "JPY" });
}

/** "＋送料580円"; null for "送料未定", a cost that is not settled yet. */
function shippingOf(card: Selection): string | null {
  if (textOf(card.find(".Product__postage, .Product__icon--freeShipping")).includes(words.freeShipping))
    return "0";
  return parsePrice(textOf(card.find(".Product__postage").first()), { currencyHint: "JPY" })?.amount ?? null;
}

/** Yahoo's server scales a picture by what follows its address. */
function imageOf(card: Selection): string | null {
  const address = card.find("img.Product__imageData").first().attr("src") ?? "";
  return address === "" ? null : (address.split("?")[0] ?? null);
}

/** "330件" on the tab that is chosen: all, auctions, or at a fixed price. */
function totalResults(html: Html): number | null {
  return numberIn(textOf(html(".Tab__item--current .Tab__subText").first()));
}

function numberIn(text: string): number | null {
  const digits = /\d[\d,]{0,15}/.exec(text)?.[0].replace(/\D/g, "");
  return digits === undefined ? null : Number(digits);
}
