import { type Kysely, sql } from "kysely";

/**
 * What the methods of a page said of a price besides, how far it can be trusted, and prices that are too odd to be
 * believed at once: they are kept apart until a second look. docs/decisions/quarantine.md says why.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.price_observations
      ADD COLUMN disagreed jsonb NOT NULL DEFAULT '[]',
      ADD COLUMN confidence numeric(3, 2),
      ADD COLUMN quarantine text CHECK (quarantine IN ('quarantined', 'confirmed', 'refuted')),
      ADD COLUMN doubt text,
      ADD COLUMN quarantine_ended_at timestamptz,
      ADD CONSTRAINT a_quarantine_has_its_doubt CHECK ((quarantine IS NULL) = (doubt IS NULL))`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.price_observations.quarantine IS 'null: never doubted. Only that and confirmed are prices to go by'`.execute(
    db,
  );
  await sql`
    ALTER TABLE price_tracker.listings
      ADD COLUMN confidence numeric(3, 2),
      ADD COLUMN pending_observation_id bigint,
      ADD COLUMN pending_observed_at timestamptz,
      ADD COLUMN second_looks smallint NOT NULL DEFAULT 0`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.listings.pending_observation_id IS 'its price in quarantine, while amount is the last one that is trusted'`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.listings.second_looks IS 'pages that gave yet another price to doubt, since one was trusted'`.execute(
    db,
  );

  await sql`${sql.raw(doubtOfPrice)}`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.doubt_of_price FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.doubt_of_price TO pricefleet_worker`.execute(db);

  await sql`DROP FUNCTION price_tracker.finish_listing`.execute(db);
  await sql`${sql.raw(finishListing)}`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.finish_listing FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.finish_listing TO pricefleet_worker`.execute(db);
}

/** Why a price cannot be believed beside one that is; null: it can. A bid may rise as far as people like. */
const doubtOfPrice = `
    CREATE FUNCTION price_tracker.doubt_of_price(p_known numeric, p_known_currency text, p_amount numeric, p_currency text, p_is_auction boolean)
    RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, price_tracker, pg_temp AS $$
      SELECT CASE
        WHEN p_known IS NULL OR p_amount IS NULL THEN NULL
        WHEN p_known_currency <> p_currency THEN format('currency changed %s to %s', p_known_currency, p_currency)
        WHEN p_known <= 0 OR p_known = p_amount THEN NULL
        WHEN p_amount <= 0 THEN format('fell from %s to %s', p_known, p_amount)
        WHEN p_is_auction AND p_amount > p_known THEN NULL
        WHEN p_amount IN (p_known * 10, p_known * 100, p_known * 1000)
          THEN format('ratio %s: looks like a lost decimal separator', trim_scale(p_amount / p_known))
        WHEN p_known IN (p_amount * 10, p_amount * 100, p_amount * 1000)
          THEN format('ratio 1/%s: looks like a misplaced decimal separator', trim_scale(p_known / p_amount))
        WHEN p_amount >= p_known * 3 AND p_amount / p_known <= 12 AND p_amount / p_known / round(p_amount / p_known) BETWEEN 0.95 AND 1.01
          THEN format('ratio %s: looks like a bundle of %s', trim_scale(round(p_amount / p_known, 2)), round(p_amount / p_known))
        WHEN p_amount >= p_known * 3 THEN format('ratio %s: beyond the bound of 3', trim_scale(round(p_amount / p_known, 2)))
        WHEN p_known >= p_amount * 3 THEN format('ratio 1/%s: beyond the bound of 3', trim_scale(round(p_known / p_amount, 2)))
      END
    $$`;

/** As in 0007, but a price in quarantine sends its target around once more. */
const finishListing = `
    CREATE FUNCTION price_tracker.finish_listing(p_target_id bigint, p_lease_token uuid, p_sighting jsonb, p_snapshot jsonb, p_second_look_seconds integer DEFAULT 120) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      v_snapshot_id bigint;
      v_listing_id bigint;
      v_price text;
    BEGIN
      UPDATE targets SET state = 'done', finished_at = now(), lease_expires_at = NULL, error_class = NULL, reason = NULL,
             last_error = NULL
       WHERE id = p_target_id AND state = 'running' AND lease_token = p_lease_token;
      IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM targets WHERE id = p_target_id AND lease_token = p_lease_token
                                    AND (state IN ('done', 'failed', 'dead') OR (state IN ('pending', 'queued') AND reason = 'second-look'))) THEN 'before' ELSE 'lost' END;
      END IF;
      v_snapshot_id := nextval(pg_get_serial_sequence('price_tracker.snapshots', 'id'));
      SELECT listing_id, price INTO v_listing_id, v_price
        FROM store_sightings(jsonb_build_array(p_sighting || jsonb_build_object('snapshot_id', v_snapshot_id)), 0);
      INSERT INTO snapshots (id, sha256, path, size_bytes, url, source, listing_id, target_id, fetched_by, page_state, fetched_at)
      OVERRIDING SYSTEM VALUE
      SELECT v_snapshot_id, sha256, path, size_bytes, url, source, v_listing_id, target_id, fetched_by, page_state, fetched_at
        FROM jsonb_populate_record(NULL::snapshots, p_snapshot);
      -- A price in quarantine is looked at again soon, at most three times on end; the run is over when that is.
      IF v_price = 'quarantined' AND (SELECT second_looks FROM listings WHERE id = v_listing_id) <= 3 THEN
        UPDATE targets
           SET state = 'pending', reason = 'second-look', finished_at = NULL, attempts = 0, lost_leases = 0, republish_after = NULL,
               not_before = now() + make_interval(secs => p_second_look_seconds)
         WHERE id = p_target_id;
        RETURN 'look-again';
      END IF;
      RETURN 'now';
    END $$`;
