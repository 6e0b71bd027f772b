import type { Availability, Item, ListingDetails, PageInput, PageReading } from "@pricefleet/contracts";
import { settleVotes } from "@pricefleet/pricing";
import {
  countedBroken,
  emptyItem,
  keptVotes,
  markupVote,
  parseHtml,
  readStructuredOffer,
  unreadable,
  voteOf,
} from "../reading/index.ts";
import { readListing2020 } from "./listing-2020.ts";
import { readListing2025 } from "./listing-2025.ts";
import type { ListingText } from "./listing-text.ts";
import { readPrice, shippingCost } from "./money.ts";
import { itemIdOf, itemUrl } from "./urls.ts";
import { words } from "./words.ts";

type Offers = ReturnType<typeof readStructuredOffer>;

/** Reads an item's own page, in the layout of 2020 or the one since 2022. */
export function readListingPage(page: PageInput): PageReading {
  const html = parseHtml(page.html);
  if (html === null) return unreadable("ebay", "listing", "changed", "deeper or larger than any eBay page");

  const isLayout2020 = html("#itemTitle").length > 0;
  const text = isLayout2020 ? readListing2020(html, page.html) : readListing2025(html, page.html);
  const offers = readStructuredOffer(html);
  const item = readItem(text, offers, page.url);
  if (item?.amount == null) return withoutPrice(text, html("h1, .error-header").text());
  return {
    page: "listing",
    state: "ok",
    source: "ebay",
    reason: null,
    items: [item],
    has_next_page: false,
    total_results: null,
    details: readDetails(text, page.html),
    ...countedBroken(offers.brokenJsonLd),
  };
}

function withoutPrice(text: ListingText, heading: string): PageReading {
  if (text.ending !== null) {
    const words = "the listing has ended and shows no price any more";
    return { ...unreadable("ebay", "listing", "gone", words), ending: text.ending };
  }
  if (words.noLongerThere.test(heading)) {
    return unreadable("ebay", "listing", "gone", "eBay says that the listing is not there any more");
  }
  const missing = text.title === "" ? "title" : "price";
  return unreadable("ebay", "listing", "changed", `no ${missing} where eBay's pages have it`);
}

function readItem(text: ListingText, offers: Offers, pageUrl: string): Item | null {
  const itemId = itemIdOf(pageUrl, pageUrl);
  if (itemId === null || text.title === "") return null;

  // Microdata repeats the seller's own price; JSON-LD may be converted for the visitor and hints at nothing.
  const price = readPrice(text.priceLine, offers.microdata?.currency ?? null);
  const votes = [
    ...voteOf("adapter", price),
    ...markupVote("json-ld", offers.jsonLd),
    ...markupVote("microdata", offers.microdata),
    ...markupVote("opengraph", offers.openGraph),
  ];
  return {
    ...emptyItem({ external_id: itemId, url: itemUrl(itemId, pageUrl), title: text.title }),
    amount: price?.amount ?? null,
    amount_max: price?.amountMax ?? null,
    currency: price?.currency ?? null,
    buy_it_now: readPrice(text.buyItNowLine)?.amount ?? null,
    list_price: readPrice(text.listPrice)?.amount ?? null,
    shipping: text.shippingLine === null ? null : shippingCost(text.shippingLine, price?.currency ?? null),
    condition: text.condition,
    availability: availabilityOf(text, offers),
    ended: text.ending !== null,
    bids: text.bids,
    best_offer: text.bestOffer,
    seller: text.seller,
    image_url: text.images.map(largestImage)[0] ?? null,
    ...keptVotes(settleVotes(votes, "site"), price?.amount ?? null),
  };
}

/** A listing that runs can be bought unless it says otherwise. */
function availabilityOf(text: ListingText, offers: Offers): Availability {
  if (text.ending !== null) return text.ending;
  const stated = offers.jsonLd?.availability ?? offers.microdata?.availability ?? "";
  if (/PreOrder/i.test(stated)) return "pre-order";
  const isOut = /OutOfStock|SoldOut/i.test(stated) || words.outOfStock.test(text.quantityLine ?? "");
  return isOut ? "out-of-stock" : "in-stock";
}

function readDetails(text: ListingText, source: string): ListingDetails {
  return {
    description: text.description,
    images: [...new Set(text.images.map(largestImage))],
    specifics: text.specifics,
    location: text.location,
    ends_at: endTime(source),
    seller_feedback_count: countIn(text.feedbackCount),
    seller_feedback_percent: percentIn(text.feedbackPercent),
  };
}

/** eBay's image server gives each picture in many sizes, named in the address; 1600 is the largest. */
function largestImage(address: string): string {
  return address.replace("/thumbs/images/", "/images/").replace(/\/s-l\d+\./, "/s-l1600.");
}

/** The end in the page's embedded state: milliseconds in the older layout, ISO 8601 in the newer. */
function endTime(source: string): string | null {
  const stated = /"endTime":(?:\{[^{}]{0,200}?"value":)?"?(\d{13}|\d{4}-\d\d-\d\dT[\d:.]+Z)/.exec(
    source,
  )?.[1];
  if (stated === undefined) return null;
  const end = new Date(/^\d+$/.test(stated) ? Number(stated) : stated);
  return Number.isNaN(end.getTime()) ? null : end.toISOString();
}

/** "(8116)" is 8116; a rounded "(9.6K)" is not known exactly, so null. */
function countIn(text: string | null): number | null {
  const digits = /^\(?\s*([\d.,\s]+?)\s*\)?$/.exec(text ?? "")?.[1]?.replace(/\D/g, "");
  return digits === undefined || digits === "" ? null : Number(digits);
}

function percentIn(text: string | null): number | null {
  const digits = /(\d{1,3}(?:[.,]\d+)?)\s?%/.exec(text ?? "")?.[1];
  return digits === undefined ? null : Number(digits.replace(",", "."));
}
