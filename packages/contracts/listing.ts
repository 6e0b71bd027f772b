import { z } from "zod";

/** An amount of money as digits with an optional fraction, never a float: "19.99". */
export const amount = z.string().regex(/^-?\d{1,18}(\.\d{1,8})?$/, { error: "an amount such as 19.99" });
/** ISO 4217, upper case. */
export const currency = z.string().regex(/^[A-Z]{3}$/, { error: "an ISO 4217 currency such as EUR" });

/** How a price was read. "adapter" is the site's own rules over the visible page, "api" an answer made for machines. */
export const priceMethods = [
  "adapter",
  "json-ld",
  "microdata",
  "rdfa",
  "opengraph",
  "embedded-state",
  "api",
] as const;
export type PriceMethod = (typeof priceMethods)[number];

/** What one method read as the price. */
export const priceVote = z.object({
  method: z.enum(priceMethods),
  amount,
  /** Null where it names none. */
  currency: currency.nullable(),
});
export type PriceVote = z.infer<typeof priceVote>;

export const availabilities = ["in-stock", "out-of-stock", "sold", "ended", "pre-order"] as const;
export type Availability = (typeof availabilities)[number];

/** Whether a listing can still be bought. `gone`: its page is no more, and nothing said how it ended. */
export const listingStates = ["active", "sold", "ended", "gone"] as const;
export type ListingState = (typeof listingStates)[number];

/** What an ad asks for where it names no price: another thing, nothing, what one agrees on, or one has to ask. */
export const offerKinds = ["swap", "free", "negotiable", "price-on-request"] as const;
export type OfferKind = (typeof offerKinds)[number];

/** What one card of a search page, or one listing page, says about a thing for sale. Unknown is null, never 0. */
export const item = z.object({
  external_id: z.string(),
  url: z.string(),
  title: z.string(),
  /** The seller's price; of an auction the current bid. */
  amount: amount.nullable(),
  /** The upper end of a price range. */
  amount_max: amount.nullable(),
  /** The Buy It Now price beside an auction's bid. */
  buy_it_now: amount.nullable(),
  currency: currency.nullable(),
  /** Cost of shipping in the same currency; "0" is free, null is unknown. */
  shipping: amount.nullable(),
  condition: z.string().nullable(),
  availability: z.enum(availabilities).nullable(),
  /** Why `amount` is null, where the ad itself says it; left out otherwise. */
  offer_kind: z.enum(offerKinds).optional(),
  /** Number of bids of an auction; null where the thing is not auctioned. */
  bids: z.number().int().nonnegative().nullable(),
  ended: z.boolean(),
  /** "related" is a result for fewer words than were asked for. */
  match: z.enum(["exact", "related"]),
  /** What each method that read the price said. */
  methods: z.partialRecord(z.enum(priceMethods), amount),
  /** Those of them that said another amount or currency than the item's. */
  disagreed: z.array(priceVote),
  /** How far the price can be trusted, 0 to 1: docs/extraction.md has the rule. Null where there is no price. */
  confidence: z.number().min(0).max(1).nullable(),
  /** Struck-through or recommended retail price. */
  list_price: amount.nullable(),
  best_offer: z.boolean(),
  seller: z.string().nullable(),
  image_url: z.string().nullable(),
});
export type Item = z.infer<typeof item>;

/** One of several forms that a product is sold in: a size, a colour. */
export const variant = z.object({
  name: z.string().nullable(),
  sku: z.string().nullable(),
  gtin: z.string().nullable(),
  amount: amount.nullable(),
  availability: z.enum(availabilities).nullable(),
});

/** What a listing's own page adds to its item. */
export const listingDetails = z.object({
  description: z.string().nullable(),
  images: z.array(z.string()),
  /** Item specifics by their printed label: { Brand: "Lenovo" }. */
  specifics: z.record(z.string(), z.string()),
  location: z.string().nullable(),
  /** ISO 8601, UTC. */
  ends_at: z.iso.datetime().nullable(),
  seller_feedback_count: z.number().int().nullable(),
  seller_feedback_percent: z.number().nullable(),
  /** When it was put up; left out where the site does not say it. ISO 8601, UTC. */
  posted_at: z.iso.datetime().optional(),
  /** As the item's, for whoever reads the details alone. */
  offer_kind: z.enum(offerKinds).optional(),
  /** What names the product anywhere; left out by sources whose pages never say. */
  brand: z.string().nullable().optional(),
  gtin: z.string().nullable().optional(),
  sku: z.string().nullable().optional(),
  variants: z.array(variant).optional(),
});
export type ListingDetails = z.infer<typeof listingDetails>;
