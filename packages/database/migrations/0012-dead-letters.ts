import { type Kysely, sql } from "kysely";

/** Dead letters as people look at them: what was tried, what to do about them, and the poison that no target belongs to. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await makeFailures(db);
  await makePoison(db);
  for (const { signature, body } of askingFunctions) {
    await sql`${sql.raw(`
      CREATE OR REPLACE FUNCTION price_tracker.${signature}
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp
      SET plan_cache_mode = force_custom_plan AS $$ ${body} $$`)}`.execute(db);
  }
  await sql`GRANT CREATE ON SCHEMA price_tracker TO pricefleet_asks`.execute(db);
  for (const { signature } of askingFunctions) {
    const name = sql.raw(`price_tracker.${signature.slice(0, signature.indexOf("("))}`);
    await sql`ALTER FUNCTION ${name} OWNER TO pricefleet_asks`.execute(db);
    await sql`REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`.execute(db);
    await sql`GRANT EXECUTE ON FUNCTION ${name} TO pricefleet_api, pricefleet_worker`.execute(db);
  }
  await sql`REVOKE CREATE ON SCHEMA price_tracker FROM pricefleet_asks`.execute(db);
}

/** Written by a trigger, so that no way out of `running` forgets it. */
async function makeFailures(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.target_failures (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      target_id bigint NOT NULL REFERENCES price_tracker.targets ON DELETE CASCADE,
      attempt integer NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      worker text,
      error_class text NOT NULL,
      reason text,
      message text
    )`.execute(db);
  await sql`COMMENT ON TABLE price_tracker.target_failures IS 'the last twenty failed attempts of each target'`.execute(
    db,
  );
  await sql`CREATE INDEX target_failures_of_target ON price_tracker.target_failures (target_id, id DESC)`.execute(
    db,
  );
  await sql`
    CREATE FUNCTION price_tracker.note_failure() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    BEGIN
      INSERT INTO target_failures (target_id, attempt, worker, error_class, reason, message)
      VALUES (NEW.id, OLD.attempts, OLD.worker, NEW.error_class, NEW.reason, NEW.last_error);
      DELETE FROM target_failures WHERE target_id = NEW.id AND id < (
        SELECT min(id) FROM (SELECT id FROM target_failures WHERE target_id = NEW.id ORDER BY id DESC LIMIT 20) newest);
      RETURN NULL;
    END $$`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.note_failure FROM PUBLIC`.execute(db);
  await sql`
    CREATE TRIGGER failures_are_noted AFTER UPDATE OF state ON price_tracker.targets FOR EACH ROW
      WHEN (OLD.state = 'running' AND NEW.state IN ('pending', 'queued', 'failed', 'dead') AND NEW.error_class IS NOT NULL)
      EXECUTE FUNCTION price_tracker.note_failure()`.execute(db);
  // In this order the groups are counted, and the newest of each found, by the index alone.
  await sql`
    CREATE INDEX targets_dead ON price_tracker.targets (reason, source, host, finished_at DESC, id)
     WHERE state = 'dead'`.execute(db);
  await sql`CREATE INDEX targets_dead_in_order ON price_tracker.targets (id) WHERE state = 'dead'`.execute(
    db,
  );
  await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.target_failures TO pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT SELECT ON price_tracker.target_failures TO pricefleet_api`.execute(db);
}

async function makePoison(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.poison_messages (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      queue text NOT NULL,
      message_id text NOT NULL,
      reason text,
      error text,
      headers jsonb NOT NULL,
      body text NOT NULL,
      body_bytes integer NOT NULL,
      dead_lettered_at timestamptz,
      first_seen_at timestamptz NOT NULL DEFAULT now(),
      last_seen_at timestamptz NOT NULL DEFAULT now(),
      discarded_at timestamptz,
      UNIQUE (queue, message_id)
    )`.execute(db);
  await sql`COMMENT ON TABLE price_tracker.poison_messages IS
    'what the dispatcher saw in a DLQ that is about no target; a row goes when its message has gone'`.execute(
    db,
  );
  await sql`COMMENT ON COLUMN price_tracker.poison_messages.body IS 'the first 4 KiB, as UTF-8 as far as it is'`.execute(
    db,
  );
  await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.poison_messages TO pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT SELECT, UPDATE ON price_tracker.poison_messages TO pricefleet_asks`.execute(db);
  await sql`GRANT SELECT ON price_tracker.poison_messages TO pricefleet_api`.execute(db);
}

/** A filter's keys that are missing match everything. */
const matches = `
            state = 'dead' AND id > p_after_id
            AND (p_filter ->> 'reason' IS NULL OR reason = p_filter ->> 'reason')
            AND (p_filter ->> 'source' IS NULL OR source = p_filter ->> 'source')
            AND (p_filter ->> 'host' IS NULL OR host = p_filter ->> 'host')
            AND (p_filter ->> 'run_id' IS NULL OR run_id = (p_filter ->> 'run_id')::bigint)
          ORDER BY id LIMIT p_limit`;

const revived = `state = 'pending', attempts = 0, lost_leases = 0, not_before = now(), finished_at = NULL,
                   dead_lettered_at = NULL`;

/**
 * Asked for again, each changes nothing and answers the same. PF404 and PF409 as in 0005.
 * Of many, a call does at most p_limit and says how far it got: its caller goes on from there, in another transaction.
 */
const askingFunctions = [
  {
    signature: `ask_dead_letter_retry(p_target_id bigint) RETURNS void`,
    body: `
      DECLARE v_run_id bigint; v_state text;
      BEGIN
        -- The run is locked first, as a reset or a retry of the whole run does: so these never wait in a circle.
        SELECT run_id INTO v_run_id FROM targets WHERE id = p_target_id;
        PERFORM FROM runs WHERE id = v_run_id FOR UPDATE;
        SELECT state INTO v_state FROM targets WHERE id = p_target_id FOR UPDATE;
        IF NOT FOUND THEN RAISE EXCEPTION 'target % does not exist', p_target_id USING ERRCODE = 'PF404'; END IF;
        IF v_state IN ('pending', 'queued', 'running', 'done') THEN RETURN; END IF;
        IF v_state <> 'dead' THEN
          RAISE EXCEPTION 'target % is %, not dead', p_target_id, v_state USING ERRCODE = 'PF409';
        END IF;
        UPDATE targets SET ${revived} WHERE id = p_target_id;
        PERFORM reopen_run(v_run_id, 'asked to retry target ' || p_target_id);
      END`,
  },
  {
    signature: `ask_dead_letter_discard(p_target_id bigint) RETURNS void`,
    body: `
      DECLARE v_state text;
      BEGIN
        SELECT state INTO v_state FROM targets WHERE id = p_target_id FOR UPDATE;
        IF NOT FOUND THEN RAISE EXCEPTION 'target % does not exist', p_target_id USING ERRCODE = 'PF404'; END IF;
        IF v_state = 'cancelled' THEN RETURN; END IF;
        IF v_state <> 'dead' THEN
          RAISE EXCEPTION 'target % is %, not dead', p_target_id, v_state USING ERRCODE = 'PF409';
        END IF;
        UPDATE targets SET state = 'cancelled' WHERE id = p_target_id;
      END`,
  },
  {
    signature: `ask_dead_letters_retry(p_filter jsonb, p_after_id bigint, p_limit integer)
      RETURNS TABLE (changed integer, refused integer, refused_because text, last_id bigint)`,
    body: `
      DECLARE v_ids bigint[]; v_run_id bigint; v_of_run integer;
      BEGIN
        changed := 0; refused := 0;
        SELECT array_agg(id), max(id) INTO v_ids, last_id FROM (
          SELECT id FROM targets WHERE ${matches}) chosen;
        FOR v_run_id IN
          SELECT DISTINCT t.run_id FROM unnest(v_ids) AS chosen (id) JOIN targets t ON t.id = chosen.id ORDER BY 1
        LOOP
          BEGIN
            PERFORM FROM runs WHERE id = v_run_id FOR UPDATE;
            -- Joined, for a long list in a condition is gone through for every dead letter of the run.
            UPDATE targets t SET ${revived} FROM unnest(v_ids) AS chosen (id)
             WHERE t.id = chosen.id AND t.run_id = v_run_id AND t.state = 'dead';
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
      END`,
  },
  {
    signature: `ask_dead_letters_discard(p_filter jsonb, p_after_id bigint, p_limit integer)
      RETURNS TABLE (changed integer, refused integer, refused_because text, last_id bigint)`,
    body: `
      BEGIN
        refused := 0;
        WITH chosen AS MATERIALIZED (
          SELECT id FROM targets WHERE ${matches} FOR UPDATE
        ), discarded AS (
          UPDATE targets t SET state = 'cancelled' FROM chosen c WHERE t.id = c.id AND t.state = 'dead' RETURNING t.id
        )
        SELECT (SELECT count(*) FROM discarded), (SELECT max(id) FROM chosen) INTO changed, last_id;
        RETURN NEXT;
      END`,
  },
  {
    signature: `ask_poison_discard(p_id bigint) RETURNS void`,
    body: `
      BEGIN
        UPDATE poison_messages SET discarded_at = coalesce(discarded_at, now()) WHERE id = p_id;
        IF NOT FOUND THEN RAISE EXCEPTION 'poison message % does not exist', p_id USING ERRCODE = 'PF404'; END IF;
      END`,
  },
] as const;
