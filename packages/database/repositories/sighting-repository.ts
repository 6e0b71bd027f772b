import { type Item, type ListingDetails, PermanentError } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** What one page said about one listing, and where that is written down. */
export interface Sighting {
  source: string;
  item: Item;
  readFrom: "card" | "page";
  runId: string;
  targetId: string | null;
  snapshotId: string | null;
  /** Of a card: a digest of all it says; null leaves the stored one. */
  cardDigest: string | null;
  /** Of a listing page. */
  details: ListingDetails | null;
}

/** A listing as it stood before and after a sighting was stored. */
export interface StoredSighting {
  listingId: string;
  externalId: string;
  /** The card says the same as last time, and the listing's own page was read within the age asked for. */
  isFresh: boolean;
  price: "new" | "confirmed" | "none";
}

/**
 * Stores sightings, each listing at most once a call: the listing is made or brought up to date, and its price is
 * either the one known, which is confirmed, or a new observation. Call it inside a transaction. What a page does not
 * say (null) leaves what is known; only a price may become unknown on the listing's own page.
 * @throws PermanentError when a listing is given twice.
 */
export async function storeSightings(
  trx: Database,
  sightings: readonly Sighting[],
  freshForHours: number,
): Promise<StoredSighting[]> {
  if (sightings.length === 0) return [];
  refuseRepeats(sightings);
  const listings = await upsertListings(trx, sightings, freshForHours);
  const prices = await recordPrices(trx, sightings);
  return listings.map((listing) => ({ ...listing, price: prices.get(listing.listingId) ?? "none" }));
}

function refuseRepeats(sightings: readonly Sighting[]): void {
  const identities = new Set(sightings.map(({ source, item }) => JSON.stringify([source, item.external_id])));
  if (identities.size === sightings.length) return;
  throw new PermanentError("duplicate-listing", "one listing was given twice in one call");
}

async function upsertListings(trx: Database, sightings: readonly Sighting[], freshForHours: number) {
  const rows = sightings.map(({ source, item, readFrom, cardDigest, details }) => ({
    ...item,
    source,
    details,
    card_digest: cardDigest,
    from_page: readFrom === "page",
  }));
  // Sorted, so that two transactions over the same listings lock them in the same order and never deadlock.
  const { rows: stored } = await sql<Omit<StoredSighting, "price">>`
    WITH seen AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS s (
        source text, external_id text, url text, title text, amount numeric, amount_max numeric, buy_it_now numeric,
        currency text, shipping numeric, list_price numeric, condition text, availability text, bids integer,
        best_offer boolean, ended boolean, seller text, image_url text, details jsonb, card_digest text, from_page boolean)
    ), known AS (
      SELECT l.id, l.card_digest, l.enriched_at FROM listings l JOIN seen s USING (source, external_id)
    ), stored AS (
      INSERT INTO listings AS l (source, external_id, url, title, amount, amount_max, buy_it_now, currency, shipping,
             list_price, condition, availability, bids, best_offer, ended, seller, image_url, details, card_digest, enriched_at)
      SELECT source, external_id, url, title, CASE WHEN currency IS NOT NULL THEN amount END, amount_max, buy_it_now,
             currency, shipping, list_price, condition, availability, bids, best_offer, ended, seller, image_url,
             details, card_digest, CASE WHEN from_page THEN now() END
        FROM seen ORDER BY source, external_id
      ON CONFLICT (source, external_id) DO UPDATE SET
        url = excluded.url,
        title = excluded.title,
        amount = CASE WHEN excluded.currency IS NULL THEN l.amount ELSE excluded.amount END,
        currency = coalesce(excluded.currency, l.currency),
        amount_max = excluded.amount_max,
        buy_it_now = excluded.buy_it_now,
        shipping = coalesce(excluded.shipping, l.shipping),
        list_price = coalesce(excluded.list_price, l.list_price),
        condition = coalesce(excluded.condition, l.condition),
        availability = coalesce(excluded.availability, l.availability),
        bids = coalesce(excluded.bids, l.bids),
        best_offer = excluded.best_offer,
        ended = excluded.ended,
        seller = coalesce(excluded.seller, l.seller),
        image_url = coalesce(excluded.image_url, l.image_url),
        details = coalesce(excluded.details, l.details),
        card_digest = coalesce(excluded.card_digest, l.card_digest),
        enriched_at = coalesce(excluded.enriched_at, l.enriched_at),
        last_seen_at = now(),
        gone_at = NULL
      RETURNING l.id, l.external_id, l.card_digest
    )
    SELECT stored.id AS "listingId", stored.external_id AS "externalId",
           coalesce(known.card_digest = stored.card_digest
                    AND known.enriched_at > now() - make_interval(hours => ${freshForHours}), false) AS "isFresh"
      FROM stored LEFT JOIN known ON known.id = stored.id`.execute(trx);
  return stored;
}

