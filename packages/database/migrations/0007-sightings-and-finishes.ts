import { type Kysely, sql } from "kysely";

/**
 * What a page said about listings, and the finish of a target. Functions, so that PostgreSQL plans them once a
 * connection and not once a call: docs/decisions/claims-in-plpgsql.md has the figures. A plan made while the book was
 * empty would read it from end to end until the next ANALYZE, so sequential scans are off there.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE FUNCTION price_tracker.store_sightings(p_sightings jsonb, p_fresh_for_hours integer)
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
        SELECT * FROM jsonb_to_recordset(p_sightings) AS s (
          source text, external_id text, url text, title text, amount numeric, amount_max numeric, buy_it_now numeric,
          currency text, shipping numeric, list_price numeric, condition text, availability text, bids integer,
          best_offer boolean, ended boolean, seller text, image_url text, details jsonb, card_digest text, read_from text)
      ), known AS MATERIALIZED (
        SELECT l.id, l.card_digest, l.enriched_at FROM listings l JOIN seen s USING (source, external_id)
      ), stored AS (
        INSERT INTO listings AS l (source, external_id, url, title, amount, amount_max, buy_it_now, currency, shipping,
               list_price, condition, availability, bids, best_offer, ended, seller, image_url, details, card_digest, enriched_at)
        SELECT source, external_id, url, title, CASE WHEN currency IS NOT NULL THEN amount END, amount_max, buy_it_now,
               currency, shipping, list_price, condition, availability, bids, best_offer, ended, seller, image_url,
               details, card_digest, CASE WHEN read_from = 'page' THEN now() END
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
          shipping numeric, methods jsonb, read_from text, run_id bigint, target_id bigint, snapshot_id bigint)
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
               read_from, methods, run_id, target_id, snapshot_id, confirmed_at)
        SELECT listing_id, v_now, amount, amount_max, buy_it_now, currency, shipping, read_from, methods, run_id, target_id,
               snapshot_id, v_now FROM compared WHERE NOT is_same
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
    END $$`.execute(db);

  await sql`
    CREATE FUNCTION price_tracker.finish_listing(p_target_id bigint, p_lease_token uuid, p_sighting jsonb, p_snapshot jsonb)
    RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      v_snapshot_id bigint;
      v_listing_id bigint;
    BEGIN
      UPDATE targets SET state = 'done', finished_at = now(), lease_expires_at = NULL, error_class = NULL, reason = NULL,
             last_error = NULL
       WHERE id = p_target_id AND state = 'running' AND lease_token = p_lease_token;
      IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM targets WHERE id = p_target_id AND lease_token = p_lease_token
                                    AND state IN ('done', 'failed', 'dead')) THEN 'before' ELSE 'lost' END;
      END IF;
      v_snapshot_id := nextval(pg_get_serial_sequence('price_tracker.snapshots', 'id'));
      SELECT listing_id INTO v_listing_id
        FROM store_sightings(jsonb_build_array(p_sighting || jsonb_build_object('snapshot_id', v_snapshot_id)), 0);
      INSERT INTO snapshots (id, sha256, path, size_bytes, url, source, listing_id, target_id, fetched_by, page_state, fetched_at)
      OVERRIDING SYSTEM VALUE
      SELECT v_snapshot_id, sha256, path, size_bytes, url, source, v_listing_id, target_id, fetched_by, page_state, fetched_at
        FROM jsonb_populate_record(NULL::snapshots, p_snapshot);
      RETURN 'now';
    END $$`.execute(db);

  await sql`
    REVOKE EXECUTE ON FUNCTION price_tracker.store_sightings, price_tracker.finish_listing FROM PUBLIC`.execute(
    db,
  );
  await sql`
    GRANT EXECUTE ON FUNCTION price_tracker.store_sightings, price_tracker.finish_listing TO pricefleet_worker`.execute(
    db,
  );
}
