import type { ListingState } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** Another listing that seems to offer the same thing. */
export interface RelatedListing {
  id: string;
  source: string;
  external_id: string;
  url: string;
  title: string;
  seller: string | null;
  amount: string | null;
  currency: string | null;
  state: ListingState;
  first_seen_at: Date;
  last_seen_at: Date;
}

/** How a listing hangs together with others of its group. */
export interface ListingRelations {
  /** What the same seller offered before, and what is over: this is it again. */
  relisted_from: RelatedListing | null;
  /** The same the other way round. */
  relisted_as: RelatedListing | null;
  /** The rest of the group: at other sites, by other accounts, or twice by one. */
  duplicates: RelatedListing[];
}

const MOST_DUPLICATES = 100;

/**
 * Whether one is the other put up again is told as it is asked for: a predecessor's end often becomes known after its
 * successor was found. Of several, the nearest in time.
 */
export async function findRelations(db: Database, id: string): Promise<ListingRelations> {
  const { rows } = await sql<RelatedListing & { is_before: boolean; is_after: boolean }>`
    SELECT o.id, o.source, o.external_id, o.url, o.title, o.seller, o.amount::text, o.currency, o.state, o.first_seen_at, o.last_seen_at,
           coalesce(${follows("l", "o")}, false) AS is_before, coalesce(${follows("o", "l")}, false) AS is_after
      FROM listings l JOIN listings o ON o.duplicate_group = l.duplicate_group AND o.id <> l.id
     WHERE l.id = ${id}
     ORDER BY o.first_seen_at DESC, o.id DESC LIMIT ${MOST_DUPLICATES}`.execute(db);
  const before = rows.find((row) => row.is_before);
  const after = rows.findLast((row) => row.is_after);
  const asListing = ({ is_before: _before, is_after: _after, ...row }: (typeof rows)[number]) => row;
  return {
    relisted_from: before === undefined ? null : asListing(before),
    relisted_as: after === undefined ? null : asListing(after),
    duplicates: rows.filter((row) => !row.is_before && !row.is_after).map(asListing),
  };
}

/** The listing and those that it was before, the newest first, over at most fifty of them. */
export async function findLineage(db: Database, id: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT o.id FROM listings l
      JOIN listings o ON o.id = l.id OR o.duplicate_group = l.duplicate_group AND coalesce(${follows("l", "o")}, false)
     WHERE l.id = ${id} ORDER BY o.first_seen_at DESC, o.id DESC LIMIT 50`.execute(db);
  return rows.map((row) => row.id);
}

/** Is `later` what the same account put up again after `earlier` was over? Both are of one group. */
function follows(later: "l" | "o", earlier: "l" | "o") {
  const [b, a] = [sql.raw(later), sql.raw(earlier)];
  return sql`${b}.source = ${a}.source AND ${b}.seller = ${a}.seller AND ${a}.state <> 'active'
             AND (${a}.first_seen_at, ${a}.id) < (${b}.first_seen_at, ${b}.id)`;
}
