import { type TargetState, targetStates } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import type { TargetCounts } from "./run-queries.ts";

/** How far one market of a run is. Rows are named as the API's JSON is. */
export interface MarketProgress {
  market: number;
  source: string;
  term: string | null;
  url: string | null;
  at_once: number | null;
  /** 0: all. */
  max_pages: number;
  pages_read: number;
  total_results: number | null;
  found: number;
  confirmed: number;
  collected_at: Date | null;
  /** Why its pages could not be read. */
  error: string | null;
  counts: TargetCounts;
  /** Targets that ended in the last five minutes. */
  ended_lately: number;
  /** How long these last minutes are: less at the run's beginning. */
  window_seconds: number;
}

/** Each market of a run. Counts the run's targets: a question for a person, not for a loop. */
export async function findMarketProgress(db: Database, runId: string): Promise<MarketProgress[]> {
  const { rows } = await sql<
    Omit<MarketProgress, "counts"> & { counts: Partial<Record<TargetState, number>> | null }
  >`
    WITH counted AS (
      SELECT market, state, count(*)::integer AS count,
             count(*) FILTER (WHERE finished_at > now() - interval '5 minutes')::integer AS lately
        FROM targets WHERE run_id = ${runId} GROUP BY market, state
    )
    SELECT m.market, m.source, m.term, m.url, m.at_once, m.max_pages, m.pages_read, m.total_results, m.found, m.confirmed,
           m.collected_at, m.error, json_object_agg(c.state, c.count) FILTER (WHERE c.state IS NOT NULL) AS counts,
           coalesce(sum(c.lately) FILTER (WHERE c.state <> 'cancelled'), 0)::integer AS ended_lately,
           least(300, extract(epoch FROM coalesce(r.finished_at, now()) - r.created_at))::float8 AS window_seconds
      FROM market_runs m JOIN runs r ON r.id = m.run_id LEFT JOIN counted c ON c.market = m.market
     WHERE m.run_id = ${runId} GROUP BY m.run_id, m.market, r.id ORDER BY m.market`.execute(db);
  return rows.map(({ counts, ...row }) => ({
    ...row,
    counts: Object.fromEntries(
      targetStates.map((state) => [state, counts?.[state] ?? 0] as const),
    ) as TargetCounts,
  }));
}
