import type { Availability, Item, ListingDetails, ListingState, OfferKind } from "@pricefleet/contracts";
import { type RawBuilder, sql } from "kysely";
import type { Database } from "../connect.ts";
import { findRelations } from "./listing-relations-queries.ts";
import { exactTime, pageOf, type Position } from "./positions.ts";
import { findPendingPrice } from "./price-queries.ts";

/**
 * What the API reads of listings and their prices. Rows are named as its JSON is, so that nothing translates them.
 */
export interface ListingFilter {
  source?: string | undefined;
  searchId?: string | undefined;
  /** Words that the title holds; "quoted words" stand together, -word must not be there. */
  text?: string | undefined;
  /** ISO 4217; the prices below are in it. Listings that are priced in it, unless `compare` says more. */
  currency?: string | undefined;
  /** Also listings priced in other currencies, by their values in the base currency. */
  compare?: Comparison | undefined;
  minPrice?: string | undefined;
  maxPrice?: string | undefined;
  /** As the site words it, in any case. */
  condition?: string | undefined;
  state?: ListingState | undefined;
  /** The graphics card that its title offers, as the catalog names it. */
  model?: string | undefined;
  memoryGb?: number | undefined;
  offer?: string | undefined;
  /** One listing of each group of duplicates. */
  distinct?: boolean | undefined;
  seenSince?: Date | undefined;
  /** 0 to 1; listings whose price is not known to be as sure are left out. */
  minConfidence?: string | undefined;
  /** Only listings with a price in quarantine. */
  isDoubted?: boolean | undefined;
  /** At least this share below its peers; decimal. */
  minDeal?: string | undefined;
}

/** How values in the base currency become amounts of the currency asked for. */
export interface Comparison {
  base: string;
  /** Of the currency asked for, for one of the base currency; decimal. */
  rate: string;
}

const orders = {
  newest: { column: "first_seen_at", direction: "desc" },
  oldest: { column: "first_seen_at", direction: "asc" },
  last_seen: { column: "last_seen_at", direction: "desc" },
  price_asc: { column: "amount", direction: "asc" },
  price_desc: { column: "amount", direction: "desc" },
  deal: { column: "deal", direction: "desc" },
} as const;
export type ListingOrder = keyof typeof orders;

const listingColumns = [
  "l.id",
  "l.source",
  "l.external_id",
  "l.url",
  "l.title",
  "l.amount",
  "l.amount_max",
  "l.buy_it_now",
  "l.currency",
  "l.shipping",
  "l.list_price",
  "l.condition",
  "l.bids",
  "l.best_offer",
  "l.ended",
  "l.seller",
  "l.image_url",
  "l.first_seen_at",
  "l.last_seen_at",
  "l.enriched_at",
  "l.gone_at",
  "l.state_since",
  "l.misses",
  "l.base_currency",
  "l.base_amount",
  "l.base_valued_at",
] as const;

/** What the title offers by the catalog of graphics cards; null: it was not matched yet. */
const matched = sql<ListedMatch | null>`(
  SELECT json_build_object('offer', m.offer, 'model', m.model, 'memory_gb', m.memory_gb, 'catalog_version', m.catalog_version)
    FROM listing_models m WHERE m.listing_id = l.id)`.as("matched");

/** How far below its peers it is. One that was reckoned of another price than the one known now says nothing any more. */
const deal = sql<ListedDeal | null>`
  CASE WHEN abs(deals.base_amount - l.base_amount) < 0.0001
       THEN json_build_object('deal', deals.deal::text, 'peers', deals.peers, 'peers_by', deals.peers_by,
                              'peers_median', deals.peers_median::text, 'missing', deals.missing) END`.as(
  "deal",
);

export interface ListedDeal {
  deal: string | null;
  peers: number;
  peers_by: "model-and-condition" | "model" | "search" | null;
  peers_median: string | null;
  missing: "few-peers" | "far-from-peers" | "peers-differ" | null;
}

export interface ListedMatch {
  offer: string;
  model: string | null;
  memory_gb: number | null;
  catalog_version: number;
}

const availability = sql.ref<Availability | null>("l.availability").as("availability");
const offerKind = sql.ref<OfferKind | null>("l.offer_kind").as("offer_kind");
const state = sql.ref<ListingState>("l.state").as("state");
const stateKnownBy = sql.ref<"card" | "page">("l.state_known_by").as("state_known_by");
const confidence = sql<number | null>`l.confidence::float8`.as("confidence");
const baseMissing = sql.ref<"no-rate" | "stale-rate" | null>("l.base_missing").as("base_missing");

