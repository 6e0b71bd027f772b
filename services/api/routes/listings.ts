import { amount, availabilities, currency, item, listingDetails } from "@pricefleet/contracts";
import { findListing, findListings, findPrices } from "@pricefleet/database";
import { z } from "zod";
import { endedAtPrice, endedAtTime, readCursor, writeCursor } from "../cursor.ts";
import {
  amountOrNull,
  cursorField,
  currencyOrNull,
  id,
  idParams,
  moment,
  pageSchema,
  pageSize,
  text,
  timestamp,
} from "../fields.ts";
import { Problem } from "../problem.ts";
import { defineRoute } from "../route.ts";
import { sourceName } from "../search-order.ts";

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
    ended: z.boolean(),
    seller: z.string().nullable(),
    image_url: z.string().nullable(),
    first_seen_at: timestamp,
    last_seen_at: timestamp,
    enriched_at: timestamp
      .nullable()
      .describe("When its own page was read last; null: only its search card is known"),
    gone_at: timestamp.nullable(),
  })
  .meta({ id: "Listing" });

const listingWithDetails = listing
  .extend({
    details: listingDetails.nullable(),
    searches: z.array(z.strictObject({ id, match: item.shape.match })).describe("The searches that found it"),
  })
  .meta({ id: "ListingWithDetails" });

const price = z
  .strictObject({
    id,
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
    methods: z.record(z.string(), amount).describe("What each way of reading the page said"),
    snapshot: z
      .strictObject({
        id,
        sha256: z.string(),
        url: z.string().describe("Where the page was"),
        page_url: z.string().nullable().describe("Where it is kept; null: it was pruned"),
      })
      .nullable()
      .describe("The kept page that is the evidence"),
  })
  .meta({ id: "Price" });

const sorts = ["newest", "oldest", "price_asc", "price_desc", "last_seen"] as const;
const isByPrice = (sort: (typeof sorts)[number]) => sort === "price_asc" || sort === "price_desc";

const listingQuery = z
  .strictObject({
    source: sourceName.optional(),
    search_id: id.optional(),
    text: text(200)
      .optional()
      .describe('Words of the title; "words in quotes" stand together, -word must not be there'),
    currency: currency.optional(),
    min_price: amount.optional().describe("In `currency`"),
    max_price: amount.optional().describe("In `currency`"),
    condition: text(100).optional().describe("As the site words it, in any case"),
    seen_since: moment.optional().describe("Last seen at this time or after it"),
    sort: z
      .enum(sorts, { error: `one of ${sorts.join(", ")}` })
      .default("newest")
      .describe("By price: needs `currency`, and leaves out what has no price"),
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
  );

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
    responses: { 200: { description: "A page of listings", schema: pageSchema(listing) } },
    answer: async ({ db, query }) => {
      const { sort } = query;
      const after = readCursor(sort, isByPrice(sort) ? endedAtPrice : endedAtTime, query.cursor);
      const filter = {
        source: query.source,
        searchId: query.search_id,
        text: query.text,
        currency: query.currency,
        minPrice: query.min_price,
        maxPrice: query.max_price,
        condition: query.condition,
        seenSince: query.seen_since,
      };
      const { items, next } = await findListings(db, filter, sort, query.limit, after);
      return { status: 200, body: { items, next_cursor: writeCursor(sort, next) } };
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
    query: z.strictObject({ limit: pageSize, cursor: cursorField }),
    responses: { 200: { description: "A page of prices", schema: pageSchema(price) } },
    problems: [404],
    answer: async ({ db, params, query }) => {
      const found = await findPrices(
        db,
        params.id,
        query.limit,
        readCursor(history, endedAtTime, query.cursor),
      );
      if (found === null) throw noSuchListing(params.id);
      return { status: 200, body: { items: found.items, next_cursor: writeCursor(history, found.next) } };
    },
  }),
];

function noSuchListing(listingId: string): Problem {
  return new Problem("not-found", `listing ${listingId} does not exist`);
}