/** The listings' rows are locked by the upsert before, so that two sightings of one listing cannot both add its price. */
async function recordPrices(
  trx: Database,
  sightings: readonly Sighting[],
): Promise<Map<string, "new" | "confirmed">> {
  const rows = sightings
    .filter(({ item }) => item.amount !== null && item.currency !== null)
    .map(({ source, item, readFrom, runId, targetId, snapshotId }) => ({
      source,
      external_id: item.external_id,
      amount: item.amount,
      amount_max: item.amount_max,
      buy_it_now: item.buy_it_now,
      currency: item.currency,
      shipping: item.shipping,
      methods: item.methods,
      read_from: readFrom,
      run_id: runId,
      target_id: targetId,
      snapshot_id: snapshotId,
    }));
  // A page that leaves out a part of the price (shipping, the range's end) does not contradict one that printed it.
  const { rows: recorded } = await sql<{ listing_id: string; price: "new" | "confirmed" }>`
    WITH seen AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS s (
        source text, external_id text, amount numeric, amount_max numeric, buy_it_now numeric, currency text,
        shipping numeric, methods jsonb, read_from text, run_id bigint, target_id bigint, snapshot_id bigint)
    ), compared AS (
      SELECT s.*, l.id AS listing_id, o.id AS known_id, o.observed_at AS known_at,
             coalesce(o.amount = s.amount AND o.currency = s.currency
                      AND coalesce(o.amount_max = s.amount_max, true) AND coalesce(o.buy_it_now = s.buy_it_now, true)
                      AND coalesce(o.shipping = s.shipping, true), false) AS is_same
        FROM seen s
        JOIN listings l USING (source, external_id)
        LEFT JOIN price_observations o ON o.id = l.latest_observation_id AND o.observed_at = l.latest_observed_at
    ), confirmed AS (
      UPDATE price_observations o
         SET confirmed_at = now(), confirmations = o.confirmations + 1,
             amount_max = coalesce(o.amount_max, c.amount_max), buy_it_now = coalesce(o.buy_it_now, c.buy_it_now),
             shipping = coalesce(o.shipping, c.shipping), snapshot_id = coalesce(c.snapshot_id, o.snapshot_id),
             methods = CASE WHEN c.read_from = 'page' THEN c.methods ELSE o.methods END
        FROM compared c
       WHERE c.is_same AND o.id = c.known_id AND o.observed_at = c.known_at
      RETURNING o.listing_id
    ), added AS (
      INSERT INTO price_observations (listing_id, observed_at, amount, amount_max, buy_it_now, currency, shipping,
             read_from, methods, run_id, target_id, snapshot_id, confirmed_at)
      SELECT listing_id, now(), amount, amount_max, buy_it_now, currency, shipping, read_from, methods, run_id, target_id,
             snapshot_id, now() FROM compared WHERE NOT is_same
      RETURNING id, listing_id, observed_at
    ), pointed AS (
      UPDATE listings l SET latest_observation_id = a.id, latest_observed_at = a.observed_at
        FROM added a WHERE l.id = a.listing_id
    )
    SELECT listing_id, 'confirmed' AS price FROM confirmed UNION ALL SELECT listing_id, 'new' FROM added`.execute(
    trx,
  );
  return new Map(recorded.map((row) => [row.listing_id, row.price]));
}
