import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** A market of a run as its collector needs it: what to search for, and where to go on. */
export interface MarketRun {
  runId: string;
  searchId: string;
  /** From 1 within the run. */
  market: number;
  source: string;
  term: string | null;
  url: string | null;
  /** 0: all pages. */
  maxPages: number;
  /** 0: all listings. */
  enrichLimit: number;
  nextPage: number;
  /** Null: the source knows the next page's address by its number. */
  nextUrl: string | null;
}

/** Which of a run's markets. */
type WhichMarket = Pick<MarketRun, "runId" | "market">;

/** The markets of a run whose pages are not all read. */
export async function marketsToCollect(db: Database, runId: string): Promise<MarketRun[]> {
  const { rows } = await sql<MarketRun>`
    SELECT m.run_id AS "runId", r.search_id AS "searchId", m.market, m.source, m.term, m.url, m.max_pages AS "maxPages",
           m.enrich_limit AS "enrichLimit", m.next_page AS "nextPage", m.next_url AS "nextUrl"
      FROM market_runs m JOIN runs r ON r.id = m.run_id
     WHERE m.run_id = ${runId} AND m.collected_at IS NULL ORDER BY m.market`.execute(db);
  return rows;
}

export async function isAnyMarketCollected(db: Database, runId: string): Promise<boolean> {
  const row = await db
    .selectFrom("market_runs")
    .select("market")
    .where("run_id", "=", runId)
    .where("collected_at", "is not", null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** @param readToEnd no page is left; false: a limit ended it. */
export async function markMarketCollected(
  db: Database,
  { runId, market }: WhichMarket,
  readToEnd: boolean,
): Promise<void> {
  await db
    .updateTable("market_runs")
    .set({ collected_at: sql`now()`, error: null, read_to_end: readToEnd })
    .where("run_id", "=", runId)
    .where("market", "=", market)
    .execute();
}

/** Its pages cannot be read. The run goes on with its other markets; whoever collects it again tries this one, too. */
export async function noteMarketError(
  db: Database,
  { runId, market }: WhichMarket,
  error: string,
): Promise<void> {
  await db
    .updateTable("market_runs")
    .set({ error: error.slice(0, 2_000) })
    .where("run_id", "=", runId)
    .where("market", "=", market)
    .execute();
}

/**
 * Puts markets in the place of the one that stands for all of a source's. A second collector's list changes nothing.
 * @returns their numbers.
 */
export async function spreadMarket(
  db: Database,
  { runId, market }: WhichMarket,
  terms: readonly string[],
): Promise<number[]> {
  const { rows } = await sql<{ market: number }>`
    WITH all_markets AS (
      DELETE FROM market_runs WHERE run_id = ${runId} AND market = ${market} AND collected_at IS NULL RETURNING *
    )
    INSERT INTO market_runs (run_id, market, source, term, max_pages, enrich_limit, at_once)
    SELECT a.run_id, (SELECT max(market) FROM market_runs WHERE run_id = ${runId}) + t.number, a.source, t.term,
           a.max_pages, a.enrich_limit, a.at_once
      FROM all_markets a
     CROSS JOIN unnest(${terms}::text[]) WITH ORDINALITY AS t (term, number)
    RETURNING market`.execute(db);
  return rows.map((row) => row.market);
}
