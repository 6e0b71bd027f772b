import { type FilterReason, type SearchFilter, searchFilter } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { asking } from "./asking.ts";
import type { Claim } from "./target-repository.ts";

/** What a search keeps; null: all. @throws NoSuchThingError */
export async function askSearchFilter(
  db: Database,
  searchId: string,
  filter: SearchFilter | null,
): Promise<void> {
  const json = filter === null ? null : JSON.stringify(filter);
  await asking(() => sql`SELECT ask_search_filter(${searchId}, ${json}::jsonb)`.execute(db));
}

/** Of the search that a run is of; null: all is kept. */
export async function filterOfRun(db: Database, runId: string): Promise<SearchFilter | null> {
  const { rows } = await sql<{ filter: unknown }>`
    SELECT s.filter FROM runs r JOIN searches s ON s.id = r.search_id WHERE r.id = ${runId}`.execute(db);
  return searchFilter.nullable().parse(rows[0]?.filter ?? null);
}

/** How many listings of a run were filtered out, by reason. */
export async function countFilteredOut(
  trx: Database,
  runId: string,
  reasons: readonly FilterReason[],
): Promise<void> {
  if (reasons.length === 0) return;
  await sql`
    INSERT INTO filtered_out AS f (run_id, reason, listings)
    SELECT ${runId}::bigint, reason, count(*)::integer FROM unnest(${reasons}::text[]) reason GROUP BY reason ORDER BY reason
    ON CONFLICT (run_id, reason) DO UPDATE SET listings = f.listings + excluded.listings`.execute(trx);
}

/**
 * The finish of a listing whose own page says that the search does not want it: the target is done, nothing of it is
 * stored, and the search does not have it any more. What its card said before stays known.
 */
export async function finishFilteredOut(
  db: Database,
  claim: Claim,
  reason: FilterReason,
  learnedMode: "http" | "browser" | null,
): Promise<"now" | "before" | "lost"> {
  const { rows } = await sql<{ outcome: "now" | "before" | "lost" }>`
    WITH finished AS MATERIALIZED (
      SELECT finish_filtered_out(${claim.targetId}, ${claim.leaseToken}, ${reason}) AS outcome
    )
    SELECT outcome FROM finished, LATERAL note_good_page(${claim.host}, CASE WHEN outcome IS NOT NULL THEN ${learnedMode} END)`.execute(
    db,
  );
  return rows[0]?.outcome ?? "lost";
}
