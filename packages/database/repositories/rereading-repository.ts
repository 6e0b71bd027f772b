import type { Item, ListingDetails } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { sightingAsJson } from "./sighting-repository.ts";

export interface SnapshotFilter {
  source?: string | undefined;
  since?: Date | undefined;
  runId?: string | undefined;
}

export interface SnapshotToReread {
  id: string;
  sha256: string;
  url: string;
  source: string;
  targetId: string | null;
  runId: string | null;
  /** The listing's own, whatever the page calls it; null if nothing knows the page's listing any more. */
  externalId: string | null;
  fetchedAt: Date;
}

/**
 * Kept pages of listings, a batch at a time; `after`: the last id of the batch before. Those that could not be read come
 * with the newest first, so that a target gets its newest readable page; those that were read in the order of their history.
 */
export async function findSnapshotsToReread(
  db: Database,
  were: "changed" | "ok",
  filter: SnapshotFilter,
  limit: number,
  after: string | null,
): Promise<SnapshotToReread[]> {
  const { source, since, runId } = filter;
  const [comparison, direction] = were === "changed" ? ["<", "DESC"] : [">", "ASC"];
  const conditions = [
    sql`s.page_state = ${were}`,
    sql`s.pruned_at IS NULL`,
    sql`(t.id IS NULL OR t.queue = 'listing_enrichment')`,
    ...(after === null ? [] : [sql`s.id ${sql.raw(comparison)} ${after}`]),
    ...(source === undefined ? [] : [sql`s.source = ${source}`]),
    ...(since === undefined ? [] : [sql`s.fetched_at >= ${since}`]),
    ...(runId === undefined ? [] : [sql`t.run_id = ${runId}`]),
  ];
  const { rows } = await sql<SnapshotToReread>`
    SELECT s.id, s.sha256, s.url, s.source, s.target_id AS "targetId", t.run_id AS "runId", s.fetched_at AS "fetchedAt",
           coalesce(l.external_id, t.external_id) AS "externalId"
      FROM snapshots s LEFT JOIN targets t ON t.id = s.target_id LEFT JOIN listings l ON l.id = s.listing_id
     WHERE ${sql.join(conditions, sql` AND `)}
     ORDER BY s.id ${sql.raw(direction)} LIMIT ${limit}`.execute(db);
  return rows;
}

export interface RereadSnapshot {
  outcome:
    | "unchanged"
    | "changed"
    /** It could not be read, and its target died of that. */
    | "newly-readable"
    /** It could not be read, but its target did not die of that, or was worked on again. */
    | "not-needed"
    /** It gave a price, and gives none now. That price stays. */
    | "price-lost"
    | "no-listing";
  changes: Record<string, { before: unknown; after: unknown }>;
}

/**
 * Compares what a kept page says now with what was stored of it, and with `apply` stores it as of the moment when the page
 * was fetched. A price that proves wrong is marked as corrected, and the right one stands beside it. Done twice, it
 * changes nothing the second time.
 */
export async function rereadSnapshot(
  db: Database,
  snapshot: SnapshotToReread,
  read: { item: Item; details: ListingDetails | null },
  apply: boolean,
  /** What prices are valued in; null: this one is not. */
  baseCurrency: string | null = null,
): Promise<RereadSnapshot> {
  const sighting = sightingAsJson({
    source: snapshot.source,
    item: { ...read.item, external_id: snapshot.externalId ?? read.item.external_id },
    readFrom: "page",
    runId: "0",
    targetId: snapshot.targetId,
    snapshotId: snapshot.id,
    cardDigest: null,
    details: read.details,
    // The function finds the rate of the moment, where one was written down.
    baseRate:
      baseCurrency === null
        ? null
        : { base: baseCurrency, rate: null, quoteIds: [], quotedAt: null, missing: null },
  });
  const { rows } = await sql<RereadSnapshot>`
    SELECT outcome, changes FROM reread_snapshot(${snapshot.id}, ${JSON.stringify(sighting)}, ${apply})`.execute(
    db,
  );
  const [answer] = rows;
  if (answer === undefined) throw new Error(`snapshot ${snapshot.id} gave no answer`);
  return answer;
}

/** Writes into the history of each run how many of its targets were read from kept pages. */
export async function noteRereading(db: Database, targetsOfRuns: ReadonlyMap<string, number>): Promise<void> {
  for (const [runId, targets] of targetsOfRuns) {
    const words = `targets that were read from their kept pages: ${targets}`;
    await sql`
      INSERT INTO run_events (run_id, from_state, to_state, reason)
      SELECT id, state, state, ${words} FROM runs WHERE id = ${runId}`.execute(db);
  }
}
