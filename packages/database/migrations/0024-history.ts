import { type Kysely, sql } from "kysely";

/**
 * Syncs of history. One target a series, named `EXCHANGE:SYMBOL interval`: it belongs to no run, ends as any other, and
 * is tried anew when its series is asked for again.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.targets
      DROP CONSTRAINT a_target_has_a_run_or_recurs,
      ADD CONSTRAINT a_target_has_a_run_or_recurs CHECK (
        (run_id IS NULL) = (refresh_seconds IS NOT NULL)
        OR (queue = 'history_sync' AND run_id IS NULL AND refresh_seconds IS NULL))`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.sync_status.message IS
      'in words: why it ended in error, or why its last attempt failed while it goes on'`.execute(db);
  await syncStatusFollowsItsTarget(db);
  await whatHasNoRunIsRetriedWithoutOne(db);
  await letItBeAskedFor(db);
}

/** Whoever ends a target (a worker, the dispatcher for a worker that is gone, a person): its sync says so. */
async function syncStatusFollowsItsTarget(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE FUNCTION price_tracker.sync_follows_target() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      v_instrument text := split_part(NEW.external_id, ' ', 1);
      v_was_over boolean := OLD.state IN ('done', 'failed', 'dead', 'cancelled');
      v_is_over boolean := NEW.state IN ('failed', 'dead', 'cancelled');
    BEGIN
      UPDATE sync_status
         SET state = CASE WHEN v_is_over THEN 'error' WHEN NEW.state = 'running' THEN 'syncing'
                          WHEN v_was_over THEN 'pending' ELSE state END,
             message = CASE WHEN NEW.state = 'cancelled' THEN 'discarded'
                            WHEN v_is_over OR OLD.state = 'running' THEN NEW.last_error
                            WHEN v_was_over THEN NULL ELSE message END,
             started_at = CASE WHEN NEW.state = 'running' THEN now() ELSE started_at END,
             finished_at = CASE WHEN v_is_over THEN now() END
       WHERE exchange = split_part(v_instrument, ':', 1) AND symbol = substr(v_instrument, strpos(v_instrument, ':') + 1)
         AND interval = split_part(NEW.external_id, ' ', 2);
      RETURN NULL;
    END $$`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.sync_follows_target FROM PUBLIC`.execute(db);
  // A target that is done has stored its bars, and said so in the same transaction.
  await sql`
    CREATE TRIGGER sync_follows_target AFTER UPDATE OF state ON price_tracker.targets FOR EACH ROW
      WHEN (NEW.queue = 'history_sync' AND NEW.state IS DISTINCT FROM OLD.state AND NEW.state <> 'done')
      EXECUTE FUNCTION price_tracker.sync_follows_target()`.execute(db);
}

