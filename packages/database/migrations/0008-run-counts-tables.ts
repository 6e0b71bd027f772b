import { type Kysely, sql } from "kysely";

/** A market is what a run has at one host, of one source, in one queue. */
export const market = sql.raw("run_id, source, host, queue");
const marketColumns = sql.raw(
  "run_id bigint NOT NULL, source text NOT NULL, host text NOT NULL, queue text NOT NULL",
);
/** Only what has failed is counted by reason; the word is the worker's own. */
export const reasonOf = (row: string) =>
  sql.raw(`CASE WHEN ${row}.state IN ('failed', 'dead') THEN coalesce(${row}.reason, 'unknown') ELSE '' END`);

export async function makeTables(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.target_moves (
      ${marketColumns},
      id bigint GENERATED ALWAYS AS IDENTITY,
      from_state text,
      from_reason text,
      to_state text,
      to_reason text,
      outcome text,
      duration_bucket integer,
      duration_ms bigint,
      count integer NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (run_id, id)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.target_moves.outcome IS
      'of an attempt that ended with this move: ok, or the class of its error'`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.target_moves.duration_bucket IS
      'floor(4 * log2(milliseconds)): four buckets an octave, so a quantile is right within a tenth'`.execute(
    db,
  );
  await sql`
    CREATE TABLE price_tracker.run_counts (
      ${marketColumns},
      state text NOT NULL,
      reason text NOT NULL,
      count bigint NOT NULL,
      PRIMARY KEY (${market}, state, reason),
      FOREIGN KEY (run_id) REFERENCES price_tracker.runs ON DELETE CASCADE
    )`.execute(db);
  await sql`
    CREATE TABLE price_tracker.run_outcomes (
      ${marketColumns},
      outcome text NOT NULL,
      duration_bucket integer NOT NULL,
      count bigint NOT NULL,
      duration_ms bigint NOT NULL,
      PRIMARY KEY (${market}, outcome, duration_bucket),
      FOREIGN KEY (run_id) REFERENCES price_tracker.runs ON DELETE CASCADE
    )`.execute(db);
  await sql`
    CREATE TABLE price_tracker.run_minutes (
      ${marketColumns},
      minute timestamptz NOT NULL,
      ended bigint NOT NULL,
      PRIMARY KEY (run_id, minute, source, host, queue),
      FOREIGN KEY (run_id) REFERENCES price_tracker.runs ON DELETE CASCADE
    )`.execute(db);
  await sql`
    CREATE TABLE price_tracker.daily_outcomes (
      day date NOT NULL,
      source text NOT NULL,
      host text NOT NULL,
      queue text NOT NULL,
      outcome text NOT NULL,
      duration_bucket integer NOT NULL,
      count bigint NOT NULL,
      duration_ms bigint NOT NULL,
      PRIMARY KEY (day, source, host, queue, outcome, duration_bucket)
    )`.execute(db);
  await sql`COMMENT ON TABLE price_tracker.daily_outcomes IS 'days are UTC; they outlive runs and targets'`.execute(
    db,
  );
  // A run's last failures, without sorting all of them.
  await sql`
    CREATE INDEX targets_failed ON price_tracker.targets (run_id, finished_at DESC, id DESC)
     WHERE state IN ('failed', 'dead')`.execute(db);
}

/** Did these targets come to their end by this move? */
export const hasEnded = sql.raw(
  "to_state IN ('done', 'failed', 'dead') AND from_state IN ('pending', 'queued', 'running')",
);
export const minuteOf = sql.raw("date_trunc('minute', at)");
export const dayOf = sql.raw("(at AT TIME ZONE 'UTC')::date");
export const durationColumns = sql.raw("outcome, duration_bucket, count, duration_ms");

export async function makeViews(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE VIEW price_tracker.run_counts_now AS
    SELECT ${market}, state, reason, sum(count)::bigint AS count FROM (
      SELECT ${market}, state, reason, count FROM price_tracker.run_counts
      UNION ALL
      SELECT ${market}, to_state, to_reason, count FROM price_tracker.target_moves WHERE to_state IS NOT NULL
      UNION ALL
      SELECT ${market}, from_state, from_reason, -count FROM price_tracker.target_moves WHERE from_state IS NOT NULL
    ) counted GROUP BY ${market}, state, reason`.execute(db);
  await sql`
    CREATE VIEW price_tracker.run_outcomes_now AS
    SELECT ${market}, outcome, duration_bucket, sum(count)::bigint AS count, sum(duration_ms)::bigint AS duration_ms FROM (
      SELECT ${market}, ${durationColumns} FROM price_tracker.run_outcomes
      UNION ALL
      SELECT ${market}, ${durationColumns} FROM price_tracker.target_moves WHERE outcome IS NOT NULL
    ) counted GROUP BY ${market}, outcome, duration_bucket`.execute(db);
  await sql`
    CREATE VIEW price_tracker.run_minutes_now AS
    SELECT ${market}, minute, sum(ended)::bigint AS ended FROM (
      SELECT ${market}, minute, ended FROM price_tracker.run_minutes
      UNION ALL
      SELECT ${market}, ${minuteOf}, count FROM price_tracker.target_moves WHERE ${hasEnded}
    ) counted GROUP BY ${market}, minute`.execute(db);
  await sql`
    CREATE VIEW price_tracker.daily_outcomes_now AS
    SELECT day, source, host, queue, ${durationColumns} FROM price_tracker.daily_outcomes
    UNION ALL
    SELECT ${dayOf}, source, host, queue, ${durationColumns} FROM price_tracker.target_moves WHERE outcome IS NOT NULL`.execute(
    db,
  );
  // Empty, always: what tests hold after everything they do.
  await sql`
    CREATE VIEW price_tracker.run_count_differences AS
    SELECT ${market}, state, reason, coalesce(there.count, 0) AS there, coalesce(counted.count, 0) AS counted
      FROM (SELECT ${market}, state, ${reasonOf("t")} AS reason, count(*) AS count
              FROM price_tracker.targets t GROUP BY 1, 2, 3, 4, 5, 6) there
      FULL JOIN (SELECT c.* FROM price_tracker.run_counts_now c JOIN price_tracker.runs r ON r.id = c.run_id) counted
        USING (${market}, state, reason)
     WHERE coalesce(there.count, 0) <> coalesce(counted.count, 0)`.execute(db);
}
