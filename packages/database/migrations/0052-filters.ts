import { type Kysely, sql } from "kysely";

/** What a search keeps of what it finds, and how much each run left out, by reason. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE price_tracker.searches ADD COLUMN filter jsonb`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.searches.filter IS 'null: all is kept'`.execute(db);
  await sql`
    CREATE TABLE price_tracker.filtered_out (
      run_id bigint NOT NULL REFERENCES price_tracker.runs ON DELETE CASCADE,
      reason text NOT NULL,
      listings integer NOT NULL,
      PRIMARY KEY (run_id, reason)
    )`.execute(db);
  await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.filtered_out TO pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT SELECT ON price_tracker.filtered_out TO pricefleet_api`.execute(db);
  for (const statement of [askFilter, finishFilteredOut]) await statement.execute(db);
  await sql`GRANT CREATE ON SCHEMA price_tracker TO pricefleet_asks`.execute(db);
  await sql`ALTER FUNCTION price_tracker.ask_search_filter OWNER TO pricefleet_asks`.execute(db);
  await sql`REVOKE CREATE ON SCHEMA price_tracker FROM pricefleet_asks`.execute(db);
  await sql`
    REVOKE ALL ON FUNCTION price_tracker.ask_search_filter, price_tracker.finish_filtered_out FROM PUBLIC`.execute(
    db,
  );
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.ask_search_filter TO pricefleet_api, pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.finish_filtered_out TO pricefleet_worker`.execute(db);
}

const askFilter = sql`
    CREATE FUNCTION price_tracker.ask_search_filter(p_search_id bigint, p_filter jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    BEGIN
      UPDATE searches SET filter = p_filter WHERE id = p_search_id;
      IF NOT FOUND THEN RAISE EXCEPTION 'search % does not exist', p_search_id USING ERRCODE = 'PF404'; END IF;
    END $$`;

/** The finish of a listing whose own page says that the search does not want it: nothing of it is stored. */
const finishFilteredOut = sql`
    CREATE FUNCTION price_tracker.finish_filtered_out(p_target_id bigint, p_lease_token uuid, p_reason text) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      t targets%ROWTYPE;
    BEGIN
      UPDATE targets SET state = 'done', finished_at = now(), lease_expires_at = NULL, error_class = NULL, reason = NULL,
             last_error = NULL
       WHERE id = p_target_id AND state = 'running' AND lease_token = p_lease_token RETURNING * INTO t;
      IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM targets WHERE id = p_target_id AND lease_token = p_lease_token
                                    AND state IN ('done', 'failed', 'dead')) THEN 'before' ELSE 'lost' END;
      END IF;
      DELETE FROM search_listings sl USING runs r, listings l
       WHERE r.id = t.run_id AND sl.search_id = r.search_id AND l.source = t.source AND l.external_id = t.external_id
         AND sl.listing_id = l.id;
      INSERT INTO filtered_out AS f (run_id, reason, listings) VALUES (t.run_id, p_reason, 1)
      ON CONFLICT (run_id, reason) DO UPDATE SET listings = f.listings + 1;
      RETURN 'now';
    END $$`;
