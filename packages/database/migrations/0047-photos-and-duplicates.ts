import { type Kysely, sql } from "kysely";

/** What a listing's first photo looks like, and which listings seem to offer the same thing. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.listing_photos (
      listing_id bigint PRIMARY KEY REFERENCES price_tracker.listings ON DELETE CASCADE,
      url text NOT NULL,
      hash bigint,
      bands integer[],
      failure text,
      looked_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT a_hash_has_bands CHECK ((hash IS NULL) = (bands IS NULL))
    )`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.listing_photos.hash IS 'difference hash; null: it could not be read (failure), or is a plain surface'`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.listing_photos.bands IS 'parts of the hash: two hashes that are near each other have one the same'`.execute(
    db,
  );
  await sql`CREATE INDEX listing_photos_by_band ON price_tracker.listing_photos USING gin (bands)`.execute(
    db,
  );
  await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.listing_photos TO pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT SELECT ON price_tracker.listing_photos TO pricefleet_api`.execute(db);
  await sql`CREATE SEQUENCE price_tracker.duplicate_groups`.execute(db);
  await sql`GRANT USAGE ON SEQUENCE price_tracker.duplicate_groups TO pricefleet_worker`.execute(db);
  await sql`ALTER TABLE price_tracker.listings ADD COLUMN duplicate_group bigint`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.listings.duplicate_group IS 'those of one group have nearly the same title and the same photo; null: it has none'`.execute(
    db,
  );
  await sql`
    CREATE INDEX listings_of_group ON price_tracker.listings (duplicate_group, id) WHERE duplicate_group IS NOT NULL`.execute(
    db,
  );
  for (const statement of [keepPhoto, groupListings]) await statement.execute(db);
}

/** Who has another photo leaves its group: the new one decides anew. */
const keepPhoto = sql`
    CREATE FUNCTION price_tracker.keep_photo(p_listing_id bigint, p_url text, p_hash bigint, p_bands integer[], p_failure text,
                                             p_distance integer)
    RETURNS TABLE (listing_id bigint, title text)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp SET enable_seqscan = off
    SET plan_cache_mode = force_custom_plan AS $$
    #variable_conflict use_column
    BEGIN
      INSERT INTO listing_photos AS p (listing_id, url, hash, bands, failure)
      VALUES (p_listing_id, p_url, p_hash, p_bands, p_failure)
      ON CONFLICT (listing_id) DO UPDATE SET url = excluded.url, hash = excluded.hash, bands = excluded.bands,
        failure = excluded.failure, looked_at = now();
      UPDATE listings SET duplicate_group = NULL WHERE id = p_listing_id AND duplicate_group IS NOT NULL;
      -- A picture that hundreds have (a shop's sign, "no photo") is judged by the nearest and newest of them.
      RETURN QUERY
      SELECT l.id, l.title
        FROM (SELECT p.listing_id AS id, bit_count((p.hash # p_hash)::bit(64)) AS distance FROM listing_photos p
               WHERE p.bands && p_bands AND p.listing_id <> p_listing_id) near
        JOIN listings l USING (id)
       WHERE near.distance <= p_distance ORDER BY near.distance, l.id DESC LIMIT 500;
    END $$;
    REVOKE ALL ON FUNCTION price_tracker.keep_photo(bigint, text, bigint, integer[], text, integer) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION price_tracker.keep_photo TO pricefleet_worker`;

/** One at a time: two who join the same groups would make two of one. */
const groupListings = sql`
    CREATE FUNCTION price_tracker.group_listings(p_listing_ids bigint[]) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp SET enable_seqscan = off
    SET plan_cache_mode = force_custom_plan AS $$
    DECLARE
      v_groups bigint[];
      v_group bigint;
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtext('price_tracker.group_listings'));
      SELECT array_agg(DISTINCT duplicate_group) INTO v_groups
        FROM listings WHERE id = ANY (p_listing_ids) AND duplicate_group IS NOT NULL;
      v_group := coalesce((SELECT min(g) FROM unnest(v_groups) g), nextval('price_tracker.duplicate_groups'));
      -- In the order of store_sightings, so that the two never wait in a circle.
      PERFORM FROM listings WHERE id = ANY (p_listing_ids) OR duplicate_group = ANY (v_groups)
        ORDER BY source, external_id FOR UPDATE;
      UPDATE listings SET duplicate_group = v_group
       WHERE (id = ANY (p_listing_ids) OR duplicate_group = ANY (v_groups)) AND duplicate_group IS DISTINCT FROM v_group;
      RETURN v_group;
    END $$;
    REVOKE ALL ON FUNCTION price_tracker.group_listings(bigint[]) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION price_tracker.group_listings TO pricefleet_worker`;
