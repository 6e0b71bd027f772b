import type { Availability, Item, ListingDetails, PageInput, PageReading } from "@pricefleet/contracts";
import { parsePrice, settleVotes } from "@pricefleet/pricing";
import {
  countedBroken,
  emptyItem,
  type Html,
  keptVotes,
  markupVote,
  parseHtml,
  readStructuredOffer,
  textOf,
  unreadable,
  voteOf,
} from "../reading/index.ts";
import { itemIdOf, itemUrl } from "./urls.ts";

/** Items are sold in yen; a visitor from abroad is shown "BRL1,329.22". */
const currency = "JPY";

const words = {
  sold: /売り切れ|取引が終了|\bsold\b/i,
  missing:
    /ページが見つかりません|該当する商品は(削除|ありません)|この商品は(削除|存在しません)|item (was )?not found/i,
} as const;

/** The site's name and slogan behind a title: " - メルカリ", " by メルカリ". */
const titleEnd = /\s*(?:-|by|\|)\s*(?:メルカリ|Mercari)\s*$/i;

/**
 * Reads an item's page, as Mercari's server sends it (tags about the price, and no markup yet) or as a browser has filled
 * it in. That an item is sold is only in the latter.
 */
export function readListingPage(page: PageInput): PageReading {
  const html = parseHtml(page.html);
  if (html === null)
    return unreadable("mercari", "listing", "changed", "deeper or larger than any Mercari page");

  const itemId = itemIdOf(URL.parse(page.url));
  const title = titleOf(html);
  const offers = readStructuredOffer(html);
  const item = itemId === null || title === "" ? null : readItem(html, offers, { itemId, title }, page.url);
  if (item?.amount == null) {
    const body = textOf(html("main, [role='main'], h1, title")).slice(0, 5_000);
    if (words.missing.test(body))
      return unreadable("mercari", "listing", "gone", "Mercari says that there is no such item");
    return unreadable("mercari", "listing", "changed", "no title with a price where Mercari's pages have it");
  }
  return {
    page: "listing",
    state: "ok",
    source: "mercari",
    reason: null,
    items: [item],
    has_next_page: false,
    total_results: null,
    details: readDetails(html, item.image_url),
    ...countedBroken(offers.brokenJsonLd),
  };
}

type Offers = ReturnType<typeof readStructuredOffer>;

function readItem(
  html: Html,
  { jsonLd, openGraph }: Offers,
  { itemId, title }: { itemId: string; title: string },
  pageUrl: string,
): Item {
  const printed = parsePrice(textOf(html('[data-testid="price"]').first()), {
    currencyHint: currency,
    domain: ".jp",
  });
  // The tags are the site's own, and mostly all that there is: each method has its say, and none goes before.
  const votes = settleVotes(
    [
      ...voteOf("adapter", printed),
      ...markupVote("json-ld", jsonLd),
      ...markupVote("opengraph", openGraph),
    ].filter((vote) => vote.currency === currency),
    "any-page",
  );
  const amount = votes.winner?.amount ?? null;
  const availability = availabilityOf(html, jsonLd?.availability ?? openGraph?.availability ?? null);
  return {
    ...emptyItem({ external_id: itemId, url: itemUrl(itemId, pageUrl), title }),
    amount,
    currency: amount === null ? null : currency,
    // "送料込み": the seller pays; otherwise the cost is settled between the two.
    shipping: lineOf(html, '[data-testid="配送料の負担"]')?.includes("送料込み") ? "0" : null,
    condition: lineOf(html, '[data-testid="商品の状態"]'),
    availability,
    ended: availability === "sold",
    seller: lineOf(
      html,
      '[data-testid="seller-link"] [data-testid="name"], [data-location="item_details:seller_info"] p',
    ),
    image_url: html('meta[property="og:image"]').first().attr("content") ?? null,
    ...keptVotes(votes, amount),
  };
}

function titleOf(html: Html): string {
  const heading = textOf(html('[data-testid="name"] h1, #item-info h1').first());
  if (heading !== "") return heading;
  const stated = html('meta[property="og:title"]').first().attr("content") ?? textOf(html("title").first());
  return stated.replace(titleEnd, "").trim();
}

/** Null where neither the button nor the markup says it. */
function availabilityOf(html: Html, stated: string | null): Availability | null {
  const button = textOf(html('[data-testid="checkout-button"]').first());
  if (words.sold.test(button) || /SoldOut|OutOfStock/i.test(stated ?? "")) return "sold";
  return button !== "" || /InStock/i.test(stated ?? "") ? "in-stock" : null;
}

function readDetails(html: Html, image: string | null): ListingDetails {
  const photos = html('[data-testid^="image-"] img').toArray();
  const images = photos.flatMap((photo) => html(photo).attr("src") ?? []);
  return {
    description: lineOf(html, '[data-testid="description"]'),
    images: [...new Set(images.length > 0 || image === null ? images : [image])],
    specifics: {},
    location: lineOf(html, '[data-testid="発送元の地域"]'),
    ends_at: null,
    seller_feedback_count: null,
    seller_feedback_percent: null,
  };
}

function lineOf(html: Html, selector: string): string | null {
  return textOf(html(selector).first()) || null;
}