/** What every list and every answer about one listing tells of it. */
const listingFields = [
  ...listingColumns,
  matched,
  deal,
  availability,
  offerKind,
  state,
  stateKnownBy,
  baseMissing,
  confidence,
] as const;

/** A page of listings. Ordered by price, those without one are left out: an unknown price has no place in that order. */
export async function findListings(
  db: Database,
  filter: ListingFilter,
  order: ListingOrder,
  limit: number,
  after: Position | null,
) {
  const { direction } = orders[order];
  const own = somePage(db, filter, order, limit, after, false);
  if (!comparesOthers(filter)) return pageOf(await own.execute(), limit);
  // Two halves, each in the order of an index, of which the first rows of both make the page.
  const others = somePage(db, filter, order, limit, after, true);
  const key = sql`key::${sql.raw(isByNumber(order) ? "numeric" : "timestamptz")}`;
  const rows = await db
    .selectFrom(
      db
        .selectFrom(own.as("own"))
        .selectAll()
        .unionAll(db.selectFrom(others.as("others")).selectAll())
        .as("both"),
    )
    .selectAll()
    .orderBy(key, direction)
    .orderBy("id", direction)
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit);
}

function isByAmount(order: ListingOrder): boolean {
  return orders[order].column === "amount";
}

/** Others are by a time. */
function isByNumber(order: ListingOrder): boolean {
  return isByAmount(order) || order === "deal";
}

function withDeals(db: Database) {
  return db.selectFrom("listings as l").leftJoin("listing_deals as deals", "deals.listing_id", "l.id");
}

/** As a range, for PostgreSQL takes two equal columns for so rare that it reads all listings. */
function isDealOf(alias: "l" | "d"): RawBuilder<boolean> {
  return sql<boolean>`abs(deals.base_amount - ${sql.ref(`${alias}.base_amount`)}) < 0.0001`;
}

/** Are listings that are priced in other currencies than the one asked for compared with it? */
function comparesOthers({ compare, currency }: ListingFilter): boolean {
  return compare !== undefined && currency !== undefined;
}

function somePage(
  db: Database,
  filter: ListingFilter,
  order: ListingOrder,
  limit: number,
  after: Position | null,
  isOther: boolean,
) {
  const { column, direction } = orders[order];
  const isByPrice = isByAmount(order);
  // What counts as the price, and the column that is in the same order.
  const amount = isOther ? otherAmount(filter, "l") : sql.ref("l.amount");
  const index = sql.ref(isOther ? "l.base_amount" : "l.amount");
  const ref = isByPrice ? amount : sql.ref(order === "deal" ? "deals.deal" : `l.${column}`);
  let query = withDeals(db).where(conditionsOf(filter, "l", isOther));
  if (filter.distinct === true) query = query.where(isFirstOfGroup(filter, isByPrice));
  if (isByPrice) query = query.where(sql<boolean>`${index} IS NOT NULL`);
  if (order === "deal") query = query.where("deals.deal", "is not", null).where(isDealOf("l"));
  if (after !== null) {
    const type = sql.raw(isByNumber(order) ? "numeric" : "timestamptz");
    const comparison = sql.raw(direction === "asc" ? ">" : "<");
    query = query.where(
      sql<boolean>`(${ref}, l.id) ${comparison} (${after.key}::${type}, ${after.id}::bigint)`,
    );
  }
  return query
    .select([
      ...listingFields,
      sql<string | null>`round(${filter.currency === undefined ? sql`NULL::numeric` : amount}, 4)::text`.as(
        "compared_amount",
      ),
      (isByNumber(order) ? sql<string>`(${ref})::text` : exactTime(`l.${column}`)).as("key"),
    ])
    .orderBy(isByPrice ? index : ref, direction)
    .orderBy("l.id", direction)
    .limit(limit + 1);
}

