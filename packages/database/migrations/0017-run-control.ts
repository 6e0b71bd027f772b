import { type Kysely, sql } from "kysely";

/** What happens to a run whose collector is lost, what is asked of a run that was reset, and how others hear of it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.searches ADD COLUMN on_interruption text NOT NULL DEFAULT 'resume'
      CHECK (on_interruption IN ('resume', 'pause'))`.execute(db);
  await sql`
    ALTER TABLE price_tracker.runs ADD COLUMN on_interruption text CHECK (on_interruption IN ('resume', 'pause'))`.execute(
    db,
  );
  await sql`COMMENT ON COLUMN price_tracker.runs.on_interruption IS 'null: as the search says'`.execute(db);
  await sql`CREATE INDEX runs_reset ON price_tracker.runs (id) WHERE state = 'idle'`.execute(db);

  // Transitions are rare, and a NOTIFY that is rolled back with its transaction is never heard: so it is sent within it.
  await sql`
    CREATE FUNCTION price_tracker.tell_of_run_events() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    BEGIN
      PERFORM pg_notify('price_tracker_events', 'run');
      RETURN NULL;
    END $$`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.tell_of_run_events FROM PUBLIC`.execute(db);
  await sql`
    CREATE TRIGGER run_events_are_told AFTER INSERT ON price_tracker.run_events
    FOR EACH STATEMENT EXECUTE FUNCTION price_tracker.tell_of_run_events()`.execute(db);

  await sql`
    CREATE FUNCTION price_tracker.settle_lost_collectors() RETURNS TABLE (run_id bigint, state text)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      r record;
    BEGIN
      FOR r IN
        SELECT runs.id, runs.state, runs.next_page, coalesce(runs.on_interruption, s.on_interruption) AS what
          FROM runs JOIN searches s ON s.id = runs.search_id
         WHERE runs.state IN ('initializing', 'processing') AND runs.collected_at IS NULL AND runs.collecting_until < now()
         ORDER BY runs.id FOR UPDATE OF runs SKIP LOCKED
      LOOP
        run_id := r.id;
        IF r.what = 'pause' THEN
          PERFORM change_run_state(r.id, 'paused', format('the collector was lost at page %s; paused, as asked', r.next_page));
          state := 'paused';
        ELSE
          UPDATE runs SET collecting_until = NULL WHERE id = r.id;
          INSERT INTO run_events (run_id, from_state, to_state, reason)
          VALUES (r.id, r.state, r.state, format('the collector was lost at page %s; another one continues', r.next_page));
          state := r.state;
        END IF;
        RETURN NEXT;
      END LOOP;
    END $$`.execute(db);
  // What was running at a reset and failed afterwards would wait for ever in a run that nobody works on.
  await sql`
    CREATE FUNCTION price_tracker.cancel_targets_of_reset_runs() RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      v_cancelled integer;
    BEGIN
      UPDATE targets SET state = 'cancelled', republish_after = NULL, finished_at = now()
       WHERE state IN ('pending', 'queued') AND run_id = ANY (ARRAY(
         SELECT r.id FROM runs r WHERE r.state = 'idle'
            AND EXISTS (SELECT FROM targets t WHERE t.run_id = r.id AND t.state IN ('pending', 'queued'))));
      GET DIAGNOSTICS v_cancelled = ROW_COUNT;
      RETURN v_cancelled;
    END $$`.execute(db);
  for (const name of ["settle_lost_collectors", "cancel_targets_of_reset_runs"]) {
    await sql`REVOKE EXECUTE ON FUNCTION ${sql.raw(`price_tracker.${name}`)} FROM PUBLIC`.execute(db);
    await sql`GRANT EXECUTE ON FUNCTION ${sql.raw(`price_tracker.${name}`)} TO pricefleet_worker`.execute(db);
  }
  await makeAskingFunctions(db);
}

async function makeAskingFunctions(db: Kysely<unknown>): Promise<void> {
  await sql`GRANT CREATE ON SCHEMA price_tracker TO pricefleet_asks`.execute(db);
  for (const { signature, body } of askingFunctions) {
    const name = sql.raw(`price_tracker.${signature.slice(0, signature.indexOf("("))}`);
    await sql`${sql.raw(`
      CREATE OR REPLACE FUNCTION price_tracker.${signature}
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp AS $$ ${body} $$`)}`.execute(
      db,
    );
    await sql`ALTER FUNCTION ${name} OWNER TO pricefleet_asks`.execute(db);
    await sql`REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`.execute(db);
    await sql`GRANT EXECUTE ON FUNCTION ${name} TO pricefleet_api, pricefleet_worker`.execute(db);
  }
  await sql`REVOKE CREATE ON SCHEMA price_tracker FROM pricefleet_asks`.execute(db);
  await sql`GRANT DELETE ON price_tracker.targets TO pricefleet_asks`.execute(db);
  await sql`GRANT SELECT, UPDATE ON price_tracker.search_listings TO pricefleet_asks`.execute(db);
}

const askingFunctions = [
  {
    signature: `ask_run_resume(p_run_id bigint) RETURNS void`,
    body: `
      DECLARE v_state text;
      BEGIN
        SELECT state INTO v_state FROM runs WHERE id = p_run_id FOR UPDATE;
        IF v_state IN ('initializing', 'processing') THEN RETURN; END IF;
        IF v_state = 'completed' THEN
          RAISE EXCEPTION 'run % is completed, so there is nothing to resume; a retry tries again what failed', p_run_id
            USING ERRCODE = 'PF409';
        END IF;
        PERFORM change_run_state(p_run_id, 'processing', 'asked to resume');
      END`,
  },
  {
    // Everything is found anew. What was done stays done; what was cancelled becomes a target again when it is found.
    signature: `ask_run_start(p_run_id bigint) RETURNS void`,
    body: `
      BEGIN
        PERFORM change_run_state(p_run_id, 'initializing', 'asked to start again');
        DELETE FROM targets WHERE run_id = p_run_id AND state = 'cancelled';
        UPDATE search_listings sl SET last_run_id = 0 FROM runs r
         WHERE r.id = p_run_id AND sl.search_id = r.search_id AND sl.last_run_id = r.id;
        UPDATE runs SET next_page = 1, pages_read = 0, total_results = NULL, found = 0, confirmed = 0, collected_at = NULL
         WHERE id = p_run_id;
      END`,
  },
  {
    signature: `ask_run_interruption(p_run_id bigint, p_on_interruption text) RETURNS void`,
    body: `BEGIN UPDATE runs SET on_interruption = p_on_interruption WHERE id = p_run_id; END`,
  },
  {
    signature: `ask_search_interruption(p_search_id bigint, p_on_interruption text) RETURNS void`,
    body: `BEGIN UPDATE searches SET on_interruption = p_on_interruption WHERE id = p_search_id; END`,
  },
] as const;
