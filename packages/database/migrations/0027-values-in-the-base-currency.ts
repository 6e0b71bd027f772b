import { type Kysely, sql } from "kysely";

/**
 * What a price was worth in the user's base currency at the moment it was seen. The rate comes with the sighting, because
 * who stores it knows when a market was open; it is multiplied here, where amounts are decimals.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.price_observations
      ADD COLUMN base_currency text, ADD COLUMN base_amount numeric, ADD COLUMN base_rate numeric,
      ADD COLUMN base_quote_ids bigint[], ADD COLUMN base_quoted_at timestamptz,
      ADD COLUMN base_missing text CHECK (base_missing IN ('no-rate', 'stale-rate'))`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.price_observations.base_quoted_at IS 'of the oldest quote; null: the price is in the base currency'
  `.execute(db);
  await sql`
    ALTER TABLE price_tracker.listings
      ADD COLUMN base_currency text, ADD COLUMN base_amount numeric, ADD COLUMN base_valued_at timestamptz,
      ADD COLUMN base_missing text CHECK (base_missing IN ('no-rate', 'stale-rate'))`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.listings.base_amount IS 'of amount, when it was seen last with a rate to go by'
  `.execute(db);
  await sql`
    CREATE INDEX listings_by_base_amount ON price_tracker.listings (base_currency, base_amount, id)
     WHERE base_amount IS NOT NULL`.execute(db);
  await sql`${sql.raw(storeSightings)}`.execute(db);
}

/** A price that is the same keeps its value when there is no rate now; another price without a rate has none. */
const isValuedAnew = `(excluded.currency IS NOT NULL AND (excluded.base_amount IS NOT NULL
            OR excluded.amount IS DISTINCT FROM l.amount OR excluded.currency IS DISTINCT FROM l.currency))`;
const valuedAnew = ["base_currency", "base_amount", "base_missing", "base_valued_at"]
  .map((column) => `${column} = CASE WHEN ${isValuedAnew} THEN excluded.${column} ELSE l.${column} END`)
  .join(",\n          ");

