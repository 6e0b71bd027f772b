import { type Kysely, sql } from "kysely";

/** The one table of a run's allowed transitions, and the one way to make one. Each is written to `run_events`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.run_transitions (
      from_state text NOT NULL,
      to_state text NOT NULL,
      PRIMARY KEY (from_state, to_state)
    )`.execute(db);
  await sql`
    INSERT INTO price_tracker.run_transitions (from_state, to_state) VALUES
      ('idle', 'initializing'),
      ('initializing', 'processing'),
      ('initializing', 'paused'),
      ('initializing', 'completed'),
      ('initializing', 'error'),
      ('processing', 'paused'),
      ('processing', 'completed'),
      ('processing', 'error'),
      ('paused', 'processing'),
      ('paused', 'idle'),
      ('paused', 'error'),
      ('error', 'processing'),
      ('error', 'idle'),
      ('completed', 'processing'),
      ('completed', 'idle')`.execute(db);

  await sql`
    CREATE FUNCTION price_tracker.change_run_state(p_run_id bigint, p_to text, p_reason text) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      v_from text;
      v_search_id bigint;
      v_active bigint;
    BEGIN
      SELECT state, search_id INTO v_from, v_search_id FROM runs WHERE id = p_run_id FOR UPDATE;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'run % does not exist', p_run_id USING ERRCODE = 'PF404';
      END IF;
      IF v_from = p_to THEN
        RETURN v_from;
      END IF;
      IF NOT EXISTS (SELECT FROM run_transitions WHERE from_state = v_from AND to_state = p_to) THEN
        RAISE EXCEPTION 'run % is %, from which it cannot become %', p_run_id, v_from, p_to USING ERRCODE = 'PF409';
      END IF;
      UPDATE runs
         SET state = p_to,
             error = CASE WHEN p_to = 'error' THEN p_reason END,
             finished_at = CASE WHEN p_to IN ('completed', 'error') THEN now() END,
             collecting_until = CASE WHEN p_to = 'processing' THEN collecting_until END
       WHERE id = p_run_id;
      INSERT INTO run_events (run_id, from_state, to_state, reason) VALUES (p_run_id, v_from, p_to, p_reason);
      RETURN v_from;
    EXCEPTION WHEN unique_violation THEN
      SELECT id INTO v_active FROM runs WHERE search_id = v_search_id AND state IN ('initializing', 'processing', 'paused');
      RAISE EXCEPTION 'search % has run % under way', v_search_id, v_active USING ERRCODE = 'PF409', DETAIL = v_active::text;
    END $$`.execute(db);

  // For work that is asked for again: a run that has ended is opened, one that was stopped stays so.
  await sql`
    CREATE FUNCTION price_tracker.reopen_run(p_run_id bigint, p_reason text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      v_state text;
    BEGIN
      SELECT state INTO v_state FROM runs WHERE id = p_run_id FOR UPDATE;
      IF v_state IN ('initializing', 'processing', 'paused') THEN
        RETURN;
      END IF;
      PERFORM change_run_state(p_run_id, 'processing', p_reason);
    END $$`.execute(db);

  await sql`
    CREATE FUNCTION price_tracker.complete_finished_runs() RETURNS SETOF bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      v_id bigint;
    BEGIN
      FOR v_id IN
        SELECT r.id FROM runs r
         WHERE r.state IN ('initializing', 'processing') AND r.collected_at IS NOT NULL
           AND NOT EXISTS (SELECT FROM targets t WHERE t.run_id = r.id AND t.state IN ('pending', 'queued', 'running'))
         ORDER BY r.id
      LOOP
        -- Looked at again under the run's lock: somebody may have stopped it, or asked to retry a target, since.
        PERFORM FROM runs WHERE id = v_id AND state IN ('initializing', 'processing') FOR UPDATE;
        CONTINUE WHEN NOT FOUND;
        CONTINUE WHEN EXISTS (
          SELECT FROM targets WHERE run_id = v_id AND state IN ('pending', 'queued', 'running'));
        PERFORM change_run_state(v_id, 'completed', 'all pages read, all targets finished');
        RETURN NEXT v_id;
      END LOOP;
    END $$`.execute(db);
}
