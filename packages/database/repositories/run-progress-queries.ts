import type { TargetState } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** How many attempts took how long: by floor(4 * log2(milliseconds)), four buckets an octave. */
export type Buckets = Record<string, number>;

/** What a run's progress is made of, all of it from kept counters: nothing here grows with the run's targets. */
export interface RunProgress {
  /** Targets in each state; failed and dead ones by reason. */
  counts: { source: string; host: string; state: TargetState; reason: string; count: number }[];
  /** Attempts that ended, by `outcome`: ok, or the class of error. */
  outcomes: {
    source: string;
    host: string;
    outcome: string;
    count: number;
    durationMs: number;
    buckets: Buckets;
  }[];
  /** Targets that came to their end within the last minutes of the run, up to now. */
  endedLately: { source: string; host: string; count: number }[];
  /** How long these last minutes are: less than five at the run's beginning, and after it was resumed. */
  windowSeconds: number;
  /** `lastWaitSeconds`: until the last of those set aside may be tried again. */
  clocks: {
    source: string;
    host: string;
    minDelayMs: number;
    maxInFlight: number;
    lastWaitSeconds: number;
  }[];
}

/** Call it within `atOneMoment`, or the numbers do not belong together. */
export async function findRunProgress(trx: Database, runId: string): Promise<RunProgress> {
  const counts = await sql<RunProgress["counts"][number]>`
    SELECT source, host, state, reason, sum(count)::integer AS count FROM run_counts_now
     WHERE run_id = ${runId} GROUP BY source, host, state, reason HAVING sum(count) <> 0`.execute(trx);
  // One JSON a market and outcome: a row a bucket would be thousands.
  const outcomes = await sql<RunProgress["outcomes"][number]>`
    SELECT source, host, outcome, sum(count)::integer AS count, sum(duration_ms)::float8 AS "durationMs",
           json_object_agg(duration_bucket, count) AS buckets
      FROM (SELECT source, host, outcome, duration_bucket, sum(count)::integer AS count, sum(duration_ms) AS duration_ms
              FROM run_outcomes_now WHERE run_id = ${runId} GROUP BY source, host, outcome, duration_bucket) counted
     GROUP BY source, host, outcome`.execute(trx);
  const lately = await findEndedLately(trx, runId);
  const clocks = await sql<RunProgress["clocks"][number]>`
    SELECT m.source, m.host, h.current_delay_ms AS "minDelayMs", h.max_in_flight AS "maxInFlight",
           greatest(0, extract(epoch FROM max(last.not_before) - now()))::float8 AS "lastWaitSeconds"
      FROM run_markets m JOIN hosts h ON h.host = m.host
      LEFT JOIN LATERAL (
        SELECT t.not_before FROM targets t
         WHERE t.run_id = m.run_id AND t.host = m.host AND t.queue = m.queue AND t.market = m.market
           AND t.state = 'pending'
         ORDER BY t.not_before DESC LIMIT 1
      ) last ON true
     WHERE m.run_id = ${runId} GROUP BY m.source, m.host, h.current_delay_ms, h.max_in_flight`.execute(trx);
  return { counts: counts.rows, outcomes: outcomes.rows, ...lately, clocks: clocks.rows };
}

/** Whole minutes and the one under way, of the last five; not those before the run was last set going. */
async function findEndedLately(db: Database, runId: string) {
  const { rows } = await sql<{
    windowSeconds: number;
    source: string | null;
    host: string | null;
    count: number;
  }>`
    WITH span AS (
      SELECT coalesce(r.finished_at, now()) AS until,
             greatest(r.created_at, date_trunc('minute', coalesce(r.finished_at, now())) - interval '4 minutes',
                      (SELECT max(e.at) FROM run_events e WHERE e.run_id = r.id AND e.from_state <> e.to_state
                          AND e.to_state = 'processing')) AS since
        FROM runs r WHERE r.id = ${runId}
    )
    SELECT extract(epoch FROM span.until - span.since)::float8 AS "windowSeconds", m.source, m.host,
           coalesce(sum(m.ended), 0)::integer AS count
      FROM span LEFT JOIN run_minutes_now m ON m.run_id = ${runId} AND m.minute >= date_trunc('minute', span.since)
     GROUP BY span.until, span.since, m.source, m.host`.execute(db);
  const endedLately = rows.flatMap(({ source, host, count }) =>
    source === null || host === null ? [] : [{ source, host, count }],
  );
  return { endedLately, windowSeconds: rows[0]?.windowSeconds ?? 0 };
}
