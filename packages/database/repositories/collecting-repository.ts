import type { FilterReason, Item, QueueName } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { countFilteredOut } from "./filter-repository.ts";
import type { TitleMatch } from "./listing-model-repository.ts";
import { changeRunState, COLLECTING_LEASE } from "./run-repository.ts";
import { type SightedRate, type StoredSighting, storeSightings } from "./sighting-repository.ts";

/** A search page as its collector read it. */
export interface CollectedPage {
  runId: string;
  searchId: string;
  /** Which of the run's markets; 1 where there is only one. */
  market?: number;
  source: string;
  queue: QueueName;
  pageNumber: number;
  /** Where the page says that the next one is; null: the source knows by its number. */
  nextUrl?: string | null;
  totalResults: number | null;
  /** Each listing once. A card without a digest confirms nothing: its listing is always a target. */
  /** `suffices`: the listing's own page cannot be read, so no target is made. */
  cards: readonly {
    item: Item;
    host: string;
    digest: string | null;
    suffices?: boolean;
    baseRate?: SightedRate | null;
    match?: TitleMatch;
  }[];
  /** Why cards of the page that were not met before were left out: one of each. */
  filteredOut?: readonly FilterReason[];
  /** 0: no limit. */
  enrichLimit: number;
  /** A listing whose page was read within this many hours is confirmed by an unchanged card. */
  enrichMaxAgeHours: number;
}

/** The run was stopped, or another collector took it over: this one must not write for it any more. */
export class RunNotOursError extends Error {
  override readonly name = "RunNotOursError";
}

/**
 * One transaction for one search page: what its cards say, the targets they need, and the market's next page. So a killed
 * collector continues exactly after the last page it stored, and a page stored twice changes nothing.
 * @returns how many listings were new to the run, and how many of those became targets.
 * @throws RunNotOursError
 */
export async function storeSearchPage(
  db: Database,
  page: CollectedPage,
): Promise<{ found: number; targets: number }> {
  return db.transaction().execute(async (trx) => {
    await takePage(trx, page);
    const stored = await storeSightings(
      trx,
      page.cards.map(({ item, digest, baseRate, match }) => ({
        source: page.source,
        item,
        readFrom: "card",
        runId: page.runId,
        targetId: null,
        snapshotId: null,
        cardDigest: digest,
        details: null,
        baseRate,
        match,
      })),
      page.enrichMaxAgeHours,
    );
    const newToRun = await linkToSearch(trx, page, stored);
    const sufficing = new Set(
      page.cards.filter((card) => card.suffices).map((card) => card.item.external_id),
    );
    const stale = stored.filter(
      ({ listingId, externalId, isFresh }) =>
        newToRun.has(listingId) && !isFresh && !sufficing.has(externalId),
    );
    await lookAgain(trx, page, stored);
    const targets = await insertTargets(trx, page, new Set(stale.map((sighting) => sighting.externalId)));
    await countFilteredOut(trx, page.runId, page.filteredOut ?? []);
    await countFound(trx, page, newToRun.size, newToRun.size - stale.length);
    return { found: newToRun.size, targets };
  });
}

async function takePage(trx: Database, page: CollectedPage): Promise<void> {
  // The run's row first, always: the markets of a run store their pages one after the other and never deadlock.
  const run = await trx
    .updateTable("runs")
    .set((eb) => ({
      next_page: eb("next_page", "+", 1),
      pages_read: eb("pages_read", "+", 1),
      collecting_until: COLLECTING_LEASE,
    }))
    .where("id", "=", page.runId)
    .where("state", "in", ["initializing", "processing"])
    .returning("state")
    .executeTakeFirst();
  const market = await trx
    .updateTable("market_runs")
    .set((eb) => ({
      next_page: page.pageNumber + 1,
      next_url: page.nextUrl ?? null,
      pages_read: eb("pages_read", "+", 1),
      total_results: page.totalResults ?? eb.ref("total_results"),
      error: null,
    }))
    .where("run_id", "=", page.runId)
    .where("market", "=", page.market ?? 1)
    .where("next_page", "=", page.pageNumber)
    .returning("market")
    .executeTakeFirst();
  if (run === undefined || market === undefined)
    throw new RunNotOursError(
      `run ${page.runId} was stopped, or page ${page.pageNumber} was collected by another`,
    );
  // Under the lock of the update: a run that a person stops at this moment is not set going again.
  if (run.state === "initializing")
    await changeRunState(trx, page.runId, "processing", "the first page is read");
}

