import type { Availability, Item, ListingDetails, PageInput, PageReading } from "@pricefleet/contracts";
import { normalizeAmount, settleVotes } from "@pricefleet/pricing";
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
import { paidPrice, readPrice, readPriceText, struckPrice } from "./money.ts";
import { asinOf, externalIdOf, productUrl } from "./urls.ts";
import { words } from "./words.ts";

/** Where the price to pay stands, the layout of 2021 and later first; accessories and other sellers have theirs elsewhere. */
const priceBlocks = [
  "#corePriceDisplay_desktop_feature_div",
  "#corePrice_feature_div",
  "#apex_desktop",
  "#corePriceDisplay_mobile_feature_div",
  "#buybox",
];
const olderPrices =
  "#priceblock_dealprice, #priceblock_saleprice, #priceblock_ourprice, #price_inside_buybox";

/** Reads a product's own page. The layouts are known from public readers of it, not from captures. */
export function readListingPage(page: PageInput, marketplace: string): PageReading {
  const html = parseHtml(page.html);
  if (html === null)
    return unreadable("amazon", "listing", "changed", "deeper or larger than any Amazon page");

  const asin = asinOf(page.url);
  const title = textOf(html("#productTitle, #title").first());
  if (asin === null || title === "") {
    return words.pageMissing.test(textOf(html("title").first()))
      ? unreadable("amazon", "listing", "gone", "Amazon says that there is no such page")
      : unreadable("amazon", "listing", "changed", "no title where Amazon's pages have it");
  }
  const item = readItem(html, { asin, title, marketplace }, page.url);
  if (item.amount === null && item.availability !== "out-of-stock") {
    return unreadable("amazon", "listing", "changed", "no price where Amazon's pages have it");
  }
  return {
    page: "listing",
    state: "ok",
    source: "amazon",
    reason: null,
    items: [item],
    has_next_page: false,
    total_results: null,
    details: readDetails(html),
  };
}

interface Product {
  asin: string;
  title: string;
  marketplace: string;
}

function readItem(html: Html, { asin, title, marketplace }: Product, pageUrl: string): Item {
  const availability = availabilityOf(html);
  // Of what cannot be bought only prices of other things are printed.
  const votes = settleVotes(
    availability === "out-of-stock"
      ? []
      : [
          ...voteOf("adapter", readPrintedPrice(html, marketplace)),
          ...voteOf("embedded-state", basketPrice(html)),
        ],
    "site",
  );
  const amount = votes.winner?.amount ?? null;
  return {
    ...emptyItem({ external_id: externalIdOf(asin, marketplace), url: productUrl(asin, pageUrl), title }),
    amount,
    currency: votes.winner?.currency ?? null,
    list_price: amount === null ? null : listPrice(html, marketplace),
    availability: availability ?? (amount === null ? null : "in-stock"),
    seller: lineOf(html, "#sellerProfileTriggerId, #merchant-info a"),
    image_url: imagesOf(html)[0] ?? null,
    ...keptVotes(votes, amount),
  };
}

/** What the button puts into the basket, written for machines. */
function basketPrice(html: Html): { amount: string | null; currency: string | null } {
  const valueOf = (name: string) =>
    html(`input[name$="[customerVisiblePrice][${name}]"]`).first().attr("value") ?? "";
  const currency = valueOf("currencyCode");
  return {
    amount: normalizeAmount(valueOf("amount")),
    currency: /^[A-Z]{3}$/.test(currency) ? currency : null,
  };
}

function readPrintedPrice(html: Html, marketplace: string) {
  for (const block of priceBlocks) {
    const price = readPrice(html(block).find(paidPrice).first(), marketplace);
    if (price !== null) return price;
  }
  return readPriceText(textOf(html(olderPrices).first()), marketplace);
}

function listPrice(html: Html, marketplace: string): string | null {
  const struck: Selection = html(priceBlocks.slice(0, 2).join(", "))
    .find(`.basisPrice .a-price, ${struckPrice}`)
    .first();
  const older = textOf(html("#listPrice, .priceBlockStrikePriceString").first());
  return readPrice(struck, marketplace)?.amount ?? readPriceText(older, marketplace)?.amount ?? null;
}

/** Null where nothing is said. */
function availabilityOf(html: Html): Availability | null {
  const said = textOf(html("#availability").first());
  if (html("#outOfStock").length > 0 || words.unavailable.test(said)) return "out-of-stock";
  return words.preOrder.test(said) ? "pre-order" : null;
}

function readDetails(html: Html): ListingDetails {
  return {
    description: lineOf(html, "#productDescription") ?? lineOf(html, "#feature-bullets ul"),
    images: imagesOf(html),
    specifics: specifics(html),
    location: null,
    ends_at: null,
    seller_feedback_count: null,
    seller_feedback_percent: null,
  };
}

function imagesOf(html: Html): string[] {
  const addresses = html("#landingImage, #imgBlkFront")
    .toArray()
    .flatMap((image) => html(image).attr("data-old-hires") || html(image).attr("src") || []);
  return [...new Set(addresses)].filter((address) => address.startsWith("https://"));
}

function specifics(html: Html): Record<string, string> {
  const rows = html('#productOverview_feature_div tr, [id^="productDetails_"] tr').toArray();
  return Object.fromEntries(
    rows.flatMap((row) => {
      const label = textOf(html(row).find("th, td").first());
      const value = textOf(html(row).find("td").last());
      return label === "" || value === "" || label === value ? [] : [[label, value]];
    }),
  );
}

function lineOf(html: Html, selector: string): string | null {
  return textOf(html(selector).first()) || null;
}
