import type { ListingDetails, PageInput, PageReading } from "@pricefleet/contracts";
import {
  countedBroken,
  emptyItem,
  type Html,
  markupVote,
  parseHtml,
  readStructuredOffer,
  textOf,
  unreadable,
} from "../reading/index.ts";
import { readOffer, wholeNumberIn } from "./offer.ts";
import { canonicalUrl, sourceName } from "./urls.ts";

/** A listing's page has an article with the listing's id, its title and an offer with a price. */
export function readListingPage(page: PageInput): PageReading {
  const html = parseHtml(page.html);
  if (!html) return unreadable(sourceName, "listing", "changed", "the page is nested too deep to be real");
  if (html("main .missing").length > 0) {
    return unreadable(sourceName, "listing", "gone", "the site says that the page is missing");
  }

  const id = html("article.listing").attr("data-listing-id");
  const title = textOf(html("article.listing h1.title"));
  const offers = readStructuredOffer(html);
  const markupVotes = markupVote("json-ld", offers.jsonLd);
  const offer = readOffer(html("article.listing .offer"), markupVotes);
  const url = canonicalUrl(page.url, page.url);
  if (id === undefined || title === "" || offer.amount === null || url === null) {
    return unreadable(sourceName, "listing", "changed", "the page has no listing with a title and a price");
  }

  const details = readDetails(html, page.url);
  const item = {
    ...emptyItem({ external_id: id, url, title }),
    ...offer,
    image_url: details.images[0] ?? null,
  };
  return {
    page: "listing",
    state: "ok",
    source: sourceName,
    reason: null,
    items: [item],
    has_next_page: false,
    total_results: null,
    details,
    ...countedBroken(offers.brokenJsonLd),
  };
}

function readDetails(html: Html, pageUrl: string): ListingDetails {
  const article = html("article.listing");
  const specifics = article
    .find(".specifics dt")
    .toArray()
    .map((label) => [textOf(html(label)), textOf(html(label).next("dd"))]);
  const percent = Number.parseFloat(textOf(article.find(".feedback-percent")));
  return {
    description: textOf(article.find(".description")) || null,
    images: article
      .find(".gallery img.picture")
      .toArray()
      .flatMap((image) => canonicalUrl(html(image).attr("src") ?? "", pageUrl) ?? []),
    specifics: Object.fromEntries(specifics),
    location: textOf(article.find(".location")) || null,
    ends_at: momentIn(article.find("time.end-time").attr("datetime")),
    seller_feedback_count: wholeNumberIn(textOf(article.find(".feedback-count"))),
    seller_feedback_percent: Number.isNaN(percent) ? null : percent,
  };
}

function momentIn(text: string | undefined): string | null {
  const moment = new Date(text ?? "");
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}
