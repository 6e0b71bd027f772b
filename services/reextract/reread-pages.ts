import {
  type Item,
  type ListingDetails,
  listingOnPage,
  messageOf,
  type PageState,
  PricefleetError,
  TemporaryError,
} from "@pricefleet/contracts";
import {
  type Database,
  findSnapshotsToReread,
  noteRereading,
  type RereadSnapshot,
  rereadSnapshot,
  type SnapshotToReread,
  withRetries,
} from "@pricefleet/database";
import type { SnapshotStore } from "@pricefleet/fetching";
import type { Sources } from "@pricefleet/sources";
import type { ReextractArguments } from "./arguments.ts";

export interface Means {
  db: Database;
  snapshots: SnapshotStore;
  sources: Sources;
  /** What prices are valued in. */
  baseCurrency: string;
}

export interface PageReport {
  snapshot_id: string;
  source: string;
  url: string;
  target_id: string | null;
  run_id: string | null;
  fetched_at: Date;
  outcome:
    | RereadSnapshot["outcome"]
    /** It gave a listing, and gives none now: an extractor got worse, or the page was a wall all along. */
    | "no-longer-readable"
    | "still-unreadable"
    /** Its file is gone or damaged. */
    | "no-page";
  /** Why there is no listing on it, in words. */
  reason?: string;
  changes?: RereadSnapshot["changes"];
}

const BATCH = 200;

/**
 * Reads kept pages again with the extractors as they are now: first those that could not be read, then (`state: all`)
 * those that were. Without `apply` nothing is written. What is done stays done when this is cut off.
 */
export async function* rereadPages(order: ReextractArguments, means: Means): AsyncGenerator<PageReport> {
  const filter = { source: order.source, since: order.since, runId: order.run };
  let left = order.limit;
  /** What the first pass stored, the second need not look at. */
  const justStored = new Set<string>();
  for (const were of order.state === "all" ? (["changed", "ok"] as const) : (["changed"] as const)) {
    let after: string | null = null;
    while (left > 0) {
      const batch = await withRetries(() =>
        findSnapshotsToReread(means.db, were, filter, Math.min(BATCH, left), after),
      );
      const doneOfRuns = new Map<string, number>();
      for (const snapshot of batch) {
        if (justStored.has(snapshot.id)) continue;
        const report = await reread(snapshot, were, order.apply, means);
        if (report.outcome === "newly-readable") {
          if (order.apply) justStored.add(snapshot.id);
          if (snapshot.runId !== null)
            doneOfRuns.set(snapshot.runId, (doneOfRuns.get(snapshot.runId) ?? 0) + 1);
        }
        yield report;
      }
      if (order.apply) await noteRereading(means.db, doneOfRuns);
      left -= batch.length;
      after = batch.at(-1)?.id ?? null;
      if (after === null) break;
    }
  }
}

async function reread(
  snapshot: SnapshotToReread,
  were: "changed" | "ok",
  apply: boolean,
  { db, snapshots, sources, baseCurrency }: Means,
): Promise<PageReport> {
  const about = {
    snapshot_id: snapshot.id,
    source: snapshot.source,
    url: snapshot.url,
    target_id: snapshot.targetId,
    run_id: snapshot.runId,
    fetched_at: snapshot.fetchedAt,
  };
  let html: string;
  try {
    html = await snapshots.read(snapshot.sha256);
  } catch (error) {
    // A disk that cannot be used is no fault of the page.
    if (error instanceof TemporaryError) throw error;
    return { ...about, outcome: "no-page", reason: messageOf(error) };
  }
  const read = readListing(snapshot, html, sources);
  if ("reason" in read) {
    const outcome = were === "ok" ? "no-longer-readable" : "still-unreadable";
    return { ...about, outcome, reason: `${read.state}: ${read.reason}` };
  }
  const { outcome, changes } = await withRetries(() =>
    rereadSnapshot(db, snapshot, read, apply, baseCurrency),
  );
  return { ...about, outcome, ...(Object.keys(changes).length > 0 && { changes }) };
}

/** As the worker reads it, but for the HTTP status, which is not kept: what it said is in the page's state by now. */
function readListing(
  { url, source: name }: SnapshotToReread,
  html: string,
  sources: Sources,
): { item: Item; details: ListingDetails | null } | { state: PageState; reason: string } {
  const source = sources.all.find((known) => known.name === name);
  const reading = sources.read({ url, html, status: null }, source);
  try {
    return listingOnPage(reading);
  } catch (error) {
    if (!(error instanceof PricefleetError)) throw error;
    return { state: reading.state, reason: error.message };
  }
}
