import { findListing, findListings, findPrices } from "@pricefleet/database";
import { baseRateOf } from "@pricefleet/pricing";
import { z } from "zod";
import { endedAtComparedTime, endedAtPrice, endedAtTime, readCursor, writeCursor } from "../cursor.ts";
import { cursorField, idParams, pageSchema, pageSize } from "../fields.ts";
import { isByPrice, listingQuery, yesOrNo } from "../listings/listing-query.ts";
import { comparison, listedListing, listingWithDetails } from "../listings/listing-shape.ts";
import { price } from "../listings/price-shape.ts";
import type { Market } from "../market/index.ts";
import { asQuotedPrice, isStale } from "../market/quote-view.ts";
import { Problem } from "../problem.ts";
import { defineRoute } from "../route.ts";

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
