import { sql } from "kysely";
import type { Database } from "../connect.ts";

export interface SnapshotRow {
  sha256: string;
  path: string;
  sizeBytes: number;
  url: string;
  source: string;
  targetId: string | null;
  fetchedBy: "http" | "browser";
  pageState: string;
  fetchedAt: Date;
}

/** As the function finish_listing takes it. */
export function snapshotAsJson(snapshot: SnapshotRow) {
  return {
    sha256: snapshot.sha256,
    path: snapshot.path,
    size_bytes: snapshot.sizeBytes,
    url: snapshot.url,
    source: snapshot.source,
    target_id: snapshot.targetId,
    fetched_by: snapshot.fetchedBy,
    page_state: snapshot.pageState,
    fetched_at: snapshot.fetchedAt,
  };
}

/** A page without a price that was to have one: kept, so that it can be read again when the extractors know its layout. */
export async function keepUnreadSnapshot(
  db: Database,
  snapshot: SnapshotRow,
  externalId: string,
): Promise<void> {
  await sql`
    INSERT INTO snapshots (sha256, path, size_bytes, url, source, listing_id, target_id, fetched_by, page_state, fetched_at)
    SELECT sha256, path, size_bytes, url, source,
           (SELECT id FROM listings WHERE source = ${snapshot.source} AND external_id = ${externalId}),
           target_id, fetched_by, page_state, fetched_at
      FROM jsonb_populate_record(NULL::snapshots, ${JSON.stringify(snapshotAsJson(snapshot))}::jsonb)`.execute(
    db,
  );
}

export interface KeptSnapshot {
  id: string;
  sha256: string;
  url: string;
  source: string;
  page_state: string;
  fetched_at: Date;
  pruned_at: Date | null;
}

/** Null: there is none of this id. */
export async function findSnapshot(db: Database, id: string): Promise<KeptSnapshot | null> {
  const row = await db
    .selectFrom("snapshots")
    .select(["id", "sha256", "url", "source", "page_state", "fetched_at", "pruned_at"])
    .where("id", "=", id)
    .executeTakeFirst();
  return row ?? null;
}

/** The files are gone from SNAPSHOT_DIR; what was read from them stays. */
export async function markSnapshotsPruned(db: Database, sha256s: readonly string[]): Promise<void> {
  if (sha256s.length === 0) return;
  await db
    .updateTable("snapshots")
    .set({ pruned_at: sql`now()` })
    .where("sha256", "in", sha256s)
    .where("pruned_at", "is", null)
    .execute();
}
