import type { Item } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { findLineage } from "./listing-relations-queries.ts";
import { exactTime, pageOf, type Position } from "./positions.ts";

/**
 * A page of a listing's prices, the newest first; null if there is no such listing. Those in quarantine, and those that a
 * second look has refuted, come only when `includeDoubted` asks for them; `relisted` asks for those, too, of the listings
 * that it was before it was put up again.
 */
export async function findPrices(
  db: Database,
  listingId: string,
  limit: number,
  after: Position | null,
  { includeDoubted = false, relisted = false }: { includeDoubted?: boolean; relisted?: boolean } = {},
) {
  const listing = await db.selectFrom("listings").select("id").where("id", "=", listingId).executeTakeFirst();
  if (listing === undefined) return null;
  let query = db
    .selectFrom("price_observations as o")
    .leftJoin("snapshots as s", "s.id", "o.snapshot_id")
    .where("o.listing_id", "in", relisted ? await findLineage(db, listingId) : [listingId]);
  if (!includeDoubted) query = query.where(isTrusted);
  if (after !== null) {
    query = query.where(
      sql<boolean>`(o.observed_at, o.id) < (${after.key}::timestamptz, ${after.id}::bigint)`,
    );
  }
  const rows = await query
    .select([
      "o.id",
      "o.listing_id",
      "o.amount",
      "o.amount_max",
      "o.buy_it_now",
      "o.currency",
      "o.shipping",
      "o.observed_at",
      "o.confirmed_at",
      "o.confirmations",
      "o.base_currency",
      "o.base_amount",
      "o.base_rate",
      "o.base_quote_ids",
      "o.base_quoted_at",
      sql.ref<"no-rate" | "stale-rate" | null>("o.base_missing").as("base_missing"),
      "o.corrected_at",
      "o.doubt",
      "o.quarantine_ended_at",
      sql.ref<"quarantined" | "confirmed" | "refuted" | null>("o.quarantine").as("quarantine"),
      sql.ref<"card" | "page">("o.read_from").as("read_from"),
      ...voteColumns,
      ...snapshotColumns,
      exactTime("o.observed_at").as("key"),
    ])
    .orderBy("o.observed_at", "desc")
    .orderBy("o.id", "desc")
    .limit(limit + 1)
    .execute();
  const { items, next } = pageOf(rows, limit);
  return { items: items.map((row) => nestBase(nestQuarantine(nestSnapshot(row)))), next };
}

/** The price of a listing that waits for a second look; null if none does. */
export async function findPendingPrice(db: Database, listingId: string) {
  const row = await db
    .selectFrom("listings as l")
    .innerJoin("price_observations as o", (join) =>
      join
        .onRef("o.id", "=", "l.pending_observation_id")
        .onRef("o.observed_at", "=", "l.pending_observed_at"),
    )
    .leftJoin("snapshots as s", "s.id", "o.snapshot_id")
    .where("l.id", "=", listingId)
    .select([
      "o.amount",
      "o.currency",
      sql<string>`o.doubt`.as("reason"),
      "o.observed_at",
      sql.ref<"card" | "page">("o.read_from").as("read_from"),
      ...voteColumns,
      ...snapshotColumns,
    ])
    .executeTakeFirst();
  return row === undefined ? null : nestSnapshot(row);
}

/** A price to go by: one that was never doubted, or that a second look has confirmed. */
const isTrusted = sql<boolean>`(o.quarantine IS NULL OR o.quarantine = 'confirmed')`;

const voteColumns = [
  sql.ref<Item["methods"]>("o.methods").as("methods"),
  sql.ref<Item["disagreed"]>("o.disagreed").as("disagreed"),
  sql<number | null>`o.confidence::float8`.as("confidence"),
] as const;

const snapshotColumns = [
  "s.id as snapshot_id",
  "s.sha256 as snapshot_sha256",
  "s.url as snapshot_url",
  "s.pruned_at as snapshot_pruned_at",
] as const;

interface SnapshotColumns {
  snapshot_id: string | null;
  snapshot_sha256: string | null;
  snapshot_url: string | null;
  snapshot_pruned_at: Date | null;
}

function nestSnapshot<Row extends SnapshotColumns>(row: Row) {
  const {
    snapshot_id: id,
    snapshot_sha256: sha256,
    snapshot_url: url,
    snapshot_pruned_at: prunedAt,
    ...price
  } = row;
  const isKnown = id !== null && sha256 !== null && url !== null;
  return {
    ...price,
    snapshot: isKnown ? { id, sha256, url, page_url: prunedAt === null ? `/snapshots/${id}` : null } : null,
  };
}

function nestQuarantine<
  Row extends {
    quarantine: "quarantined" | "confirmed" | "refuted" | null;
    doubt: string | null;
    quarantine_ended_at: Date | null;
  },
>(row: Row) {
  const { quarantine: state, doubt: reason, quarantine_ended_at: ended_at, ...price } = row;
  return {
    ...price,
    quarantine: state === null || reason === null ? null : { state, reason, ended_at },
  };
}

/** What a price was worth in the base currency when it was seen; null: it was not valued. */
function nestBase<
  Row extends {
    observed_at: Date;
    base_currency: string | null;
    base_amount: string | null;
    base_rate: string | null;
    base_quote_ids: string[] | null;
    base_quoted_at: Date | null;
    base_missing: "no-rate" | "stale-rate" | null;
  },
>(row: Row) {
  const { base_currency, base_amount, base_rate, base_quote_ids, base_quoted_at, base_missing, ...price } =
    row;
  if (base_currency === null) return { ...price, base: null };
  const ageMs = base_quoted_at === null ? null : row.observed_at.getTime() - base_quoted_at.getTime();
  const base = {
    currency: base_currency,
    amount: base_amount,
    rate: base_rate,
    quote_ids: base_quote_ids ?? [],
    quoted_at: base_quoted_at,
    age_seconds: ageMs === null ? null : Math.max(0, ageMs) / 1_000,
    missing: base_missing,
  };
  return { ...price, base };
}
