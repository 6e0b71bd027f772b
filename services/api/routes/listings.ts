import { gpuOfferKinds } from "@pricefleet/catalog";
import {
  amount,
  availabilities,
  currency,
  item,
  priceVote,
  listingDetails,
  listingStates,
  offerKinds,
} from "@pricefleet/contracts";
import { findListing, findListings, findPrices } from "@pricefleet/database";
import { baseRateOf } from "@pricefleet/pricing";
import { z } from "zod";
import { endedAtComparedTime, endedAtPrice, endedAtTime, readCursor, writeCursor } from "../cursor.ts";
import {
  amountOrNull,
  cursorField,
  currencyOrNull,
  decimal,
  id,
  idParams,
  moment,
  numberInQuery,
  pageSchema,
  pageSize,
  text,
  timestamp,
} from "../fields.ts";
import type { Market } from "../market/index.ts";
import { asQuotedPrice, isStale } from "../market/quote-view.ts";
import { Problem } from "../problem.ts";
import { defineRoute } from "../route.ts";
import { sourceName } from "../search-order.ts";

const missing = z
  .enum(["no-rate", "stale-rate"])
  .nullable()
  .describe("no-rate: no quotes lead to the base currency; stale-rate: those that do are too old");

const state = z.enum(listingStates);
const knownBy = z
  .enum(["card", "page"])
  .describe("How: a search page's card, or the listing's own page, which goes before");

const confidence = z.number().min(0).max(1).nullable();

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

const votes = {
  methods: z.record(z.string(), amount).describe("What each way of reading the page said"),
  disagreed: z.array(priceVote).describe("Those of them that said another price"),
  confidence: confidence.describe("How far its methods agree, 0 to 1; null: not known"),
};

const snapshot = z
  .strictObject({
    id,
    sha256: z.string(),
    url: z.string().describe("Where the page was"),
    page_url: z.string().nullable().describe("Where it is kept; null: it was pruned"),
  })
  .nullable()
  .describe("The kept page that is the evidence; null: it was read from a search's card");

const pendingPrice = z
  .strictObject({
    amount,
    currency,
    reason: z.string().describe("Why it is not believed yet, in words"),
    observed_at: timestamp,
    read_from: z.enum(["card", "page"]),
    ...votes,
    snapshot,
  })
  .meta({ id: "PendingPrice" });

const listedListing = listing
  .extend({
    compared_amount: decimal
      .nullable()
      .describe(
        "The price in the `currency` asked for: its own, or by base_amount; null: none was asked for",
      ),
  })
  .meta({ id: "ListedListing" });

const comparison = z
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

const listingWithDetails = listing
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

const price = z
  .strictObject({
    id,
    listing_id: id,
    amount,
    amount_max: amountOrNull,
    buy_it_now: amountOrNull,
    currency,
    shipping: amountOrNull,
    observed_at: timestamp.describe("When this price was seen first"),
    confirmed_at: timestamp.describe("When it was seen last"),
    confirmations: z.int().describe("How often it was seen again since"),
    read_from: z.enum(["card", "page"]).describe("The search page's card, or the listing's own page"),
    corrected_at: timestamp
      .nullable()
      .describe("When its page, read again, said another price, which stands beside it; null: it holds"),
    base: z
      .strictObject({
        currency,
        amount: decimal.nullable(),
        rate: decimal.nullable(),
        quote_ids: z.array(id).describe("The quotes the rate rests on"),
        quoted_at: timestamp
          .nullable()
          .describe("Of the oldest quote; null: the price is in the base currency"),
        age_seconds: z.number().nullable().describe("Of that quote, when the price was seen"),
        missing: missing.describe("Why there is no amount"),
      })
      .nullable()
      .describe("What it was worth in the base currency when it was seen; null: it was not valued"),
    ...votes,
    quarantine: z
      .strictObject({
        state: z.enum(["quarantined", "confirmed", "refuted"]),
        reason: z.string().describe("Why it was not believed at once, in words"),
        ended_at: timestamp.nullable().describe("When a second look confirmed or refuted it"),
      })
      .nullable()
      .describe("null: it was never doubted"),
    snapshot,
  })
  .meta({ id: "Price" });

const sorts = ["newest", "oldest", "price_asc", "price_desc", "last_seen", "deal"] as const;
const isByPrice = (sort: (typeof sorts)[number]) => sort === "price_asc" || sort === "price_desc";

const yesOrNo = z.enum(["true", "false"], { error: "true or false" });

