import { gpuOfferKinds } from "@pricefleet/catalog";
import {
  availabilities,
  currency,
  item,
  listingDetails,
  listingStates,
  offerKinds,
} from "@pricefleet/contracts";
import { z } from "zod";
import { amountOrNull, currencyOrNull, decimal, id, timestamp } from "../fields.ts";
import { confidence, missing, pendingPrice } from "./price-shape.ts";

const state = z.enum(listingStates);
const knownBy = z
  .enum(["card", "page"])
  .describe("How: a search page's card, or the listing's own page, which goes before");

const listing = z
  .strictObject({
    id,
    source: z.string(),
    external_id: z.string().describe("The site's own number for it"),
    url: z.string(),
    title: z.string(),
    amount: amountOrNull.describe("The seller's price; of an auction the current bid; null: not known"),
    amount_max: amountOrNull.describe("The upper end of a price range"),
    buy_it_now: amountOrNull.describe("The Buy It Now price beside an auction's bid"),
    currency: currencyOrNull,
    shipping: amountOrNull.describe("0: free; null: not known"),
    list_price: amountOrNull.describe("Struck-through or recommended retail price"),
    condition: z.string().nullable(),
    availability: z.enum(availabilities).nullable(),
    bids: z.int().nullable(),
    best_offer: z.boolean(),
    offer_kind: z.enum(offerKinds).nullable().describe("Why there is no price, where the ad itself says it"),
    ended: z.boolean(),
    seller: z.string().nullable(),
    image_url: z.string().nullable(),
    first_seen_at: timestamp,
    last_seen_at: timestamp,
    enriched_at: timestamp
      .nullable()
      .describe("When its own page was read last; null: only its search card is known"),
    gone_at: timestamp.nullable().describe("Since when its own page is no more"),
    state: state.describe(
      "active: it can be had; sold, ended: its page or card said so; gone: its page is no more, and nothing said why",
    ),
    state_since: timestamp.describe("Since when it is known"),
    state_known_by: knownBy,
    misses: z
      .int()
      .describe("Searches in a row that were read to their end without showing it since it was seen last"),
    matched: z
      .strictObject({
        offer: z
          .string()
          .describe(
            `What is offered: ${gpuOfferKinds.join(", ")}; only the price of a card is that of a graphics card`,
          ),
        model: z.string().nullable().describe("null: none is named, or several are"),
        memory_gb: z.int().nullable().describe("null: not told, of a model that is sold with several sizes"),
        catalog_version: z.int(),
      })
      .nullable()
      .describe("The graphics card that the title names, by the catalog; null: not looked at yet"),
    confidence: confidence.describe("How far the methods that read the price agree, 0 to 1; null: not known"),
    deal: z
      .strictObject({
        deal: decimal
          .nullable()
          .describe(
            "The share of its peers' median price that it is below; negative: above; null: see missing",
          ),
        peers: z.int().describe("How many others it is compared with"),
        peers_by: z
          .enum(["model-and-condition", "model", "search"])
          .nullable()
          .describe(
            "What they share: the model, or a search that found them, with condition and kind of offer",
          ),
        peers_median: decimal.nullable().describe("In the base currency"),
        missing: z
          .enum(["few-peers", "far-from-peers", "peers-differ"])
          .nullable()
          .describe(
            "Why there is no deal: fewer than five peers; a price too far out to be believed; peers whose prices differ too much",
          ),
      })
      .nullable()
      .describe("null: its price has no part in comparisons, or was not reckoned since it changed"),
    base_currency: currencyOrNull.describe("What the price is valued in; null: it was not valued"),
    base_amount: decimal.nullable().describe("`amount` in it, at base_valued_at; null: not known"),
    base_valued_at: timestamp.nullable().describe("When it was seen last with a rate to go by"),
    base_missing: missing.describe("Why there is no base_amount; null: there is, or there is no price"),
  })
  .meta({ id: "Listing" });

export const listedListing = listing
  .extend({
    compared_amount: decimal
      .nullable()
      .describe(
        "The price in the `currency` asked for: its own, or by base_amount; null: none was asked for",
      ),
  })
  .meta({ id: "ListedListing" });

export const comparison = z
  .strictObject({
    base_currency: currency,
    rate: decimal
      .nullable()
      .describe("Of the currency asked for, for one of the base currency; null: not known"),
    quote_ids: z.array(id),
    quoted_at: timestamp.nullable().describe("Of the oldest quote"),
    missing: missing.describe("Why only listings priced in the currency itself are compared"),
  })
  .meta({ id: "Comparison" });

const stateChange = z
  .strictObject({
    from: state.nullable().describe("null: it was so when it was seen first"),
    to: state,
    at: timestamp,
    known_by: knownBy,
    reason: z.string().nullable().describe("Of gone: what its page said"),
    misses: z.int().describe("How many searches in a row had not shown it"),
  })
  .meta({ id: "StateChange" });

const relatedListing = z
  .strictObject({
    id,
    source: z.string(),
    external_id: z.string(),
    url: z.string(),
    title: z.string(),
    seller: z.string().nullable(),
    amount: amountOrNull,
    currency: currencyOrNull,
    state,
    first_seen_at: timestamp,
    last_seen_at: timestamp,
  })
  .meta({ id: "RelatedListing" });

export const listingWithDetails = listing
  .extend({
    details: listingDetails.nullable(),
    pending_price: pendingPrice
      .nullable()
      .describe("A price too odd to be believed before a second look; `amount` is the last that is trusted"),
    searches: z.array(z.strictObject({ id, match: item.shape.match })).describe("The searches that found it"),
    states: z
      .array(stateChange)
      .describe("What became of it, the newest first; none: it has been active since it was seen first"),
    relisted_from: relatedListing
      .nullable()
      .describe(
        "What the same seller offered before, with nearly the same title and the same photo, and what is over",
      ),
    relisted_as: relatedListing.nullable().describe("The same the other way round"),
    duplicates: z
      .array(relatedListing)
      .describe(
        "Others with nearly the same title and the same photo, at any site and of any account; at most 100",
      ),
  })
  .meta({ id: "ListingWithDetails" });
