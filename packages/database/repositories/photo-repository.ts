import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** A listing that has the same photo as another one. */
export interface Lookalike {
  listingId: string;
  title: string;
}

/**
 * @returns the listing, if its first photo is one that nobody has looked at yet; null otherwise. Addresses that change with
 * every page (signed ones) are looked at once a day.
 */
export async function photoToLookAt(
  db: Database,
  { source, externalId }: { source: string; externalId: string },
  url: string,
): Promise<Lookalike | null> {
  const { rows } = await sql<Lookalike>`
    SELECT l.id AS "listingId", l.title FROM listings l LEFT JOIN listing_photos p ON p.listing_id = l.id
     WHERE l.source = ${source} AND l.external_id = ${externalId}
       AND (p.url IS NULL OR p.url <> ${url} AND p.looked_at < now() - interval '1 day')`.execute(db);
  return rows[0] ?? null;
}

interface KeptPhoto {
  listingId: string;
  url: string;
  /** Null: there is nothing to compare, for the reason that `failure` gives. */
  seen: { hash: bigint; bands: readonly number[] } | null;
  failure: string | null;
}

/** Keeps what a photo looks like. @returns the listings whose photos differ in no more than `distance` bits, at most 500. */
export async function keepPhoto(
  db: Database,
  { listingId, url, seen, failure }: KeptPhoto,
  distance: number,
): Promise<Lookalike[]> {
  const { rows } = await sql<Lookalike>`
    SELECT listing_id AS "listingId", title
      FROM keep_photo(${listingId}, ${url}, ${seen?.hash.toString() ?? null}, ${seen?.bands ?? null}::integer[],
                      ${failure?.slice(0, 500) ?? null}, ${distance})`.execute(db);
  return rows;
}

/** Puts listings into one group, together with the groups that they are in already. They stay listings of their own. */
export async function groupListings(db: Database, listingIds: readonly string[]): Promise<void> {
  await sql`SELECT group_listings(${listingIds}::bigint[])`.execute(db);
}
