import type { Item, ListingDetails } from "@pricefleet/contracts";
import type { Catalogue } from "./catalogue.ts";
import type { Listing } from "./make-listing.ts";
import { decimalOf } from "./money.ts";
import { listingPath, picturePath } from "./pages/layout.ts";

/** What a perfect reader of a listing's page comes to know. */
export type ExpectedListing = Item & { details: ListingDetails };

/** What a perfect reader of all pages of a search comes to know, each listing once, in the order of the pages. */
export interface ExpectedSearch {
  total: number;
  items: Item[];
}

export function expectedListing(listing: Listing, baseUrl: string): ExpectedListing {
  const absolute = (path: string) => new URL(path, baseUrl).href;
  const pictures = Array.from({ length: listing.pictures }, (_, index) => picturePath(listing.id, index + 1));
  const { seller } = listing;
  return {
    ...expectedCard(listing, baseUrl, "exact"),
    methods: {
      adapter: decimalOf(listing.cents),
      // Of a range the structured data has both ends only, and no price.
      ...(listing.maxCents === null && { "json-ld": decimalOf(listing.cents) }),
    },
    // Two that agree: the most that is ever said.
    ...(listing.maxCents === null && { confidence: 0.99 }),
    details: {
      description: listing.description,
      images: pictures.map(absolute),
      specifics: listing.specifics,
      location: listing.location,
      ends_at: listing.endsAt?.toISOString() ?? null,
      seller_feedback_count: seller.feedbackPercent === null ? null : seller.feedbackCount,
      seller_feedback_percent: seller.feedbackPercent,
    },
  };
}

export function expectedSearch(
  catalogue: Catalogue,
  term: string,
  now: Date,
  baseUrl: string,
): ExpectedSearch {
  const { exact, related } = catalogue.search(term);
  const card = (match: Item["match"]) => (id: string) => {
    const listing = catalogue.listing(id, now);
    return listing ? [expectedCard(listing, baseUrl, match)] : [];
  };
  const exactIds = Array.from({ length: exact.total }, (_, index) => exact.idAt(index + 1));
  return {
    total: exact.total,
    items: [...exactIds.flatMap(card("exact")), ...related.flatMap(card("related"))],
  };
}

function expectedCard(listing: Listing, baseUrl: string, match: Item["match"]): Item {
  return {
    external_id: listing.id,
    url: new URL(listingPath(listing.id), baseUrl).href,
    title: listing.title,
    amount: decimalOf(listing.cents),
    amount_max: decimalOrNull(listing.maxCents),
    buy_it_now: decimalOrNull(listing.buyItNowCents),
    currency: listing.currency,
    shipping: listing.shippingCents === 0 ? "0" : decimalOrNull(listing.shippingCents),
    condition: listing.condition,
    availability: listing.availability,
    bids: listing.bids,
    ended: listing.availability === "sold" || listing.availability === "ended",
    match,
    methods: { adapter: decimalOf(listing.cents) },
    disagreed: [],
    confidence: 0.97,
    list_price: decimalOrNull(listing.listCents),
    best_offer: listing.bestOffer,
    seller: listing.seller.name,
    image_url: new URL(picturePath(listing.id, 1), baseUrl).href,
  };
}

function decimalOrNull(cents: number | null): string | null {
  return cents === null ? null : decimalOf(cents);
}
