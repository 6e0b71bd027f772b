import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { noteGoodPage } from "./host-repository.ts";
import { type StoredQuote, storeQuotes } from "./market-repository.ts";
import { endRefresh } from "./recurring-repository.ts";
import type { Claim } from "./target-repository.ts";

/** The targets of the queue quote_refresh: one for each enabled instrument that names a page. */
const QUEUE = "quote_refresh";

export interface QuotedPage {
  instrumentId: string;
  pageUrl: string;
  refreshSeconds: number;
}

export async function quotedPages(db: Database): Promise<QuotedPage[]> {
  const { rows } = await sql<QuotedPage>`
    SELECT id AS "instrumentId", page_url AS "pageUrl", refresh_seconds AS "refreshSeconds"
      FROM instruments WHERE enabled AND page_url IS NOT NULL ORDER BY id`.execute(db);
  return rows;
}

export interface QuoteTarget {
  id: string;
  instrumentId: string;
  source: string;
  host: string;
  url: string;
  refreshSeconds: number;
  isCancelled: boolean;
}

export async function quoteTargets(db: Database): Promise<QuoteTarget[]> {
  const { rows } = await sql<QuoteTarget>`
    SELECT id, external_id AS "instrumentId", source, host, url, refresh_seconds AS "refreshSeconds",
           state = 'cancelled' AS "isCancelled"
      FROM targets WHERE run_id IS NULL AND queue = ${QUEUE}`.execute(db);
  return rows;
}

/** What is under way for them is stored no more. */
export async function cancelQuoteTargets(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    UPDATE targets SET state = 'cancelled', republish_after = NULL, lease_expires_at = NULL
     WHERE id = ANY(${ids}::bigint[]) AND run_id IS NULL AND state <> 'cancelled'`.execute(db);
}

/** For those whose page moved to another host: a target stays with its host, so another one takes its place. */
export async function removeQuoteTargets(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await sql`DELETE FROM targets WHERE id = ANY(${ids}::bigint[]) AND run_id IS NULL`.execute(db);
}

/** Those that are queued count as lost so long after they were due. A copy that does turn up is ignored as an old publish. */
export async function expectQuotesWithin(db: Database, seconds: number): Promise<void> {
  await sql`
    UPDATE targets SET republish_after = greatest(now(), not_before) + make_interval(secs => ${seconds})
     WHERE run_id IS NULL AND queue = ${QUEUE} AND state = 'queued'
       AND republish_after > greatest(now(), not_before) + make_interval(secs => ${seconds})`.execute(db);
}

/** What a worker has to know to read an instrument's page. */
export interface PageInstrument {
  id: string;
  /** EXCHANGE:SYMBOL */
  name: string;
  currency: string;
  pageSelector: string | null;
  /** Decimal strings, both ends included. */
  validMin: string | null;
  validMax: string | null;
}

/** Null when it was removed or switched off meanwhile. */
export async function pageInstrument(db: Database, id: string): Promise<PageInstrument | null> {
  const { rows } = await sql<PageInstrument>`
    SELECT id, exchange || ':' || symbol AS name, currency, page_selector AS "pageSelector",
           valid_min::text AS "validMin", valid_max::text AS "validMax"
      FROM instruments WHERE id = ${id} AND enabled`.execute(db);
  return rows[0] ?? null;
}

/**
 * The finish of a good refresh: the quote, and the target pending again, in one transaction; with the host's clock told.
 * @returns false, and nothing stored, if the lease is no longer the current one.
 */
export async function finishQuote(
  db: Database,
  claim: Pick<Claim, "targetId" | "leaseToken" | "host">,
  quote: StoredQuote,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    if (!(await endRefresh(trx, claim, null))) return false;
    await storeQuotes(trx, [quote]);
    // Quotes are rendered whatever their pages need, so they teach nothing about how to fetch the host's others.
    await noteGoodPage(trx, claim.host, null);
    return true;
  });
}
