import type { SearchFilter } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import type { MarketOrder, OnInterruption } from "./asking-queries.ts";
import { cadenceOf } from "./schedule-repository.ts";

/** What the API reads of searches. Rows are named as its JSON is. */
const searchColumns = [
  "id",
  "source",
  "term",
  "url",
  "max_pages",
  "enrich_limit",
  "enabled",
  "cron",
  "time_zone",
  "interval_seconds",
  "jitter_percent",
  "paused_run_blocks_hours",
  "last_skipped_at",
  "last_skipped_reason",
  "created_at",
] as const;

const onInterruption = sql.ref<OnInterruption>("on_interruption").as("on_interruption");

/** A search that is switched off has no next time, whatever it had. */
const nextRunAt = sql<Date | null>`CASE WHEN enabled THEN next_run_at END`.as("next_run_at");

/** Null: a search of one market, which is its own source and words. */
const markets = sql<MarketOrder[] | null>`(
  SELECT json_agg(json_build_object('source', m.source, 'term', m.term, 'url', m.url, 'max_pages', m.max_pages,
                                    'enrich_limit', m.enrich_limit, 'at_once', m.at_once) ORDER BY m.market)
    FROM search_markets m WHERE m.search_id = searches.id)`.as("markets");

const filter = sql.ref<SearchFilter | null>("filter").as("filter");
/** By the search's newest run. */
const filteredOut = sql<Record<string, number>>`(
  SELECT coalesce(json_object_agg(f.reason, f.listings ORDER BY f.reason), '{}') FROM filtered_out f
   WHERE f.run_id = (SELECT max(r.id) FROM runs r WHERE r.search_id = searches.id))`.as("filtered_out");

type SearchRow = Parameters<typeof cadenceOf>[0];

function withCadence<Row extends SearchRow>({ cron, time_zone, jitter_percent, ...row }: Row) {
  const { interval_seconds } = row;
  return { ...row, cadence: cadenceOf({ cron, time_zone, interval_seconds, jitter_percent }) };
}

/** A page of searches, the newest first. `after`: the last search of the page before. */
export async function findSearches(db: Database, limit: number, after: { id: string } | null) {
  let query = db
    .selectFrom("searches")
    .select([...searchColumns, onInterruption, nextRunAt, markets, filter, filteredOut]);
  if (after !== null) query = query.where("id", "<", after.id);
  const rows = await query
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map(withCadence);
  return { items, next: rows.length > limit ? (items.at(-1) ?? null) : null };
}

/** Null if there is no such search. */
export async function findSearch(db: Database, id: string) {
  const row = await db
    .selectFrom("searches")
    .select([...searchColumns, onInterruption, nextRunAt, markets, filter, filteredOut])
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? null : withCadence(row);
}

/** The id of the search for just this, null if nobody has asked for it yet. */
export async function findSearchFor(
  db: Database,
  source: string,
  term: string | null,
  url: string | null,
): Promise<string | null> {
  const row = await db
    .selectFrom("searches")
    .select("id")
    .where("source", "=", source)
    .where((eb) => eb(eb.fn.coalesce("term", eb.val("")), "=", term ?? ""))
    .where((eb) => eb(eb.fn.coalesce("url", eb.val("")), "=", url ?? ""))
    .executeTakeFirst();
  return row?.id ?? null;
}
