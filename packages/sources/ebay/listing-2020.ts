import { type Html, type Selection, textOf } from "../reading/index.ts";
import { readDescription } from "./description.ts";
import type { ListingText } from "./listing-text.ts";

/** The layout of about 2015 to 2021: everything has an id. */
export function readListing2020(html: Html, source: string): ListingText {
  const lineOf = (selector: string): string | null => textOf(html(selector).first()) || null;

  const title = html("#itemTitle").clone();
  title.find(".g-hdn").remove();
  const bidLine = lineOf("#prcIsum_bidPrice");
  const fixedPriceLine = lineOf("#mm-saleDscPrc") ?? lineOf("#prcIsum");
  const bids = /^\d+$/.exec(lineOf("#qty-test") ?? "");
  const bidCount = bids === null ? null : Number(bids[0]);
  return {
    title: textOf(title),
    priceLine: bidLine ?? fixedPriceLine,
    buyItNowLine: bidLine === null ? null : fixedPriceLine,
    listPrice: lineOf("#mm-saleOrgPrc, #orgPrc"),
    shippingLine: shippingLine(html("#fshippingCost")),
    condition: lineOf("#vi-itm-cond"),
    quantityLine: lineOf("#qtySubTxt"),
    bids: bidCount,
    bestOffer: html("#boBtn_btn").length > 0,
    ending: hasEnded(html, source) ? ((bidCount ?? 0) > 0 ? "sold" : "ended") : null,
    seller: lineOf(".si-content .mbg-nw") ?? lineOf(".mbg-nw"),
    feedbackCount: lineOf(".mbg-l"),
    feedbackPercent: lineOf("#si-fb"),
    description: readDescription(html, "#desc_div"),
    images: html("#vi_main_img_fs img, #icImg")
      .toArray()
      .flatMap((image) => html(image).attr("src") ?? []),
    specifics: specifics(html),
    location: lineOf('[itemprop="availableAtOrFrom"]') ?? lineOf("#itemLocation .iti-eu-bld-gry"),
  };
}

/** "GBP 8.75 (approx. US $11.69)" without the conversion. */
function shippingLine(cost: Selection): string | null {
  const [line] = textOf(cost.first()).split("(");
  return line === undefined || line.trim() === "" ? null : line.trim();
}

/** The page's embedded state says so; where it is missing, a date stands in place of the time left. */
function hasEnded(html: Html, source: string): boolean {
  const state = /"ended":(true|false)/.exec(source)?.[1];
  if (state !== undefined) return state === "true";
  return html("#bb_tlft .endedDate").length > 0 && html("#bb_tlft .vi-tm-left").length === 0;
}

function specifics(html: Html): Record<string, string> {
  const labels = html(".itemAttr td.attrLabels").toArray();
  return Object.fromEntries(
    labels.flatMap((element) => {
      const label = textOf(html(element)).replace(/:$/, "");
      const value = html(element).next("td");
      // The condition is there with eBay's explanation of the word; it is read from its own place.
      const isCondition = value.find("#vi-cond-addl-info").length > 0;
      return label === "" || isCondition ? [] : [[label, textOf(value)]];
    }),
  );
}
