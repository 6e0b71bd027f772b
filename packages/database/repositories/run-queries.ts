import { type RunState, type TargetState, targetStates } from "@pricefleet/contracts";
import { sql } from "kysely";
import { atOneMoment } from "../at-one-moment.ts";
import type { Database } from "../connect.ts";
import type { OnInterruption } from "./asking-queries.ts";
import { findFlaggedPagesOf } from "./page-health-repository.ts";
import { findRunProgress } from "./run-progress-queries.ts";

/** What the API reads of runs. Rows are named as its JSON is. */
export type TargetCounts = Record<TargetState, number>;

const runColumns = [
  "r.id",
  "r.search_id",
  "s.source",
  "s.term",
  "s.url",
  "r.found",
  "r.confirmed",
  "r.pages_read",
  "r.total_results",
  "r.created_at",
  "r.collected_at",
  "r.finished_at",
  "r.error",
] as const;

/** Of all markets together; 0 while one of them has no limit. */
const maxPages = sql<number>`(
  SELECT CASE WHEN bool_and(max_pages > 0) THEN sum(max_pages)::integer ELSE 0 END FROM market_runs WHERE run_id = r.id)`.as(
  "max_pages",
);

const filteredOut = sql<Record<string, number>>`(
  SELECT coalesce(json_object_agg(f.reason, f.listings ORDER BY f.reason), '{}') FROM filtered_out f WHERE f.run_id = r.id)`.as(
  "filtered_out",
);

const state = sql.ref<RunState>("r.state").as("state");
const onInterruption = sql<OnInterruption>`coalesce(r.on_interruption, s.on_interruption)`.as(
  "on_interruption",
);

interface RunFilter {
  state?: RunState | undefined;
  searchId?: string | undefined;
}

/** A page of runs, the newest first, each with the number of its targets in each state. `after`: the last run of the page before. */
export function findRuns(db: Database, filter: RunFilter, limit: number, after: { id: string } | null) {
  return atOneMoment(db, (trx) => somePage(trx, filter, limit, after));
}

async function somePage(db: Database, filter: RunFilter, limit: number, after: { id: string } | null) {
  let query = db.selectFrom("runs as r").innerJoin("searches as s", "s.id", "r.search_id");
  if (filter.state !== undefined) query = query.where("r.state", "=", filter.state);
  if (filter.searchId !== undefined) query = query.where("r.search_id", "=", filter.searchId);
  if (after !== null) query = query.where("r.id", "<", after.id);
  const rows = await query
    .select([...runColumns, maxPages, state, onInterruption])
    .orderBy("r.id", "desc")
    .limit(limit + 1)
    .execute();
  const page = rows.slice(0, limit);
  const counts = await countTargets(
    db,
    page.map((run) => run.id),
  );
  return {
    items: page.map((run) => ({ ...run, counts: counts.get(run.id) ?? noTargets() })),
    next: rows.length > limit ? (page.at(-1) ?? null) : null,
  };
}

async function countTargets(db: Database, runIds: readonly string[]): Promise<Map<string, TargetCounts>> {
  const counts = new Map(runIds.map((id) => [id, noTargets()]));
  if (runIds.length === 0) return counts;
  const { rows } = await sql<{ run_id: string; state: TargetState; count: number }>`
    SELECT run_id, state, sum(count)::integer AS count FROM run_counts_now
     WHERE run_id = ANY(${runIds}::bigint[]) GROUP BY run_id, state`.execute(db);
  for (const row of rows) {
    const ofRun = counts.get(row.run_id);
    if (ofRun !== undefined) ofRun[row.state] = row.count;
  }
  return counts;
}

function noTargets(): TargetCounts {
  return Object.fromEntries(targetStates.map((state) => [state, 0])) as TargetCounts;
}

/** A run with how far it is, its last failures and its history; null if there is no such run. */
export async function findRun(db: Database, id: string) {
  const [counted, lastErrors, closedHosts, flaggedPages, events] = await Promise.all([
    // What it has found and how many targets it has are written together, and told together.
    atOneMoment(db, (trx) => findCountedRun(trx, id)),
    lastErrorsOf(db, id),
    closedHostsOf(db, id),
    findFlaggedPagesOf(db, id),
    db
      .selectFrom("run_events")
      .select([
        "at",
        sql.ref<RunState | null>("from_state").as("from"),
        sql.ref<RunState>("to_state").as("to"),
        "reason",
      ])
      .where("run_id", "=", id)
      .orderBy("id")
      .execute(),
  ]);
  if (counted === null) return null;
  return {
    ...counted,
    last_errors: lastErrors,
    closed_hosts: closedHosts,
    flagged_pages: flaggedPages,
    events,
  };
}

async function findCountedRun(trx: Database, id: string) {
  const run = await trx
    .selectFrom("runs as r")
    .innerJoin("searches as s", "s.id", "r.search_id")
    .select([...runColumns, maxPages, state, onInterruption, filteredOut])
    .where("r.id", "=", id)
    .executeTakeFirst();
  return run === undefined ? null : { ...run, progress: await findRunProgress(trx, id) };
}

async function lastErrorsOf(db: Database, runId: string) {
  return db
    .selectFrom("targets")
    .select([
      "id as target_id",
      "url",
      sql.ref<TargetState>("state").as("state"),
      "reason",
      "last_error as error",
      "attempts",
      "finished_at as at",
      sql<string | null>`(SELECT s.id FROM snapshots s WHERE s.target_id = targets.id AND s.pruned_at IS NULL
                           ORDER BY s.id DESC LIMIT 1)`.as("snapshot_id"),
    ])
    .where("run_id", "=", runId)
    .where("state", "in", ["failed", "dead"])
    .orderBy("finished_at", "desc")
    .orderBy("id", "desc")
    .limit(5)
    .execute();
}

/** Hosts that a run waits for now: of its targets that have not ended and, while its search pages are read, of its source. */
async function closedHostsOf(db: Database, runId: string) {
  const { rows } = await sql<{ host: string; until: Date; reason: string | null }>`
    SELECT h.host, h.closed_until AS until, h.closed_reason AS reason
      FROM runs r JOIN searches s ON s.id = r.search_id
      JOIN hosts h ON h.closed_until > now()
     WHERE r.id = ${runId} AND r.finished_at IS NULL
       AND ((r.collected_at IS NULL AND h.source = s.source)
            OR EXISTS (SELECT FROM run_counts_now c WHERE c.run_id = r.id AND c.host = h.host
                          AND c.state IN ('pending', 'queued', 'running') AND c.count > 0))
     ORDER BY h.closed_until, h.host`.execute(db);
  return rows;
}
