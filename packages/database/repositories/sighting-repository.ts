import { type Item, type ListingDetails, PermanentError } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { noteModels, type TitleMatch } from "./listing-model-repository.ts";

/** What one page said about one listing, and where that is written down. */
export interface Sighting {
  source: string;
  item: Item;
  readFrom: "card" | "page";
  runId: string;
  targetId: string | null;
  snapshotId: string | null;
  /** Of a card: a digest of all it says; null leaves the stored one. */
  cardDigest: string | null;
  /** Of a listing page. */
  details: ListingDetails | null;
  /** Of the item's currency; null or not given: the price is not valued. */
  baseRate?: SightedRate | null | undefined;
  /** What the item's title offers; not given: it was not looked at. */
  match?: TitleMatch | undefined;
}

/** What one of a price's currency is worth in the base currency at this moment, and by which quotes. */
export interface SightedRate {
  base: string;
  /** Null: not known, for the reason that `missing` gives. */
  rate: string | null;
  quoteIds: readonly string[];
  quotedAt: Date | null;
  missing: string | null;
}

/** A listing as it stood before and after a sighting was stored. */
export interface StoredSighting {
  listingId: string;
  externalId: string;
  /** The card says the same as last time, and the listing's own page was read within the age asked for. */
  isFresh: boolean;
  /** "quarantined": too odd to be believed before a second look. */
  price: "new" | "confirmed" | "quarantined" | "none";
}

/**
 * Stores sightings, each listing at most once a call: the listing is made or brought up to date, and its price is
 * either the one known, which is confirmed, or a new observation, in quarantine if it is too odd. Call it inside a transaction. What a page does not
 * say (null) leaves what is known; only a price may become unknown on the listing's own page.
 * @throws PermanentError when a listing is given twice.
 */
export async function storeSightings(
  trx: Database,
  sightings: readonly Sighting[],
  freshForHours: number,
): Promise<StoredSighting[]> {
  if (sightings.length === 0) return [];
  refuseRepeats(sightings);
  const { rows } = await sql<StoredSighting>`
    SELECT listing_id AS "listingId", external_id AS "externalId", is_fresh AS "isFresh", price
      FROM store_sightings(${JSON.stringify(sightings.map(sightingAsJson))}, ${freshForHours})`.execute(trx);
  await noteModels(
    trx,
    sightings.flatMap(({ source, item, match }) =>
      match === undefined ? [] : [{ source, externalId: item.external_id, title: item.title, match }],
    ),
  );
  return rows;
}

/** As the function store_sightings takes it. */
export function sightingAsJson(sighting: Sighting) {
  const { source, item, readFrom, runId, targetId, snapshotId, cardDigest, details, baseRate } = sighting;
  return {
    ...item,
    source,
    read_from: readFrom,
    run_id: runId,
    target_id: targetId,
    snapshot_id: snapshotId,
    card_digest: cardDigest,
    details,
    base_currency: baseRate?.base,
    base_rate: baseRate?.rate,
    base_quote_ids: baseRate?.quoteIds,
    base_quoted_at: baseRate?.quotedAt,
    base_missing: baseRate?.missing,
  };
}

function refuseRepeats(sightings: readonly Sighting[]): void {
  const identities = new Set(sightings.map(({ source, item }) => JSON.stringify([source, item.external_id])));
  if (identities.size === sightings.length) return;
  throw new PermanentError("duplicate-listing", "one listing was given twice in one call");
}