const listingQuery = z
  .strictObject({
    source: sourceName.optional(),
    search_id: id.optional(),
    text: text(200)
      .optional()
      .describe('Words of the title; "words in quotes" stand together, -word must not be there'),
    currency: currency
      .optional()
      .describe(
        "Alone: priced in it. With a price bound or an order by price: compared in it, whatever they are priced in",
      ),
    min_price: amount.optional().describe("In `currency`"),
    max_price: amount.optional().describe("In `currency`"),
    condition: text(100).optional().describe("As the site words it, in any case"),
    state: z
      .enum(listingStates, { error: `one of ${listingStates.join(", ")}` })
      .optional()
      .describe("Without it: listings in any state"),
    model: text(100).optional().describe("A graphics card as `/catalog/gpu` names it"),
    memory_gb: numberInQuery(1, 1_000).optional().describe("With `model`: its size of memory"),
    offer: z
      .enum(gpuOfferKinds, { error: `one of ${gpuOfferKinds.join(", ")}` })
      .optional()
      .describe("With `model`: what is offered, such as card"),
    min_confidence: z
      .string()
      .regex(/^(0(\.\d{1,4})?|1(\.0{1,4})?)$/, { error: "a number from 0 to 1 such as 0.9" })
      .optional()
      .describe("Leaves out prices whose methods disagree so far, or that are not known"),
    distinct: yesOrNo
      .optional()
      .describe("true: one listing of each group of duplicates, one that can be had if there is one"),
    doubted: z
      .enum(["true"], { error: "true, or left out" })
      .optional()
      .describe("Only listings with a price in quarantine: their `pending_price`"),
    min_deal: z
      .string()
      .regex(/^-?[01](\.\d{1,6})?$/, {
        error: "a share such as 0.2, for a fifth below the median of its peers",
      })
      .optional()
      .describe("At least this share below the median of its peers: 0.2 is a fifth"),
    seen_since: moment.optional().describe("Last seen at this time or after it"),
    sort: z
      .enum(sorts, { error: `one of ${sorts.join(", ")}` })
      .default("newest")
      .describe(
        "By price: needs `currency`, and leaves out what has no price; deal: the furthest below its peers first, without what has no deal",
      ),
    limit: pageSize,
    cursor: cursorField,
  })
  .refine(
    ({ currency, min_price, max_price, sort }) =>
      currency !== undefined || (min_price === undefined && max_price === undefined && !isByPrice(sort)),
    {
      error: "an ISO 4217 currency such as EUR, because prices of different currencies cannot be compared",
      path: ["currency"],
    },
  )
  .refine(
    ({ model, memory_gb, offer }) => model !== undefined || (memory_gb === undefined && offer === undefined),
    { error: "given with memory_gb and offer, which tell its listings apart", path: ["model"] },
  );

const pageOfListings = pageSchema(listedListing).extend({
  compared: comparison.nullable().describe("How prices were compared; null: they were not"),
});

const history = "prices";

export const listingRoutes = [
  defineRoute({
    method: "get",
    path: "/listings",
    tag: "Listings",
    summary: "Listings, filtered and sorted",
    description:
      "All filters given must hold. Following `next_cursor` shows nothing twice, whatever comes in meanwhile.",
    query: listingQuery,
    responses: { 200: { description: "A page of listings", schema: pageOfListings } },
    answer: async ({ db, query, market, baseCurrency }) => {
      const { sort } = query;
      const after = readCursor(
        sort,
        isByPrice(sort) || sort === "deal" ? endedAtPrice : endedAtComparedTime,
        query.cursor,
      );
      const isCompared = isByPrice(sort) || query.min_price !== undefined || query.max_price !== undefined;
      const compared =
        isCompared && query.currency !== undefined ? rateTo(query.currency, market, baseCurrency) : null;
      // The pages of one list go by one rate, or a listing could come twice or never.
      const rate = query.cursor === undefined ? compared?.rate : after?.rate;
      const filter = {
        source: query.source,
        searchId: query.search_id,
        text: query.text,
        currency: query.currency,
        compare: rate == null ? undefined : { base: baseCurrency, rate },
        minPrice: query.min_price,
        maxPrice: query.max_price,
        condition: query.condition,
        state: query.state,
        model: query.model,
        memoryGb: query.memory_gb,
        offer: query.offer,
        distinct: query.distinct === "true",
        minDeal: query.min_deal,
        seenSince: query.seen_since,
        minConfidence: query.min_confidence,
        isDoubted: query.doubted === "true",
      };
      const { items, next } = await findListings(db, filter, sort, query.limit, after);
      const endedAt = next === null ? null : { ...next, rate: rate ?? undefined };
      return { status: 200, body: { items, next_cursor: writeCursor(sort, endedAt), compared } };
    },
  }),
  defineRoute({
    method: "get",
    path: "/listings/{id}",
    tag: "Listings",
    summary: "One listing with all that its own page told",
    params: idParams,
    responses: { 200: { description: "The listing", schema: listingWithDetails } },
    problems: [404],
    answer: async ({ db, params }) => {
      const found = await findListing(db, params.id);
      if (found === null) throw noSuchListing(params.id);
      return { status: 200, body: found };
    },
  }),
  defineRoute({
    method: "get",
    path: "/listings/{id}/prices",
    tag: "Listings",
    summary: "Every price a listing was seen at, the newest first",
    description: "A price that is seen again does not come twice: it is confirmed.",
    params: idParams,
    query: z.strictObject({
      limit: pageSize,
      cursor: cursorField,
      include_doubted: yesOrNo
        .default("false")
        .describe("true: also prices in quarantine, and those that a second look refuted"),
      relisted: yesOrNo
        .default("false")
        .describe("true: also of the listings that it was before it was put up again"),
    }),
    responses: { 200: { description: "A page of prices", schema: pageSchema(price) } },
    problems: [404],
    answer: async ({ db, params, query }) => {
      const found = await findPrices(
        db,
        params.id,
        query.limit,
        readCursor(history, endedAtTime, query.cursor),
        { includeDoubted: query.include_doubted === "true", relisted: query.relisted === "true" },
      );
      if (found === null) throw noSuchListing(params.id);
      return { status: 200, body: { items: found.items, next_cursor: writeCursor(history, found.next) } };
    },
  }),
];

/** What one of the base currency is worth in `currency` now. A market that may have changed unheard gives no rate. */
function rateTo(currency: string, market: Market, baseCurrency: string): z.infer<typeof comparison> {
  const nowMs = Date.now();
  const quotes = market.quotes
    .allOrNone()
    .map((row) => ({ ...asQuotedPrice(row), isStale: isStale(row, nowMs) }));
  const {
    rate,
    quoteIds: quote_ids,
    quotedAt: quoted_at,
    missing,
  } = baseRateOf(quotes, baseCurrency, currency);
  return { base_currency: baseCurrency, rate, quote_ids, quoted_at, missing };
}

function noSuchListing(listingId: string): Problem {
  return new Problem("not-found", `listing ${listingId} does not exist`);
}
