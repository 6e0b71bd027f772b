import { type Kysely, sql } from "kysely";
import { market, reasonOf } from "./0008-run-counts-tables.ts";

/**
 * Recurring targets, such as quotes: they belong to no run and never end. What is of interest here is a small part of
 * `targets`; the functions are those of 0006 and 0008 but for the lines about `run_id IS NULL`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.targets
      ALTER COLUMN run_id DROP NOT NULL,
      ADD COLUMN refresh_seconds integer CHECK (refresh_seconds > 0),
      ADD CONSTRAINT a_target_has_a_run_or_recurs CHECK ((run_id IS NULL) = (refresh_seconds IS NOT NULL)),
      ADD CONSTRAINT a_recurring_target_never_ends
        CHECK (refresh_seconds IS NULL OR state NOT IN ('done', 'failed', 'dead'))`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.targets.attempts IS
    'since it was last tried anew; of a recurring target: since its last refresh that went well'`.execute(db);
  await sql`
    CREATE UNIQUE INDEX targets_recurring ON price_tracker.targets (queue, source, external_id) WHERE run_id IS NULL`.execute(
    db,
  );
  await sql`
    CREATE INDEX targets_recurring_pending ON price_tracker.targets (host, queue, not_before, id)
     WHERE run_id IS NULL AND state = 'pending'`.execute(db);
  await noteOnlyWhatWasTried(db);
  await takeRecurringToo(db);
  await countOnlyThoseOfRuns(db);
}

/** An attempt that was given back without having reached the site is no failure: it would push the real ones out. */
async function noteOnlyWhatWasTried(db: Kysely<unknown>): Promise<void> {
  await sql`DROP TRIGGER failures_are_noted ON price_tracker.targets`.execute(db);
  await sql`
    CREATE TRIGGER failures_are_noted AFTER UPDATE OF state ON price_tracker.targets FOR EACH ROW
      WHEN (OLD.state = 'running' AND NEW.state IN ('pending', 'queued', 'failed', 'dead') AND NEW.error_class IS NOT NULL
            AND (NEW.attempts >= OLD.attempts OR NEW.error_class IN ('blocked', 'rate-limited')))
      EXECUTE FUNCTION price_tracker.note_failure()`.execute(db);
}

