import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** Which graphics card a title offers, as the catalog of a version reads it. */
export interface TitleMatch {
  catalogVersion: number;
  offer: string;
  model: string | null;
  memoryGb: number | null;
}

export interface MatchedTitle {
  source: string;
  externalId: string;
  title: string;
  match: TitleMatch;
}

/** As the function note_models takes it. */
export function matchAsJson({ source, externalId, title, match }: MatchedTitle) {
  const { catalogVersion, offer, model, memoryGb } = match;
  return {
    source,
    external_id: externalId,
    title,
    catalog_version: catalogVersion,
    offer,
    model,
    memory_gb: memoryGb,
  };
}

/** Stores what titles offer, where nothing is known, the title is another, or an older catalog read it. */
export async function noteModels(db: Database, titles: readonly MatchedTitle[]): Promise<void> {
  if (titles.length === 0) return;
  await sql`SELECT note_models(${JSON.stringify(titles.map(matchAsJson))})`.execute(db);
}

export interface UnmatchedTitles {
  titles: { source: string; externalId: string; title: string }[];
  /** The last listing that was looked at; null: there are no more. */
  lastId: string | null;
}

/** Of the next `limit` listings after one, those that no catalog has read, or one older than this version. */
export async function findUnmatchedTitles(
  db: Database,
  catalogVersion: number,
  afterId: string,
  limit: number,
): Promise<UnmatchedTitles> {
  const { rows } = await sql<{
    last_id: string | null;
    source: string | null;
    external_id: string;
    title: string;
  }>`
    WITH looked_at AS MATERIALIZED (
      SELECT id, source, external_id, title FROM listings WHERE id > ${afterId}::bigint ORDER BY id LIMIT ${limit}::integer
    )
    SELECT (SELECT max(id) FROM looked_at) AS last_id, l.source, l.external_id, l.title
      FROM (VALUES (1)) one
      LEFT JOIN (looked_at l LEFT JOIN listing_models m ON m.listing_id = l.id)
        ON m.catalog_version IS NULL OR m.catalog_version < ${catalogVersion}::integer
     ORDER BY l.id`.execute(db);
  const titles = rows.flatMap(({ source, external_id: externalId, title }) =>
    source === null ? [] : [{ source, externalId, title }],
  );
  return { titles, lastId: rows[0]?.last_id ?? null };
}
