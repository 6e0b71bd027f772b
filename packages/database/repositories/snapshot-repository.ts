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
