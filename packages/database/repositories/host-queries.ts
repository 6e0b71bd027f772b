import type { RobotsFile } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** What the API reads of hosts. Rows are named as its JSON is. */
export interface FoundHost {
  host: string;
  source: string;
  min_delay_ms: number;
  max_in_flight: number;
  daily_budget: number | null;
  blocks_to_open: number;
  current_delay_ms: number;
  crawl_delay_ms: number | null;
  slowed_delay_ms: number | null;
  requests_today: number;
  next_slot_at: Date | null;
  breaker: "closed" | "open" | "half-open";
  breaker_since: Date;
  closed_until: Date | null;
  closed_reason: string | null;
  consecutive_blocks: number;
  consecutive_closings: number;
  fetch_mode: "http" | "browser" | null;
  fetch_mode_at: Date;
  pending: number;
  queued: number;
  in_flight: number;
  robots: {
    origin: string;
    state: "unknown" | RobotsFile["state"];
    fetched_at: string | null;
    expires_at: string | null;
    detail: string | null;
  }[];
}

/** Hosts by name. `host`: this one only; `after`: the last one of the page before. */
export async function findHosts(
  db: Database,
  { host = null, after = null, limit }: { host?: string | null; after?: string | null; limit: number },
): Promise<FoundHost[]> {
  const { rows } = await sql<FoundHost>`
    SELECT h.host, h.source, h.min_delay_ms, h.max_in_flight, h.daily_budget, h.blocks_to_open, h.current_delay_ms,
           h.crawl_delay_ms, h.slowed_delay_ms,
           CASE WHEN h.requests_day = (now() AT TIME ZONE 'UTC')::date THEN h.requests_today ELSE 0 END AS requests_today,
           CASE WHEN h.next_slot_at > now() THEN h.next_slot_at END AS next_slot_at,
           CASE WHEN h.breaker = 'open' AND h.closed_until <= now() THEN 'half-open' ELSE h.breaker END AS breaker,
           h.breaker_since, CASE WHEN h.closed_until > now() THEN h.closed_until END AS closed_until,
           CASE WHEN h.closed_until > now() OR h.breaker <> 'closed' THEN h.closed_reason END AS closed_reason,
           h.consecutive_blocks, h.consecutive_closings, h.fetch_mode, h.fetch_mode_at,
           coalesce((SELECT sum((SELECT count(*) FROM targets t WHERE t.run_id = m.run_id AND t.host = m.host
                                    AND t.queue = m.queue AND t.state = 'pending'))
              FROM run_markets m JOIN runs r ON r.id = m.run_id AND r.state IN ('initializing', 'processing', 'paused')
             WHERE m.host = h.host), 0)::integer AS pending,
           (SELECT count(*) FROM targets t WHERE t.host = h.host AND t.state = 'queued')::integer AS queued,
           (SELECT count(*) FROM targets t WHERE t.host = h.host AND t.state = 'running')::integer AS in_flight,
           coalesce((SELECT json_agg(json_build_object('origin', r.origin, 'state', r.state, 'fetched_at', r.fetched_at,
                       'expires_at', CASE WHEN isfinite(r.expires_at) THEN r.expires_at END, 'detail', r.detail) ORDER BY r.origin)
              FROM robots_files r WHERE r.host = h.host), '[]') AS robots
      FROM hosts h
     WHERE (${host}::text IS NULL OR h.host = ${host}) AND (${after}::text IS NULL OR h.host > ${after})
     ORDER BY h.host LIMIT ${limit}`.execute(db);
  return rows;
}
