import { type Html, type Selection, textOf } from "../reading/index.ts";
import { readDescription } from "./description.ts";
import type { ListingText } from "./listing-text.ts";
import { bidsIn } from "./read-card.ts";
import { words } from "./words.ts";

/** The layout since about 2022: components with classes of their own, `x-…` for the page and `ux-…` for its parts. */
export function readListing2025(html: Html, source: string): ListingText {
  const lineOf = (selector: string): string | null => textOf(html(selector).first()) || null;

  const heading = "h1.x-item-title__mainTitle";
  const bidLine = lineOf(".x-bid-price .x-price-primary");
  const fixedPriceLine = lineOf(".x-bin-price .x-price-primary");
  return {
    title: lineOf(`${heading} .ux-textspans--BOLD`) ?? lineOf(heading) ?? "",
    // The first pages of this layout, in 2022, still had the price of the one before.
    priceLine: bidLine ?? fixedPriceLine ?? lineOf(".x-price-primary, #prcIsum_bidPrice, #prcIsum"),
    buyItNowLine: bidLine === null ? null : fixedPriceLine,
    listPrice: lineOf(".x-price-section .ux-textspans--STRIKETHROUGH"),
    shippingLine: lineOf(".ux-labels-values--shipping .ux-labels-values__values .ux-textspans--BOLD"),
    condition: lineOf(".x-item-condition-text .ux-textspans"),
    quantityLine: lineOf(".x-quantity__availability, .d-quantity__availability"),
    bids: bidsIn(lineOf(".x-bid-count") ?? "") ?? (bidLine === null ? null : 0),
    bestOffer: html(".x-offer-action").length > 0,
    ending: endingIn(lineOf('.d-statusmessage, [class*="statusMessage"]')),
    seller: lineOf(".x-sellercard-atf__info__about-seller .ux-textspans--BOLD"),
    feedbackCount: lineOf(".x-sellercard-atf__about-seller-item"),
    feedbackPercent: lineOf('.x-sellercard-atf__data-item:contains("%")'),
    description: readDescription(html, ".x-item-description-child, .x-item-description"),
    images: html(".ux-image-carousel-item img")
      .toArray()
      .flatMap((image) => html(image).attr("data-zoom-src") ?? html(image).attr("src") ?? []),
    specifics: specifics(html),
    location: location(html, source),
  };
}

function endingIn(statusLine: string | null): "sold" | "ended" | null {
  if (statusLine === null) return null;
  if (words.sold.test(statusLine)) return "sold";
  return words.ended.test(statusLine) ? "ended" : null;
}

function specifics(html: Html): Record<string, string> {
  const rows = html(".x-about-this-item .ux-labels-values:not(.ux-labels-values--condition)").toArray();
  return Object.fromEntries(
    rows.flatMap((element) => {
      const part = (name: string): Selection => html(element).find(`.ux-labels-values__${name}`).first();
      const label = textOf(part("labels")).replace(/:$/, "");
      return label === "" ? [] : [[label, textOf(part("values"))]];
    }),
  );
}

/** Printed as "Located in: Paris, France"; other languages have it without a common sign, so then the embedded state. */
function location(html: Html, source: string): string | null {
  const printed = html(".ux-textspans")
    .toArray()
    .map(
      (element) =>
        /^(?:located in|item location|(?:artikel)?standort):?\s*(.+)/i.exec(textOf(html(element)))?.[1],
    );
  const found = printed.find((place) => place !== undefined);
  if (found !== undefined) return found;

  const stated =
    /"itemLocation":\{"_type":"LabelsValues","labels":\[[^\]]{0,300}\][^\]]{0,20}\],"values":\[\{"_type":"TextualDisplay","textSpans":\[\{"_type":"TextSpan","text":("[^"\\]*")/.exec(
      source,
    )?.[1];
  return stated === undefined ? null : String(JSON.parse(stated));
}
