import { type Kysely, sql } from "kysely";
import {
  dayOf,
  durationColumns,
  hasEnded,
  makeTables,
  makeViews,
  market,
  minuteOf,
  reasonOf,
} from "./0008-run-counts-tables.ts";

/**
 * Counters of each run and market that always equal the rows, without counting rows. Triggers write down every move of
 * targets from one state to another as a row of its own, so that no two workers ever wait for a counter; the dispatcher
 * folds these moves into sums. Who reads adds the moves not folded yet: the views `*_now` (docs/decisions/run-counts.md).
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await makeTables(db);
  await makeViews(db);
  await countFromNowOn(db);
  await makeFolding(db);
  await grantToRoles(db);
  await countWhatIsThere(db);
}

/** Statement by statement, so that five thousand targets put on the belt are one move for each of their markets. */
async function countFromNowOn(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE FUNCTION price_tracker.count_new_targets() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    BEGIN
      INSERT INTO price_tracker.target_moves (${market}, to_state, to_reason, count)
      SELECT ${market}, state, ${reasonOf("n")}, count(*) FROM new_targets n GROUP BY 1, 2, 3, 4, 5, 6;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE FUNCTION price_tracker.count_deleted_targets() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    BEGIN
      INSERT INTO price_tracker.target_moves (${market}, from_state, from_reason, count)
      SELECT ${market}, state, ${reasonOf("o")}, count(*) FROM old_targets o GROUP BY 1, 2, 3, 4, 5, 6;
      RETURN NULL;
    END $$`.execute(db);
  // The plan is made at a connection's first change, of one row, and kept: as a nested loop it would never end on 5,000.
  // An attempt that was given back is none, unless the site was asked and showed a wall or wanted patience.
  await sql`
    CREATE FUNCTION price_tracker.count_changed_targets() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp SET enable_nestloop = off AS $$
    BEGIN
      INSERT INTO price_tracker.target_moves
        (${market}, from_state, from_reason, to_state, to_reason, outcome, duration_bucket, duration_ms, count)
      SELECT ${market}, from_state, from_reason, to_state, to_reason, outcome,
             floor(4 * ln(duration_ms) / ln(2.0::float8)), sum(duration_ms), count(*)
        FROM (
          SELECT n.run_id, n.source, n.host, n.queue, o.state AS from_state, ${reasonOf("o")} AS from_reason,
                 n.state AS to_state, ${reasonOf("n")} AS to_reason,
                 CASE WHEN o.state <> 'running' THEN NULL
                      WHEN n.state = 'done' THEN 'ok'
                      WHEN n.state IN ('failed', 'dead') THEN coalesce(n.error_class, 'unknown')
                      WHEN n.attempts >= o.attempts OR n.error_class IN ('blocked', 'rate-limited') THEN n.error_class
                  END AS outcome,
                 CASE WHEN o.state = 'running'
                      THEN greatest(1, extract(epoch FROM clock_timestamp() - o.started_at) * 1000)::float8 END AS duration_ms
            FROM old_targets o JOIN new_targets n USING (id)
        ) changed
       WHERE from_state <> to_state OR from_reason <> to_reason
       GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE FUNCTION price_tracker.refuse_another_market() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    BEGIN
      RAISE EXCEPTION 'target % stays in its run and market', OLD.id USING ERRCODE = 'PF409';
    END $$`.execute(db);
  for (const name of [
    "count_new_targets",
    "count_deleted_targets",
    "count_changed_targets",
    "refuse_another_market",
  ]) {
    await sql`REVOKE EXECUTE ON FUNCTION ${sql.raw(`price_tracker.${name}`)} FROM PUBLIC`.execute(db);
  }
  await sql`
    CREATE TRIGGER new_targets_are_counted AFTER INSERT ON price_tracker.targets REFERENCING NEW TABLE AS new_targets
    FOR EACH STATEMENT EXECUTE FUNCTION price_tracker.count_new_targets()`.execute(db);
  await sql`
    CREATE TRIGGER deleted_targets_are_counted AFTER DELETE ON price_tracker.targets REFERENCING OLD TABLE AS old_targets
    FOR EACH STATEMENT EXECUTE FUNCTION price_tracker.count_deleted_targets()`.execute(db);
  await sql`
    CREATE TRIGGER changed_targets_are_counted AFTER UPDATE ON price_tracker.targets
    REFERENCING OLD TABLE AS old_targets NEW TABLE AS new_targets
    FOR EACH STATEMENT EXECUTE FUNCTION price_tracker.count_changed_targets()`.execute(db);
  await sql`
    CREATE TRIGGER a_target_stays_in_its_market BEFORE UPDATE OF run_id, source, host, queue ON price_tracker.targets
    FOR EACH ROW WHEN ((OLD.run_id, OLD.source, OLD.host, OLD.queue) IS DISTINCT FROM (NEW.run_id, NEW.source, NEW.host, NEW.queue))
    EXECUTE FUNCTION price_tracker.refuse_another_market()`.execute(db);
}

async function makeFolding(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE FUNCTION price_tracker.fold_target_moves(p_limit integer) RETURNS integer
    LANGUAGE sql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
      WITH chosen AS (
        SELECT run_id, id FROM target_moves ORDER BY run_id, id LIMIT p_limit FOR UPDATE SKIP LOCKED
      ), folded AS (
        DELETE FROM target_moves m USING chosen c WHERE m.run_id = c.run_id AND m.id = c.id RETURNING m.*
      ), of_runs AS (
        SELECT f.* FROM folded f WHERE EXISTS (SELECT FROM runs WHERE id = f.run_id)
      ), counts AS (
        INSERT INTO run_counts AS c (${market}, state, reason, count)
        SELECT ${market}, state, reason, sum(count) FROM (
          SELECT ${market}, to_state AS state, to_reason AS reason, count FROM of_runs WHERE to_state IS NOT NULL
          UNION ALL
          SELECT ${market}, from_state, from_reason, -count FROM of_runs WHERE from_state IS NOT NULL
        ) both_sides GROUP BY ${market}, state, reason
        ON CONFLICT (${market}, state, reason) DO UPDATE SET count = c.count + excluded.count
      ), outcomes AS (
        INSERT INTO run_outcomes AS c (${market}, ${durationColumns})
        SELECT ${market}, outcome, duration_bucket, sum(count), sum(duration_ms) FROM of_runs WHERE outcome IS NOT NULL
         GROUP BY ${market}, outcome, duration_bucket
        ON CONFLICT (${market}, outcome, duration_bucket)
        DO UPDATE SET count = c.count + excluded.count, duration_ms = c.duration_ms + excluded.duration_ms
      ), minutes AS (
        INSERT INTO run_minutes AS c (${market}, minute, ended)
        SELECT ${market}, ${minuteOf}, sum(count) FROM of_runs WHERE ${hasEnded} GROUP BY ${market}, ${minuteOf}
        ON CONFLICT (run_id, minute, source, host, queue) DO UPDATE SET ended = c.ended + excluded.ended
      ), days AS (
        INSERT INTO daily_outcomes AS c (day, source, host, queue, ${durationColumns})
        SELECT ${dayOf}, source, host, queue, outcome, duration_bucket, sum(count), sum(duration_ms)
          FROM folded WHERE outcome IS NOT NULL GROUP BY ${dayOf}, source, host, queue, outcome, duration_bucket
        ON CONFLICT (day, source, host, queue, outcome, duration_bucket)
        DO UPDATE SET count = c.count + excluded.count, duration_ms = c.duration_ms + excluded.duration_ms
      )
      SELECT count(*)::integer FROM folded
    $$`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.fold_target_moves FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.fold_target_moves TO pricefleet_worker`.execute(db);
}

async function grantToRoles(db: Kysely<unknown>): Promise<void> {
  await sql`
    GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.target_moves, price_tracker.run_counts,
      price_tracker.run_outcomes, price_tracker.run_minutes, price_tracker.daily_outcomes TO pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT INSERT ON price_tracker.target_moves TO pricefleet_asks`.execute(db);
  await sql`
    GRANT SELECT ON price_tracker.target_moves, price_tracker.run_counts, price_tracker.run_outcomes,
      price_tracker.run_minutes, price_tracker.daily_outcomes TO pricefleet_api`.execute(db);
  await sql`
    GRANT SELECT ON price_tracker.run_counts_now, price_tracker.run_outcomes_now, price_tracker.run_minutes_now,
      price_tracker.daily_outcomes_now, price_tracker.run_count_differences TO pricefleet_worker, pricefleet_api`.execute(
    db,
  );
}

/** Of a book that was in use: all targets as they are, and the last attempt of those that have ended. */
async function countWhatIsThere(db: Kysely<unknown>): Promise<void> {
  await sql`
    INSERT INTO price_tracker.target_moves (${market}, to_state, to_reason, count)
    SELECT ${market}, state, ${reasonOf("t")}, count(*) FROM price_tracker.targets t GROUP BY 1, 2, 3, 4, 5, 6`.execute(
    db,
  );
  // Begun and ended in one: a move that takes as much from "running" as is given to it here.
  await sql`
    WITH ended AS (
      SELECT ${market}, state, ${reasonOf("t")} AS reason, finished_at,
             CASE WHEN state = 'done' THEN 'ok' ELSE coalesce(error_class, 'unknown') END AS outcome,
             greatest(1, extract(epoch FROM finished_at - started_at) * 1000)::float8 AS duration_ms
        FROM price_tracker.targets t
       WHERE state IN ('done', 'failed', 'dead') AND started_at IS NOT NULL AND finished_at IS NOT NULL
    ), taken AS (
      INSERT INTO price_tracker.target_moves (${market}, from_state, from_reason, to_state, to_reason, count)
      SELECT ${market}, state, reason, 'running', '', count(*) FROM ended GROUP BY 1, 2, 3, 4, 5, 6
    )
    INSERT INTO price_tracker.target_moves
      (${market}, from_state, from_reason, to_state, to_reason, outcome, duration_bucket, duration_ms, count, at)
    SELECT ${market}, 'running', '', state, reason, outcome, floor(4 * ln(duration_ms) / ln(2.0::float8)),
           sum(duration_ms), count(*), date_trunc('minute', finished_at)
      FROM ended GROUP BY 1, 2, 3, 4, 7, 8, 9, 10, 13`.execute(db);
  await sql`SELECT price_tracker.fold_target_moves(2147483647)`.execute(db);
}