async function countFound(trx: Database, page: CollectedPage, found: number, confirmed: number) {
  await trx
    .updateTable("market_runs")
    .set((eb) => ({ found: eb("found", "+", found), confirmed: eb("confirmed", "+", confirmed) }))
    .where("run_id", "=", page.runId)
    .where("market", "=", page.market ?? 1)
    .execute();
  await trx
    .updateTable("runs")
    .set((eb) => ({
      found: eb("found", "+", found),
      confirmed: eb("confirmed", "+", confirmed),
      total_results: sql<number | null>`(SELECT sum(total_results) FROM market_runs WHERE run_id = runs.id)`,
    }))
    .where("id", "=", page.runId)
    .execute();
}

/** A listing that comes again on a later page of the same run (promoted ones do) is not counted again. */
async function linkToSearch(
  trx: Database,
  page: CollectedPage,
  stored: readonly StoredSighting[],
): Promise<Set<string>> {
  const matchOf = new Map(page.cards.map(({ item }) => [item.external_id, item.match]));
  const links = stored
    .map(({ listingId, externalId }) => ({
      listing_id: listingId,
      match: matchOf.get(externalId) ?? "exact",
    }))
    .toSorted((a, b) => Number(a.listing_id) - Number(b.listing_id));
  const { rows } = await sql<{ listing_id: string }>`
    INSERT INTO search_listings AS sl (search_id, listing_id, match, first_run_id, last_run_id)
    SELECT ${page.searchId}, listing_id, match, ${page.runId}, ${page.runId}
      FROM jsonb_to_recordset(${JSON.stringify(links)}::jsonb) AS l (listing_id bigint, match text)
    ON CONFLICT (search_id, listing_id) DO UPDATE SET last_run_id = excluded.last_run_id, match = excluded.match
      WHERE sl.last_run_id <> excluded.last_run_id
    RETURNING listing_id`.execute(trx);
  return new Set(rows.map((row) => row.listing_id));
}

/** A card's price that is too odd is judged by the listing's page, though this run may have read that already. */
async function lookAgain(trx: Database, page: CollectedPage, stored: readonly StoredSighting[]) {
  const doubted = stored.filter(({ price }) => price === "quarantined").map(({ externalId }) => externalId);
  if (doubted.length === 0) return;
  await trx
    .updateTable("targets")
    .set({ state: "pending", reason: "second-look", finished_at: null, attempts: 0, lost_leases: 0 })
    .where("run_id", "=", page.runId)
    .where("source", "=", page.source)
    .where("external_id", "in", doubted)
    .where("state", "=", "done")
    .execute();
}

async function insertTargets(
  trx: Database,
  page: CollectedPage,
  wanted: ReadonlySet<string>,
): Promise<number> {
  const { market = 1 } = page;
  const targets = page.cards
    .filter(({ item }) => wanted.has(item.external_id))
    .map(({ item, host }) => ({ host, external_id: item.external_id, url: item.url }));
  const { rows } = await sql<{ inserted: number }>`
    WITH room AS (
      SELECT CASE WHEN ${page.enrichLimit}::integer = 0 THEN NULL
             ELSE greatest(0, ${page.enrichLimit}::integer - (SELECT count(*) FROM targets WHERE run_id = ${page.runId} AND market = ${market}::integer)) END AS targets
    ), inserted AS (
      INSERT INTO targets (run_id, market, queue, source, host, external_id, url)
      SELECT ${page.runId}, ${market}::integer, ${page.queue}, ${page.source}, host, external_id, url
        FROM jsonb_to_recordset(${JSON.stringify(targets)}::jsonb) AS t (host text, external_id text, url text)
       LIMIT (SELECT targets FROM room)
      ON CONFLICT (run_id, source, external_id) DO NOTHING
      RETURNING host
    ), markets AS (
      INSERT INTO run_markets (run_id, market, host, queue, source)
      SELECT DISTINCT ${page.runId}::bigint, ${market}::integer, host, ${page.queue}, ${page.source} FROM inserted
      ON CONFLICT DO NOTHING
    )
    SELECT count(*)::integer AS inserted FROM inserted`.execute(trx);
  return rows[0]?.inserted ?? 0;
}
