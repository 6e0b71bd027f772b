import { type Kysely, sql } from "kysely";

/** When a search runs by itself, what a paused run may hold up, and what is started when the time has come. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.searches
      ADD COLUMN cron text,
      ADD COLUMN time_zone text,
      ADD COLUMN jitter_percent integer NOT NULL DEFAULT 10 CHECK (jitter_percent BETWEEN 0 AND 50),
      ADD COLUMN paused_run_blocks_hours integer CHECK (paused_run_blocks_hours >= 0),
      ADD COLUMN last_skipped_at timestamptz,
      ADD COLUMN last_skipped_reason text,
      ADD CONSTRAINT a_search_has_one_cadence CHECK (num_nonnulls(cron, interval_seconds) <= 1),
      ADD CONSTRAINT a_cron_has_a_time_zone CHECK ((cron IS NULL) = (time_zone IS NULL))`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.searches.interval_seconds IS 'null, and cron null too: runs only when asked for'`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.searches.paused_run_blocks_hours IS 'null: as the dispatcher is set'`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.searches.last_skipped_at IS 'when its time had come and a run was still under way'`.execute(
    db,
  );

  // As in 0005, but that an interval takes the place of a cron expression.
  await sql`
    CREATE OR REPLACE FUNCTION price_tracker.ask_search_change(
      p_search_id bigint, p_max_pages integer, p_enrich_limit integer, p_enabled boolean, p_interval_seconds integer)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    BEGIN
      UPDATE searches
         SET max_pages = coalesce(p_max_pages, max_pages), enrich_limit = coalesce(p_enrich_limit, enrich_limit),
             enabled = coalesce(p_enabled, enabled), interval_seconds = coalesce(p_interval_seconds, interval_seconds),
             cron = CASE WHEN p_interval_seconds IS NULL THEN cron END,
             time_zone = CASE WHEN p_interval_seconds IS NULL THEN time_zone END,
             next_run_at = CASE WHEN p_interval_seconds IS NULL THEN next_run_at ELSE now() END
       WHERE id = p_search_id;
      IF NOT FOUND THEN RAISE EXCEPTION 'search % does not exist', p_search_id USING ERRCODE = 'PF404'; END IF;
    END $$`.execute(db);

  // Keys that are not there stay as they are. next_run_at is the caller's to work out: PostgreSQL knows no cron.
  await sql`
    CREATE FUNCTION price_tracker.ask_search_schedule(p_search_id bigint, p_change jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    BEGIN
      UPDATE searches s
         SET cron = n.cron, time_zone = n.time_zone, interval_seconds = n.interval_seconds,
             jitter_percent = coalesce(n.jitter_percent, s.jitter_percent), next_run_at = n.next_run_at,
             paused_run_blocks_hours = n.paused_run_blocks_hours
        FROM (SELECT (jsonb_populate_record(o, p_change)).* FROM searches o WHERE o.id = p_search_id) n
       WHERE s.id = n.id AND s.id = p_search_id;
      IF NOT FOUND THEN RAISE EXCEPTION 'search % does not exist', p_search_id USING ERRCODE = 'PF404'; END IF;
    END $$`.execute(db);
  await sql`GRANT CREATE ON SCHEMA price_tracker TO pricefleet_asks`.execute(db);
  await sql`ALTER FUNCTION price_tracker.ask_search_schedule OWNER TO pricefleet_asks`.execute(db);
  await sql`REVOKE CREATE ON SCHEMA price_tracker FROM pricefleet_asks`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.ask_search_schedule FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.ask_search_schedule TO pricefleet_api, pricefleet_worker`.execute(
    db,
  );

  await sql`
    CREATE FUNCTION price_tracker.start_scheduled_run(
      p_search_id bigint, p_next_run_at timestamptz, p_paused_run_blocks_hours integer)
    RETURNS TABLE (run_id bigint, skipped_because text)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    #variable_conflict use_column
    DECLARE
      s searches%ROWTYPE;
      v_run runs%ROWTYPE;
      v_paused_at timestamptz;
      v_blocks_hours integer;
      v_why text;
      v_run_id bigint;
    BEGIN
      UPDATE searches SET next_run_at = p_next_run_at WHERE id = p_search_id RETURNING * INTO s;
      v_blocks_hours := coalesce(s.paused_run_blocks_hours, p_paused_run_blocks_hours);

      SELECT * INTO v_run FROM runs
       WHERE search_id = p_search_id AND state IN ('initializing', 'processing', 'paused') FOR UPDATE;
      IF FOUND AND v_run.state = 'paused' THEN
        SELECT max(at) INTO v_paused_at FROM run_events WHERE run_id = v_run.id AND to_state = 'paused';
        v_paused_at := coalesce(v_paused_at, v_run.created_at);
        IF v_paused_at <= now() - make_interval(hours => v_blocks_hours) THEN
          PERFORM change_run_state(v_run.id, 'idle', 'paused for ' || v_blocks_hours
            || ' hours or more when the next run was due: what it had left is cancelled');
          UPDATE targets SET state = 'cancelled', republish_after = NULL, finished_at = now()
           WHERE run_id = v_run.id AND state IN ('pending', 'queued');
        ELSE
          v_why := 'run ' || v_run.id || ' is paused; it blocks the schedule until '
            || to_char((v_paused_at + make_interval(hours => v_blocks_hours)) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
            || ' UTC';
        END IF;
      ELSIF FOUND THEN
        v_why := 'run ' || v_run.id || ' is still ' || v_run.state;
      END IF;

      IF v_why IS NULL THEN
        INSERT INTO runs (search_id, max_pages, enrich_limit) VALUES (p_search_id, s.max_pages, s.enrich_limit)
        ON CONFLICT DO NOTHING RETURNING id INTO v_run_id;
        -- Somebody asked for one at this very moment.
        v_why := CASE WHEN v_run_id IS NULL THEN 'another run of it was begun' END;
      END IF;
      IF v_why IS NULL THEN
        INSERT INTO run_events (run_id, from_state, to_state, reason)
        VALUES (v_run_id, NULL, 'initializing', 'its time had come');
      ELSE
        UPDATE searches SET last_skipped_at = now(), last_skipped_reason = v_why WHERE id = p_search_id;
      END IF;
      RETURN QUERY SELECT v_run_id, v_why;
    END $$`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.start_scheduled_run FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.start_scheduled_run TO pricefleet_worker`.execute(db);
}
