import type { Item, ListingDetails } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { insertSnapshot, type SnapshotRow } from "./snapshot-repository.ts";
import { storeSightings } from "./sighting-repository.ts";
import { type Claim, markDone } from "./target-repository.ts";

/** What the worker has to say at the end of a good attempt. */
export interface FinishedListing {
  claim: Claim;
  item: Item;
  details: ListingDetails | null;
  snapshot: SnapshotRow;
}

/**
 * The finish: target done, snapshot, listing and price in one transaction. Made twice, it changes nothing the second
 * time; with a lease that is no longer current, nothing at all.
 */
export async function finishListing(
  db: Database,
  finished: FinishedListing,
): Promise<"now" | "before" | "lost"> {
  const { claim, item, details, snapshot } = finished;
  return db.transaction().execute(async (trx) => {
    const done = await markDone(trx, claim);
    if (done !== "now") return done;
    const snapshotId = await insertSnapshot(trx, snapshot);
    // The target's identity is the listing's: a page that calls itself otherwise must not make a second listing.
    const known: Item = { ...item, external_id: claim.externalId };
    const [stored] = await storeSightings(
      trx,
      [
        {
          source: claim.source,
          item: known,
          readFrom: "page",
          runId: claim.runId,
          targetId: claim.targetId,
          snapshotId,
          cardDigest: null,
          details,
        },
      ],
      0,
    );
    await trx
      .updateTable("snapshots")
      .set({ listing_id: stored?.listingId ?? null })
      .where("id", "=", snapshotId)
      .execute();
    return done;
  });
}

/** The listing's page says it is no more. Its prices stay; seen again, it is back. */
export async function markListingGone(db: Database, source: string, externalId: string): Promise<void> {
  await db
    .updateTable("listings")
    .set({ gone_at: sql`coalesce(gone_at, now())` })
    .where("source", "=", source)
    .where("external_id", "=", externalId)
    .execute();
}