async function takeRecurringToo(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE OR REPLACE FUNCTION price_tracker.take_due_targets(p_limit integer, p_longest_belt integer, p_republish_after_seconds integer) RETURNS TABLE(target_id bigint, publish_id integer, run_id bigint, queue text, source text, host text, url text, attempts integer, turn bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
    #variable_conflict use_column
    DECLARE
      v_run_ids bigint[];
      v_hosts text[];
      v_queues text[];
      v_rooms bigint[];
      v_runs_at_host bigint[];
      v_share bigint;
      v_largest_share bigint;
      v_ids bigint[];
      v_turns bigint[];
    BEGIN
      -- One taker at a time: two would choose the same targets, and the second would wait only to find them taken.
      PERFORM pg_advisory_xact_lock(hashtext('price_tracker.take_due_targets'));

      WITH belt AS (
        SELECT host, queue, count(*) AS length FROM targets WHERE state = 'queued' GROUP BY host, queue
      ), market AS (
        SELECT m.run_id, m.host, m.queue, count(*) OVER (PARTITION BY m.host, m.queue) AS runs_at_host,
               least(p_longest_belt, greatest(32, 600000 / greatest(h.min_delay_ms, 1))) - coalesce(belt.length, 0) AS room
          FROM (
            SELECT rm.run_id, rm.host, rm.queue FROM run_markets rm
              JOIN runs r ON r.id = rm.run_id AND r.state IN ('initializing', 'processing')
            UNION ALL
            SELECT DISTINCT NULL::bigint, host, queue FROM targets WHERE run_id IS NULL AND state = 'pending'
          ) m
          JOIN hosts h ON h.host = m.host AND (h.closed_until IS NULL OR h.closed_until < now() + interval '5 minutes')
          LEFT JOIN belt ON belt.host = m.host AND belt.queue = m.queue
      )
      SELECT array_agg(run_id), array_agg(host), array_agg(queue), array_agg(room), array_agg(runs_at_host),
             ceil(p_limit::numeric / count(DISTINCT (host, queue))), p_limit * max(runs_at_host)
        INTO v_run_ids, v_hosts, v_queues, v_rooms, v_runs_at_host, v_share, v_largest_share
        FROM market WHERE room > 0 HAVING count(*) > 0;

      -- Each host is asked for its share first. Only while that is not enough, because some have little, are they asked
      -- for more: so a take reads about as much as it takes, however much is pending.
      WHILE v_share IS NOT NULL LOOP
        WITH due AS (
          SELECT p.id, m.host, m.queue, m.room,
                 row_number() OVER (PARTITION BY m.run_id, m.host, m.queue ORDER BY p.not_before, p.id) AS turn_in_run
            FROM unnest(v_run_ids, v_hosts, v_queues, v_rooms, v_runs_at_host) AS m (run_id, host, queue, room, runs_at_host)
            CROSS JOIN LATERAL (
              (SELECT t.id, t.not_before FROM targets t
                WHERE t.run_id = m.run_id AND t.host = m.host AND t.queue = m.queue AND t.state = 'pending'
                  AND t.not_before <= now()
                ORDER BY t.not_before, t.id
                LIMIT least(m.room, p_limit, ceil(v_share::numeric / m.runs_at_host)))
              UNION ALL
              (SELECT t.id, t.not_before FROM targets t
                WHERE m.run_id IS NULL AND t.run_id IS NULL AND t.host = m.host AND t.queue = m.queue
                  AND t.state = 'pending' AND t.not_before <= now()
                ORDER BY t.not_before, t.id
                LIMIT least(m.room, p_limit, ceil(v_share::numeric / m.runs_at_host)))
            ) p
        ), ranked AS (
          SELECT id, room, row_number() OVER (PARTITION BY host, queue ORDER BY turn_in_run, id) AS turn FROM due
        ), chosen AS (
          SELECT id, turn FROM ranked WHERE turn <= room ORDER BY turn, id LIMIT p_limit
        )
        SELECT array_agg(id), array_agg(turn) INTO v_ids, v_turns FROM chosen;
        EXIT WHEN cardinality(v_ids) >= p_limit OR v_share >= v_largest_share;
        v_share := least(v_share * 4, v_largest_share);
      END LOOP;

      RETURN QUERY
      UPDATE targets t
         SET state = 'queued', publish_id = t.publish_id + 1,
             republish_after = now() + make_interval(secs => p_republish_after_seconds)
        FROM unnest(v_ids, v_turns) AS chosen (id, turn) WHERE t.id = chosen.id AND t.state = 'pending'
      RETURNING t.id, t.publish_id, t.run_id, t.queue, t.source, t.host, t.url, t.attempts, chosen.turn;
    END $$`.execute(db);
}

/** Progress is a run's; what recurs has none. */
async function countOnlyThoseOfRuns(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE OR REPLACE FUNCTION price_tracker.count_new_targets() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      INSERT INTO price_tracker.target_moves (run_id, source, host, queue, to_state, to_reason, count)
      SELECT run_id, source, host, queue, state, CASE WHEN n.state IN ('failed', 'dead') THEN coalesce(n.reason, 'unknown') ELSE '' END, count(*) FROM new_targets n WHERE run_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE OR REPLACE FUNCTION price_tracker.count_deleted_targets() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      INSERT INTO price_tracker.target_moves (run_id, source, host, queue, from_state, from_reason, count)
      SELECT run_id, source, host, queue, state, CASE WHEN o.state IN ('failed', 'dead') THEN coalesce(o.reason, 'unknown') ELSE '' END, count(*) FROM old_targets o WHERE run_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE OR REPLACE FUNCTION price_tracker.count_changed_targets() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET enable_nestloop TO 'off'
    AS $$
    BEGIN
      INSERT INTO price_tracker.target_moves
        (run_id, source, host, queue, from_state, from_reason, to_state, to_reason, outcome, duration_bucket, duration_ms, count)
      SELECT run_id, source, host, queue, from_state, from_reason, to_state, to_reason, outcome,
             floor(4 * ln(duration_ms) / ln(2.0::float8)), sum(duration_ms), count(*)
        FROM (
          SELECT n.run_id, n.source, n.host, n.queue, o.state AS from_state, CASE WHEN o.state IN ('failed', 'dead') THEN coalesce(o.reason, 'unknown') ELSE '' END AS from_reason,
                 n.state AS to_state, CASE WHEN n.state IN ('failed', 'dead') THEN coalesce(n.reason, 'unknown') ELSE '' END AS to_reason,
                 CASE WHEN o.state <> 'running' THEN NULL
                      WHEN n.state = 'done' THEN 'ok'
                      WHEN n.state IN ('failed', 'dead') THEN coalesce(n.error_class, 'unknown')
                      WHEN n.attempts >= o.attempts OR n.error_class IN ('blocked', 'rate-limited') THEN n.error_class
                  END AS outcome,
                 CASE WHEN o.state = 'running'
                      THEN greatest(1, extract(epoch FROM clock_timestamp() - o.started_at) * 1000)::float8 END AS duration_ms
            FROM old_targets o JOIN new_targets n USING (id) WHERE n.run_id IS NOT NULL
        ) changed
       WHERE from_state <> to_state OR from_reason <> to_reason
       GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE OR REPLACE VIEW price_tracker.run_count_differences AS
    SELECT ${market}, state, reason, coalesce(there.count, 0) AS there, coalesce(counted.count, 0) AS counted
      FROM (SELECT ${market}, state, ${reasonOf("t")} AS reason, count(*) AS count
              FROM price_tracker.targets t WHERE run_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6) there
      FULL JOIN (SELECT c.* FROM price_tracker.run_counts_now c JOIN price_tracker.runs r ON r.id = c.run_id) counted
        USING (${market}, state, reason)
     WHERE coalesce(there.count, 0) <> coalesce(counted.count, 0)`.execute(db);
}
