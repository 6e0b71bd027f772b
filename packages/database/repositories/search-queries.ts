import type { Database } from "../connect.ts";

/** What the API reads of searches. Rows are named as its JSON is. */
const searchColumns = [
  "id",
  "source",
  "term",
  "url",
  "max_pages",
  "enrich_limit",
  "enabled",
  "interval_seconds",
  "next_run_at",
  "created_at",
] as const;

/** A page of searches, the newest first. `after`: the last search of the page before. */
export async function findSearches(db: Database, limit: number, after: { id: string } | null) {
  let query = db.selectFrom("searches").select(searchColumns);
  if (after !== null) query = query.where("id", "<", after.id);
  const rows = await query
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? (items.at(-1) ?? null) : null };
}

/** Null if there is no such search. */
export async function findSearch(db: Database, id: string) {
  const row = await db.selectFrom("searches").select(searchColumns).where("id", "=", id).executeTakeFirst();
  return row ?? null;
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
