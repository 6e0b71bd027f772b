import type { Item, ListingDetails } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { matchAsJson, type TitleMatch } from "./listing-model-repository.ts";
import { type SnapshotRow, snapshotAsJson } from "./snapshot-repository.ts";
import { type SightedRate, sightingAsJson } from "./sighting-repository.ts";
import type { Claim } from "./target-repository.ts";

/** What the worker has to say at the end of a good attempt. */
export interface FinishedListing {
  claim: Claim;
  item: Item;
  details: ListingDetails | null;
  snapshot: SnapshotRow;
  /** How the host's pages are to be fetched, as this one told; null if it did not. */
  learnedMode: "http" | "browser" | null;
  /** Of the item's currency. */
  baseRate?: SightedRate | null;
  /** What the item's title offers; left out where it has none. */
  match?: TitleMatch | undefined;
  /** After how long a price that is doubted is looked at once more; not given: two minutes. */
  secondLookSeconds?: number;
}

/**
 * `look-again`: stored, but the price is too odd to be believed at once, and the target is pending once more.
 * `before`: this finish was made already. `lost`: the lease is no longer current, and nothing was stored.
 */
export type Finish = "now" | "look-again" | "before" | "lost";

/**
 * The finish: target done, snapshot, listing and price in one transaction. Made twice, it changes nothing the second
 * time; with a lease that is no longer current, nothing of those. The same round trip tells the host's clock of the page.
 */
export async function finishListing(db: Database, finished: FinishedListing): Promise<Finish> {
  const { claim, item, details, snapshot, learnedMode, baseRate, match, secondLookSeconds = 120 } = finished;
  if (claim.runId === null) throw new TypeError(`target ${claim.targetId} recurs: it is no listing of a run`);
  const sighting = sightingAsJson({
    source: claim.source,
    // The target's identity is the listing's: a page that calls itself otherwise must not make a second listing.
    item: { ...item, external_id: claim.externalId, title: item.title || (await knownTitle(db, claim)) },
    readFrom: "page",
    runId: claim.runId,
    targetId: claim.targetId,
    snapshotId: null,
    cardDigest: null,
    details,
    baseRate,
  });
  const { source, externalId } = claim;
  const matches = match === undefined ? [] : [matchAsJson({ source, externalId, title: item.title, match })];
  const { rows } = await sql<{ outcome: Finish }>`
    WITH finished AS MATERIALIZED (
      SELECT finish_listing(${claim.targetId}, ${claim.leaseToken}, ${JSON.stringify(sighting)},
                            ${JSON.stringify(snapshotAsJson(snapshot))}, ${secondLookSeconds}::integer) AS outcome
    )
    SELECT outcome FROM finished, LATERAL note_good_page(${claim.host}, CASE WHEN outcome IS NOT NULL THEN ${learnedMode} END),
           LATERAL note_models(CASE WHEN outcome IN ('now', 'look-again') THEN ${JSON.stringify(matches)}::jsonb END)`.execute(
    db,
  );
  return rows[0]?.outcome ?? "lost";
}

/** A price that comes alone, without its product's name, leaves the name as it is. */
async function knownTitle(db: Database, { source, externalId }: Claim): Promise<string> {
  const row = await db
    .selectFrom("listings")
    .select("title")
    .where("source", "=", source)
    .where("external_id", "=", externalId)
    .executeTakeFirst();
  return row?.title ?? "";
}