async function whatHasNoRunIsRetriedWithoutOne(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE OR REPLACE FUNCTION price_tracker.reopen_run(p_run_id bigint, p_reason text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      v_state text;
    BEGIN
      IF p_run_id IS NULL THEN
        RETURN;
      END IF;
      SELECT state INTO v_state FROM runs WHERE id = p_run_id FOR UPDATE;
      IF v_state IN ('initializing', 'processing', 'paused') THEN
        RETURN;
      END IF;
      PERFORM change_run_state(p_run_id, 'processing', p_reason);
    END $$`.execute(db);
  // As 0012 has it, but for the line about the run, which may be none.
  await sql`
    CREATE OR REPLACE FUNCTION price_tracker.ask_dead_letters_retry(p_filter jsonb, p_after_id bigint, p_limit integer) RETURNS TABLE(changed integer, refused integer, refused_because text, last_id bigint)
        LANGUAGE plpgsql SECURITY DEFINER
        SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
        SET plan_cache_mode TO 'force_custom_plan'
        AS $$
          DECLARE v_ids bigint[]; v_run_id bigint; v_of_run integer;
          BEGIN
            changed := 0; refused := 0;
            SELECT array_agg(id), max(id) INTO v_ids, last_id FROM (
              SELECT id FROM targets WHERE 
                state = 'dead' AND id > p_after_id
                AND (p_filter ->> 'reason' IS NULL OR reason = p_filter ->> 'reason')
                AND (p_filter ->> 'source' IS NULL OR source = p_filter ->> 'source')
                AND (p_filter ->> 'host' IS NULL OR host = p_filter ->> 'host')
                AND (p_filter ->> 'run_id' IS NULL OR run_id = (p_filter ->> 'run_id')::bigint)
              ORDER BY id LIMIT p_limit) chosen;
            FOR v_run_id IN
              SELECT DISTINCT t.run_id FROM unnest(v_ids) AS chosen (id) JOIN targets t ON t.id = chosen.id ORDER BY 1
            LOOP
              BEGIN
                PERFORM FROM runs WHERE id = v_run_id FOR UPDATE;
                -- Joined, for a long list in a condition is gone through for every dead letter of the run.
                UPDATE targets t SET state = 'pending', attempts = 0, lost_leases = 0, not_before = now(), finished_at = NULL,
                       dead_lettered_at = NULL FROM unnest(v_ids) AS chosen (id)
                 WHERE t.id = chosen.id AND t.run_id IS NOT DISTINCT FROM v_run_id AND t.state = 'dead';
                GET DIAGNOSTICS v_of_run = ROW_COUNT;
                IF v_of_run > 0 THEN PERFORM reopen_run(v_run_id, 'asked to retry ' || v_of_run || ' dead letters'); END IF;
                changed := changed + v_of_run;
              EXCEPTION WHEN SQLSTATE 'PF409' OR unique_violation THEN
                -- A newer run of the same search is under way: this run's dead letters stay, the others go on.
                refused := refused + v_of_run;
                refused_because := SQLERRM;
              END;
            END LOOP;
            RETURN NEXT;
          END $$`.execute(db);
}

/** One that is pending or under way is joined: pending, it fetches as many bars as anybody asked for. */
async function letItBeAskedFor(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE FUNCTION price_tracker.ask_sync(p_exchange text, p_symbol text, p_interval text, p_n_bars integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      v_is_new boolean;
    BEGIN
      SELECT state NOT IN ('pending', 'syncing') INTO v_is_new FROM sync_status
       WHERE exchange = p_exchange AND symbol = p_symbol AND interval = p_interval FOR UPDATE;
      INSERT INTO sync_status AS s (exchange, symbol, interval, state, n_bars)
      VALUES (p_exchange, p_symbol, p_interval, 'pending', p_n_bars)
      ON CONFLICT (exchange, symbol, interval) DO UPDATE SET
        n_bars = CASE s.state WHEN 'pending' THEN greatest(s.n_bars, excluded.n_bars)
                              WHEN 'syncing' THEN s.n_bars ELSE excluded.n_bars END,
        state = CASE WHEN s.state = 'syncing' THEN s.state ELSE 'pending' END,
        requested_at = CASE WHEN s.state IN ('pending', 'syncing') THEN s.requested_at ELSE now() END,
        started_at = CASE WHEN s.state = 'syncing' THEN s.started_at END,
        finished_at = NULL,
        message = CASE WHEN s.state IN ('pending', 'syncing') THEN s.message END,
        bars_stored = NULL;
      RETURN coalesce(v_is_new, true);
    END $$`.execute(db);
  await sql`GRANT CREATE ON SCHEMA price_tracker TO pricefleet_asks`.execute(db);
  await sql`ALTER FUNCTION price_tracker.ask_sync OWNER TO pricefleet_asks`.execute(db);
  await sql`REVOKE CREATE ON SCHEMA price_tracker FROM pricefleet_asks`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.ask_sync FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.ask_sync TO pricefleet_api, pricefleet_worker`.execute(
    db,
  );
}