/** As in 0007, with the values in the base currency. */
const storeSightings = `
    CREATE OR REPLACE FUNCTION price_tracker.store_sightings(p_sightings jsonb, p_fresh_for_hours integer)
    RETURNS TABLE (listing_id bigint, external_id text, is_fresh boolean, price text)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp SET enable_seqscan = off AS $$
    #variable_conflict use_column
    DECLARE
      v_listing_ids bigint[];
      v_external_ids text[];
      v_are_fresh boolean[];
      v_now timestamptz;
    BEGIN
      -- Sorted, so that two transactions over the same listings lock them in the same order and never deadlock.
      WITH seen AS (
        SELECT s.*, round(s.amount * s.base_rate, 4) AS base_amount FROM jsonb_to_recordset(p_sightings) AS s (
          source text, external_id text, url text, title text, amount numeric, amount_max numeric, buy_it_now numeric,
          currency text, shipping numeric, list_price numeric, condition text, availability text, bids integer,
          best_offer boolean, ended boolean, seller text, image_url text, details jsonb, card_digest text, read_from text,
          base_currency text, base_rate numeric, base_missing text)
      ), known AS MATERIALIZED (
        SELECT l.id, l.card_digest, l.enriched_at FROM listings l JOIN seen s USING (source, external_id)
      ), stored AS (
        INSERT INTO listings AS l (source, external_id, url, title, amount, amount_max, buy_it_now, currency, shipping,
               list_price, condition, availability, bids, best_offer, ended, seller, image_url, details, card_digest, enriched_at,
               base_currency, base_amount, base_missing, base_valued_at)
        SELECT source, external_id, url, title, CASE WHEN currency IS NOT NULL THEN amount END, amount_max, buy_it_now,
               currency, shipping, list_price, condition, availability, bids, best_offer, ended, seller, image_url,
               details, card_digest, CASE WHEN read_from = 'page' THEN now() END,
               base_currency, base_amount, CASE WHEN amount IS NOT NULL THEN base_missing END,
               CASE WHEN base_amount IS NOT NULL THEN now() END
          FROM seen ORDER BY source, external_id
        ON CONFLICT (source, external_id) DO UPDATE SET
          url = excluded.url,
          title = excluded.title,
          amount = CASE WHEN excluded.currency IS NULL THEN l.amount ELSE excluded.amount END,
          currency = coalesce(excluded.currency, l.currency),
          ${valuedAnew},
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
          last_seen_at = greatest(l.last_seen_at, now()),
          gone_at = NULL
        RETURNING l.id, l.external_id, l.card_digest
      )
      SELECT array_agg(stored.id), array_agg(stored.external_id),
             array_agg(coalesce(known.card_digest = stored.card_digest
                                AND known.enriched_at > now() - make_interval(hours => p_fresh_for_hours), false))
        INTO v_listing_ids, v_external_ids, v_are_fresh
        FROM stored LEFT JOIN known ON known.id = stored.id;

      -- The listings' rows are locked from here on, so two sightings of one listing cannot both add its price. The time
      -- is read under that lock: a transaction that began earlier and waited must not write its price into the past.
      v_now := clock_timestamp();
      RETURN QUERY
      WITH seen AS (
        SELECT * FROM jsonb_to_recordset(p_sightings) AS s (
          source text, external_id text, amount numeric, amount_max numeric, buy_it_now numeric, currency text,
          shipping numeric, methods jsonb, read_from text, run_id bigint, target_id bigint, snapshot_id bigint,
          base_currency text, base_rate numeric, base_quote_ids bigint[], base_quoted_at timestamptz, base_missing text)
         WHERE amount IS NOT NULL AND currency IS NOT NULL
      ), compared AS (
        -- A page that leaves out a part of the price (shipping, the range's end) does not contradict one that printed it.
        SELECT s.*, l.id AS listing_id, o.id AS known_id, o.observed_at AS known_at,
               coalesce(o.amount = s.amount AND o.currency = s.currency
                        AND coalesce(o.amount_max = s.amount_max, true) AND coalesce(o.buy_it_now = s.buy_it_now, true)
                        AND coalesce(o.shipping = s.shipping, true), false) AS is_same
          FROM seen s
          JOIN listings l USING (source, external_id)
          LEFT JOIN price_observations o ON o.id = l.latest_observation_id AND o.observed_at = l.latest_observed_at
      ), confirmed AS (
        UPDATE price_observations o
           SET confirmed_at = v_now, confirmations = o.confirmations + 1,
               amount_max = coalesce(o.amount_max, c.amount_max), buy_it_now = coalesce(o.buy_it_now, c.buy_it_now),
               shipping = coalesce(o.shipping, c.shipping), snapshot_id = coalesce(c.snapshot_id, o.snapshot_id),
               methods = CASE WHEN c.read_from = 'page' THEN c.methods ELSE o.methods END
          FROM compared c
         WHERE c.is_same AND o.id = c.known_id AND o.observed_at = c.known_at
        RETURNING o.listing_id
      ), added AS (
        INSERT INTO price_observations (listing_id, observed_at, amount, amount_max, buy_it_now, currency, shipping,
               read_from, methods, run_id, target_id, snapshot_id, confirmed_at,
               base_currency, base_amount, base_rate, base_quote_ids, base_quoted_at, base_missing)
        SELECT listing_id, v_now, amount, amount_max, buy_it_now, currency, shipping, read_from, methods, run_id, target_id,
               snapshot_id, v_now,
               base_currency, round(amount * base_rate, 4), base_rate, base_quote_ids, base_quoted_at, base_missing
          FROM compared WHERE NOT is_same
        RETURNING id, listing_id, observed_at
      ), pointed AS (
        UPDATE listings l SET latest_observation_id = a.id, latest_observed_at = a.observed_at
          FROM added a WHERE l.id = a.listing_id
      ), recorded AS (
        SELECT listing_id, 'confirmed' AS price FROM confirmed UNION ALL SELECT listing_id, 'new' FROM added
      )
      SELECT s.listing_id, s.external_id, s.is_fresh, coalesce(r.price, 'none')
        FROM unnest(v_listing_ids, v_external_ids, v_are_fresh) AS s (listing_id, external_id, is_fresh)
        LEFT JOIN recorded r USING (listing_id);
    END $$`;
