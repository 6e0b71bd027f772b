import type { Item, ListingDetails, PageInput, PageReading, PriceVote } from "@pricefleet/contracts";
import {
  countedBroken,
  type Html,
  markupVote,
  parseHtml,
  readStructuredOffer,
  textOf,
  unreadable,
} from "../reading/index.ts";
import { adNumberOf } from "./ad-number.ts";
import { buildItem, imageUrl, isAskKnown, nonEmpty } from "./build-item.ts";
import type { OlxCountry } from "./countries.ts";
import { adStateOf, type StateAd } from "./embedded-state.ts";
import { isPositive } from "./offered.ts";
import { piecedTextOf } from "./text-pieces.ts";
import { adUrl, externalIdOf } from "./urls.ts";
import { words } from "./words.ts";

type Offers = ReturnType<typeof readStructuredOffer>;

/** Reads an ad's own page, as printed and from the state embedded in it. */
export function readListingPage(page: PageInput, country: OlxCountry): PageReading {
  const html = parseHtml(page.html);
  if (html === null) return unreadable("olx", "listing", "changed", "deeper or larger than any OLX page");

  const state = adStateOf(page.html);
  if (state?.isActive === false || saysNoLongerThere(html)) {
    return unreadable("olx", "listing", "gone", "OLX says that the ad is not there any more");
  }
  const number = adNumberOf(URL.parse(page.url)?.pathname ?? "");
  const url = adUrl(page.url, page.url);
  if (number === null || url === null) {
    return unreadable("olx", "listing", "changed", `no ad's number in ${page.url}`);
  }

  const offers = readStructuredOffer(html);
  const item = readItem({ external_id: externalIdOf(number, country), url }, html, state, offers);
  if (item.title === "" || !isAskKnown(item, state)) {
    const missing = item.title === "" ? "title" : "price";
    return unreadable("olx", "listing", "changed", `no ${missing} where OLX's pages have it`);
  }
  return {
    page: "listing",
    state: "ok",
    source: "olx",
    reason: null,
    items: [item],
    has_next_page: false,
    total_results: null,
    details: readDetails(html, state, item),
    ...countedBroken(offers.brokenJsonLd),
  };
}

/** The notice in place of an ad, or above what is left of it. What a seller writes is in none of these elements. */
function saysNoLongerThere(html: Html): boolean {
  const notices = html('[data-testid*="inactive"], [data-cy*="inactive"], h1, h2, h3, h4, h5').toArray();
  return notices.some((element) => {
    const notice = html(element);
    return (
      words.noLongerThere.test(textOf(notice)) &&
      notice.closest('[data-testid="offer_title"], [data-cy="ad_title"], [data-cy="ad_description"]')
        .length === 0
    );
  });
}

function readItem(
  identity: Pick<Item, "external_id" | "url">,
  html: Html,
  state: StateAd | null,
  offers: Offers,
): Item {
  const printed = {
    title: textOf(html('[data-testid="offer_title"], [data-cy="ad_title"]').find("h1, h2, h3, h4").first()),
    priceText: piecedTextOf(html('[data-testid="ad-price-container"]').first()),
    condition: null,
    seller: nonEmpty(textOf(html('[data-testid="user-profile-user-name"]').first())),
    imageUrl: html('[data-testid="ad-photo"] img').first().attr("src") ?? null,
  };
  return buildItem(identity, printed, state, jsonLdVote(html, offers));
}

/** An AggregateOffer sums up other ads ("from 5 zł", "from 0"), and is not this one's price. */
function jsonLdVote(html: Html, offers: Offers): PriceVote[] {
  const scripts = html('script[type="application/ld+json"]').toArray();
  if (scripts.some((script) => html(script).text().includes("AggregateOffer"))) return [];
  return markupVote("json-ld", offers.jsonLd).filter(({ amount }) => isPositive(amount));
}

function readDetails(html: Html, state: StateAd | null, item: Item): ListingDetails {
  const photos = html('[data-testid="ad-photo"] img').toArray();
  const images =
    state === null || state.photos.length === 0
      ? photos.map((photo) => html(photo).attr("src"))
      : state.photos;
  const postedAt = momentIn(state?.createdTime);
  return {
    description: nonEmpty(piecedTextOf(html('[data-testid="ad_description"] > div').first())),
    images: [...new Set(images.map(imageUrl).filter((url) => url !== null))],
    specifics: specificsIn(html, state),
    location: locationIn(html, state),
    ends_at: momentIn(state?.validToTime),
    seller_feedback_count: null,
    seller_feedback_percent: null,
    ...(postedAt !== null && { posted_at: postedAt }),
    ...(item.offer_kind !== undefined && { offer_kind: item.offer_kind }),
  };
}

/** The parameters by their printed label. */
function specificsIn(html: Html, state: StateAd | null): Record<string, string> {
  const stated = (state?.params ?? []).filter((param) => param !== null);
  if (stated.length > 0) return Object.fromEntries(stated.map(({ name, value }) => [name, value.trim()]));
  const lines = html('[data-testid="ad-parameters-container"] p').toArray();
  const pairs = lines.map((line) => /^([^:]+): (.+)$/.exec(piecedTextOf(html(line))));
  return Object.fromEntries(pairs.flatMap((pair) => (pair === null ? [] : [[pair[1], pair[2]]])));
}

/** "Warszawa, Praga-Północ": the town and its part. */
function locationIn(html: Html, state: StateAd | null): string | null {
  const stated = [state?.location?.cityName, state?.location?.districtName].map(nonEmpty);
  if (stated[0] !== null) return stated.filter((name) => name !== null).join(", ");
  return nonEmpty(textOf(html('img[alt="Location"] + div > p').first()));
}

/** As ISO 8601 in UTC; OLX writes the country's own time with its distance to it. */
function momentIn(text: string | null | undefined): string | null {
  const moment = new Date(text ?? "");
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}
