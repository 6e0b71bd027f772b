import type { PageKind } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

export interface LayoutChange {
  source: string;
  host: string;
  pageKind: PageKind;
  flagged: boolean;
  /** From 0 to 1. */
  readRate: number;
  usualRate: number;
}

/** What the collector made of a search page that came. Pages of targets are counted with their targets. */
export async function noteSearchPage(
  db: Database,
  source: string,
  host: string,
  wasRead: boolean,
): Promise<void> {
  const [read, changed] = wasRead ? [1, 0] : [0, 1];
  await sql`
    INSERT INTO page_health AS p (source, host, page_kind, unjudged_read, unjudged_changed)
    VALUES (${source}, ${host}, 'search', ${read}, ${changed})
    ON CONFLICT (source, host, page_kind) DO UPDATE
      SET unjudged_read = p.unjudged_read + ${read}, unjudged_changed = p.unjudged_changed + ${changed}`.execute(
    db,
  );
}

/**
 * Judges how well pages were read since the last time: the rate forgets half after `halfLifePages`. Pages are flagged
 * when it falls to `bound` (0 to 1) of the usual one, and again unflagged when it is half-way back from there.
 * @returns those whose flag changed.
 */
export async function judgeLayouts(
  db: Database,
  rule: { halfLifePages: number; bound: number },
): Promise<LayoutChange[]> {
  const { rows } = await sql<LayoutChange>`
    SELECT source, host, page_kind AS "pageKind", flagged, read_rate AS "readRate", usual_rate AS "usualRate"
      FROM judge_layouts(${rule.halfLifePages}, ${rule.bound})`.execute(db);
  return rows;
}

/** How the pages of one kind of one host are read. Rows are named as the API's JSON is. */
export interface PageHealth {
  source: string;
  host: string;
  page_kind: PageKind;
  read_rate: number;
  usual_rate: number;
  pages: number;
  state_since: Date;
  flagged_at: Date | null;
  last_changed_at: Date | null;
  /** The newest page that was not understood and is still kept. */
  example: { snapshot_id: string; target_id: string; url: string; fetched_at: string } | null;
}

export async function findPageHealth(db: Database): Promise<PageHealth[]> {
  const { rows } = await sql<PageHealth>`
    SELECT p.source, p.host, p.page_kind, p.read_rate, p.usual_rate, p.pages::float8 AS pages, p.state_since, p.flagged_at,
           p.last_changed_at, e.example
      FROM page_health p
      LEFT JOIN LATERAL (
        SELECT jsonb_build_object('snapshot_id', s.id::text, 'target_id', t.id::text, 'url', s.url, 'fetched_at', s.fetched_at) AS example
          FROM snapshots s JOIN targets t ON t.id = s.target_id
         WHERE p.last_changed_at IS NOT NULL AND s.source = p.source AND s.page_state = 'changed' AND s.pruned_at IS NULL
           AND t.host = p.host AND t.queue = CASE p.page_kind WHEN 'listing' THEN 'listing_enrichment' WHEN 'quote' THEN 'quote_refresh' END
         ORDER BY s.id DESC LIMIT 1
      ) e ON true
     ORDER BY p.source, p.host, p.page_kind`.execute(db);
  return rows;
}

/** The flagged pages that a run has to do with. */
export async function findFlaggedPagesOf(db: Database, runId: string) {
  const { rows } = await sql<{ source: string; host: string; page_kind: PageKind; since: Date }>`
    SELECT p.source, p.host, p.page_kind, p.flagged_at AS since
      FROM page_health p
     WHERE p.flagged_at IS NOT NULL
       AND CASE WHEN p.page_kind = 'search' THEN EXISTS (SELECT FROM market_runs m WHERE m.run_id = ${runId} AND m.source = p.source)
                ELSE EXISTS (SELECT FROM run_markets m WHERE m.run_id = ${runId} AND m.host = p.host AND m.source = p.source) END
     ORDER BY p.flagged_at, p.host`.execute(db);
  return rows;
}
