import { sql } from "kysely";
import type { Database } from "../connect.ts";
import type { Buckets } from "./run-progress-queries.ts";

/** Attempts that ended on a day (UTC) at a market, by outcome: ok, or the class of error. */
export interface DailyOutcome {
  day: string;
  source: string;
  host: string;
  outcome: string;
  count: number;
  durationMs: number;
  buckets: Buckets;
}

export interface AnalyticsFilter {
  source?: string | undefined;
  host?: string | undefined;
  /** Days, both included. */
  from: Date;
  to: Date;
}

/** The newest day first. From kept sums, which outlive runs. */
export async function findDailyOutcomes(db: Database, filter: AnalyticsFilter): Promise<DailyOutcome[]> {
  const { source = null, host = null, from, to } = filter;
  const { rows } = await sql<DailyOutcome>`
    SELECT day, source, host, outcome, sum(count)::integer AS count, sum(duration_ms)::float8 AS "durationMs",
           json_object_agg(duration_bucket, count) AS buckets
      FROM (SELECT day::text, source, host, outcome, duration_bucket, sum(count)::integer AS count,
                   sum(duration_ms) AS duration_ms
              FROM daily_outcomes_now
             WHERE day BETWEEN (${from}::timestamptz AT TIME ZONE 'UTC')::date AND (${to}::timestamptz AT TIME ZONE 'UTC')::date
               AND (${source}::text IS NULL OR source = ${source}) AND (${host}::text IS NULL OR host = ${host})
             GROUP BY day, source, host, outcome, duration_bucket) counted
     GROUP BY day, source, host, outcome ORDER BY day DESC, source, host, outcome`.execute(db);
  return rows;
}