/** What must hold of the listing that is called `alias`; `isOther`: of one that is priced in another currency than asked for. */
function conditionsOf(filter: ListingFilter, alias: "l" | "d", isOther: boolean): RawBuilder<boolean> {
  const { source, searchId, text, currency, minPrice, maxPrice, condition, seenSince, compare } = filter;
  const of = (column: string) => sql.ref(`${alias}.${column}`);
  const amount = isOther ? otherAmount(filter, alias) : of("amount");
  const all: RawBuilder<unknown>[] = [];
  // Written out: with a parameter the index of what is over would not be found.
  if (filter.state !== undefined) all.push(sql`${of("state")} = ${sql.lit(filter.state)}`);
  if (source !== undefined) all.push(sql`${of("source")} = ${source}`);
  if (searchId !== undefined)
    all.push(
      sql`EXISTS (SELECT FROM search_listings sl WHERE sl.search_id = ${searchId}::bigint AND sl.listing_id = ${of("id")})`,
    );
  if (text !== undefined)
    all.push(sql`to_tsvector('simple', ${of("title")}) @@ websearch_to_tsquery('simple', ${text})`);
  if (currency !== undefined)
    all.push(isOther ? sql`${of("currency")} <> ${currency}` : sql`${of("currency")} = ${currency}`);
  if (isOther && compare !== undefined)
    all.push(sql`${of("base_currency")} = ${compare.base}`, sql`${of("base_amount")} IS NOT NULL`);
  if (minPrice !== undefined) all.push(sql`${amount} >= ${minPrice}::numeric`);
  if (maxPrice !== undefined) all.push(sql`${amount} <= ${maxPrice}::numeric`);
  if (condition !== undefined) all.push(sql`lower(${of("condition")}) = lower(${condition})`);
  const { model, memoryGb = null, offer = null } = filter;
  if (model !== undefined)
    all.push(sql`${of("id")} IN (SELECT m.listing_id FROM listing_models m WHERE m.model = ${model}
                               AND (${offer}::text IS NULL OR m.offer = ${offer})
                               AND (${memoryGb}::integer IS NULL OR m.memory_gb = ${memoryGb}))`);
  if (filter.isDoubted === true) all.push(sql`${of("pending_observation_id")} IS NOT NULL`);
  if (filter.minDeal !== undefined) {
    all.push(sql`EXISTS (SELECT FROM listing_deals deals WHERE deals.listing_id = ${of("id")}
                            AND deals.deal >= ${filter.minDeal}::numeric AND ${isDealOf(alias)})`);
  }
  if (filter.minConfidence !== undefined) all.push(sql`${of("confidence")} >= ${filter.minConfidence}`);
  if (seenSince !== undefined) all.push(sql`${of("last_seen_at")} >= ${seenSince}`);
  return all.length === 0 ? sql`true` : sql`${sql.join(all, sql` AND `)}`;
}

/** The value in the base currency, as an amount of the currency asked for. */
function otherAmount({ compare }: ListingFilter, alias: "l" | "d"): RawBuilder<unknown> {
  return sql`(${sql.ref(`${alias}.base_amount`)} * ${compare?.rate ?? null}::numeric)`;
}

/** Of a group's listings that the list could show, the first: what can be had before what is over, then the oldest. */
function isFirstOfGroup(filter: ListingFilter, isByPrice: boolean): RawBuilder<boolean> {
  const shown = [false, ...(comparesOthers(filter) ? [true] : [])].map((isOther) => {
    const price = sql.ref(isOther ? "d.base_amount" : "d.amount");
    return sql`(${conditionsOf(filter, "d", isOther)} AND ${isByPrice ? sql`${price} IS NOT NULL` : sql`true`})`;
  });
  return sql`NOT EXISTS (
    SELECT FROM listings d WHERE d.duplicate_group = l.duplicate_group
       AND (d.state <> 'active', d.id) < (l.state <> 'active', l.id) AND (${sql.join(shown, sql` OR `)}))`;
}

/** A listing with what its own page told, and the searches that found it; null if there is no such listing. */
export async function findListing(db: Database, id: string) {
  const listing = await withDeals(db)
    .select([...listingFields, sql.ref<ListingDetails | null>("l.details").as("details")])
    .where("l.id", "=", id)
    .executeTakeFirst();
  if (listing === undefined) return null;
  const searches = await db
    .selectFrom("search_listings")
    .select(["search_id as id", sql.ref<Item["match"]>("match").as("match")])
    .where("listing_id", "=", id)
    .orderBy("search_id")
    .execute();
  const states = await db
    .selectFrom("listing_states")
    .select([
      sql.ref<ListingState | null>("from_state").as("from"),
      sql.ref<ListingState>("to_state").as("to"),
      "at",
      sql.ref<"card" | "page">("known_by").as("known_by"),
      "reason",
      "misses",
    ])
    .where("listing_id", "=", id)
    .orderBy("id", "desc")
    .limit(100)
    .execute();
  return {
    ...listing,
    pending_price: await findPendingPrice(db, id),
    searches,
    states,
    ...(await findRelations(db, id)),
  };
}
