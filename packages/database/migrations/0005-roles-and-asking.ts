import { type Kysely, sql } from "kysely";

/**
 * Who may do what. The worker role writes; the API role reads, and asks by the functions below, which belong to
 * `pricefleet_asks`, a role nobody can log in as. The roles themselves are made by ensureRoles before migrating.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`GRANT USAGE ON SCHEMA price_tracker TO pricefleet_worker, pricefleet_api, pricefleet_asks`.execute(
    db,
  );
  await sql`
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA price_tracker TO pricefleet_worker`.execute(
    db,
  );
  // What migrations know and the table of transitions are the schema's, not the work's.
  await sql`
    REVOKE INSERT, UPDATE, DELETE ON price_tracker.kysely_migration, price_tracker.kysely_migration_lock,
      price_tracker.run_transitions FROM pricefleet_worker`.execute(db);
  await sql`GRANT USAGE ON ALL SEQUENCES IN SCHEMA price_tracker TO pricefleet_worker, pricefleet_asks`.execute(
    db,
  );
  await sql`GRANT SELECT ON ALL TABLES IN SCHEMA price_tracker TO pricefleet_api`.execute(db);
  await sql`
    GRANT SELECT, INSERT, UPDATE ON price_tracker.searches, price_tracker.runs, price_tracker.targets,
      price_tracker.hosts TO pricefleet_asks`.execute(db);
  await sql`GRANT SELECT, INSERT ON price_tracker.run_events TO pricefleet_asks`.execute(db);
  await sql`GRANT SELECT ON price_tracker.run_transitions TO pricefleet_asks`.execute(db);
  await sql`REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA price_tracker FROM PUBLIC`.execute(db);
  await sql`
    GRANT EXECUTE ON FUNCTION price_tracker.claim_target, price_tracker.change_run_state, price_tracker.reopen_run,
      price_tracker.complete_finished_runs, price_tracker.ensure_monthly_partitions TO pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.change_run_state, price_tracker.reopen_run TO pricefleet_asks`.execute(
    db,
  );

  for (const { signature, body } of askingFunctions) {
    await sql`${sql.raw(`
      CREATE FUNCTION price_tracker.${signature}
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp AS $$ ${body} $$`)}`.execute(
      db,
    );
  }
  // Changing a function's owner needs CREATE on the schema for the new owner, for that moment only.
  await sql`GRANT CREATE ON SCHEMA price_tracker TO pricefleet_asks`.execute(db);
  for (const { signature } of askingFunctions) {
    const name = sql.raw(`price_tracker.${signature.slice(0, signature.indexOf("("))}`);
    await sql`ALTER FUNCTION ${name} OWNER TO pricefleet_asks`.execute(db);
    await sql`REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`.execute(db);
    await sql`GRANT EXECUTE ON FUNCTION ${name} TO pricefleet_api, pricefleet_worker`.execute(db);
  }
  await sql`REVOKE CREATE ON SCHEMA price_tracker FROM pricefleet_asks`.execute(db);
}

const refuseUnlessDead = `
        IF NOT FOUND THEN RAISE EXCEPTION 'target % does not exist', p_target_id USING ERRCODE = 'PF404'; END IF;
        IF v_state <> 'dead' THEN
          RAISE EXCEPTION 'target % is %, not dead', p_target_id, v_state USING ERRCODE = 'PF409';
        END IF;`;

/** PF404: there is no such thing; PF409: it is not in a state for this. The API turns them into 404 and 409. */
const askingFunctions = [
  {
    signature: `ask_search(p_source text, p_term text, p_url text, p_max_pages integer, p_enrich_limit integer) RETURNS bigint`,
    body: `
      DECLARE v_id bigint;
      BEGIN
        SELECT id INTO v_id FROM searches
         WHERE source = p_source AND coalesce(term, '') = coalesce(p_term, '') AND coalesce(url, '') = coalesce(p_url, '');
        IF FOUND THEN RETURN v_id; END IF;
        INSERT INTO searches (source, term, url, max_pages, enrich_limit)
        VALUES (p_source, p_term, p_url, p_max_pages, p_enrich_limit)
        ON CONFLICT (source, coalesce(term, ''), coalesce(url, '')) DO UPDATE SET source = excluded.source
        RETURNING id INTO v_id;
        RETURN v_id;
      END`,
  },
  {
    signature: `ask_search_change(p_search_id bigint, p_max_pages integer, p_enrich_limit integer, p_enabled boolean, p_interval_seconds integer) RETURNS void`,
    body: `
      BEGIN
        UPDATE searches
           SET max_pages = coalesce(p_max_pages, max_pages), enrich_limit = coalesce(p_enrich_limit, enrich_limit),
               enabled = coalesce(p_enabled, enabled), interval_seconds = coalesce(p_interval_seconds, interval_seconds),
               next_run_at = CASE WHEN p_interval_seconds IS NULL THEN next_run_at ELSE now() END
         WHERE id = p_search_id;
        IF NOT FOUND THEN RAISE EXCEPTION 'search % does not exist', p_search_id USING ERRCODE = 'PF404'; END IF;
      END`,
  },
  {
    signature: `ask_run(p_search_id bigint, p_max_pages integer, p_enrich_limit integer) RETURNS bigint`,
    body: `
      DECLARE v_id bigint; v_active bigint;
      BEGIN
        INSERT INTO runs (search_id, max_pages, enrich_limit)
        SELECT id, coalesce(p_max_pages, max_pages), coalesce(p_enrich_limit, enrich_limit) FROM searches WHERE id = p_search_id
        RETURNING id INTO v_id;
        IF v_id IS NULL THEN RAISE EXCEPTION 'search % does not exist', p_search_id USING ERRCODE = 'PF404'; END IF;
        INSERT INTO run_events (run_id, from_state, to_state, reason) VALUES (v_id, NULL, 'initializing', 'asked for');
        RETURN v_id;
      EXCEPTION WHEN unique_violation THEN
        SELECT id INTO v_active FROM runs WHERE search_id = p_search_id AND state IN ('initializing', 'processing', 'paused');
        RAISE EXCEPTION 'search % has run % under way', p_search_id, v_active USING ERRCODE = 'PF409', DETAIL = v_active::text;
      END`,
  },
  {
    signature: `ask_run_stop(p_run_id bigint) RETURNS void`,
    body: `BEGIN PERFORM change_run_state(p_run_id, 'paused', 'asked to stop'); END`,
  },
  {
    signature: `ask_run_resume(p_run_id bigint) RETURNS void`,
    body: `BEGIN PERFORM change_run_state(p_run_id, 'processing', 'asked to resume'); END`,
  },
  {
    signature: `ask_run_reset(p_run_id bigint) RETURNS bigint`,
    body: `
      DECLARE v_cancelled bigint;
      BEGIN
        PERFORM change_run_state(p_run_id, 'idle', 'asked to reset');
        UPDATE targets SET state = 'cancelled', republish_after = NULL, finished_at = now()
         WHERE run_id = p_run_id AND state IN ('pending', 'queued');
        GET DIAGNOSTICS v_cancelled = ROW_COUNT;
        RETURN v_cancelled;
      END`,
  },
  {
    signature: `ask_run_retry(p_run_id bigint) RETURNS bigint`,
    body: `
      DECLARE v_retried bigint;
      BEGIN
        PERFORM FROM runs WHERE id = p_run_id FOR UPDATE;
        IF NOT FOUND THEN RAISE EXCEPTION 'run % does not exist', p_run_id USING ERRCODE = 'PF404'; END IF;
        UPDATE targets SET state = 'pending', attempts = 0, lost_leases = 0, not_before = now(), finished_at = NULL,
               dead_lettered_at = NULL
         WHERE run_id = p_run_id AND state IN ('failed', 'dead');
        GET DIAGNOSTICS v_retried = ROW_COUNT;
        IF v_retried > 0 THEN PERFORM reopen_run(p_run_id, 'asked to retry ' || v_retried || ' targets'); END IF;
        RETURN v_retried;
      END`,
  },
  {
    signature: `ask_dead_letter_retry(p_target_id bigint) RETURNS void`,
    body: `
      DECLARE v_run_id bigint; v_state text;
      BEGIN
        -- The run is locked first, as a reset or a retry of the whole run does: so these never wait in a circle.
        SELECT run_id INTO v_run_id FROM targets WHERE id = p_target_id;
        PERFORM FROM runs WHERE id = v_run_id FOR UPDATE;
        SELECT state INTO v_state FROM targets WHERE id = p_target_id FOR UPDATE;
        ${refuseUnlessDead}
        UPDATE targets SET state = 'pending', attempts = 0, lost_leases = 0, not_before = now(), finished_at = NULL,
               dead_lettered_at = NULL
         WHERE id = p_target_id;
        PERFORM reopen_run(v_run_id, 'asked to retry target ' || p_target_id);
      END`,
  },
  {
    signature: `ask_dead_letter_discard(p_target_id bigint) RETURNS void`,
    body: `
      DECLARE v_state text;
      BEGIN
        SELECT state INTO v_state FROM targets WHERE id = p_target_id FOR UPDATE;
        ${refuseUnlessDead}
        UPDATE targets SET state = 'cancelled' WHERE id = p_target_id;
      END`,
  },
  {
    signature: `ask_host_limits(p_host text, p_min_delay_ms integer, p_max_in_flight integer) RETURNS void`,
    body: `
      BEGIN
        UPDATE hosts SET min_delay_ms = coalesce(p_min_delay_ms, min_delay_ms),
               max_in_flight = coalesce(p_max_in_flight, max_in_flight) WHERE host = p_host;
        IF NOT FOUND THEN RAISE EXCEPTION 'host % does not exist', p_host USING ERRCODE = 'PF404'; END IF;
      END`,
  },
] as const;
