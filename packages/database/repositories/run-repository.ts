import type { RunState } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { countMisses } from "./listing-state-repository.ts";

/** A run as its collector needs it. */
export interface CollectingRun {
  id: string;
  searchId: string;
  source: string;
  term: string | null;
  url: string | null;
  /** 0: all pages. */
  maxPages: number;
  /** 0: all listings. */
  enrichLimit: number;
  nextPage: number;
  /** Of the API request that asked for the run; null if none did. */
  requestId: string | null;
}

interface SearchOrder {
  source: string;
  term: string | null;
  url: string | null;
  maxPages: number;
  enrichLimit: number;
}

/** A collector that is not heard of for this long has lost its run; it renews every ten seconds. */
export const COLLECTING_LEASE = sql<Date>`now() + interval '30 seconds'`;

/** Another run of this search is under way. */
export class RunUnderWayError extends Error {
  override readonly name = "RunUnderWayError";
  readonly runId: string;
  constructor(runId: string) {
    super(`run ${runId} of this search is under way`);
    this.runId = runId;
  }
}

/**
 * Starts a run of a search given by hand, making the search if it is new. The caller collects it: the run is theirs
 * from its first moment, so the dispatcher does not start another collector for it.
 * @throws RunUnderWayError
 */
export async function startRun(db: Database, order: SearchOrder): Promise<CollectingRun> {
  return db.transaction().execute(async (trx) => {
    const asked = await sql<{ id: string }>`
      SELECT ask_search(${order.source}, ${order.term}, ${order.url}, ${order.maxPages}, ${order.enrichLimit}) AS id`.execute(
      trx,
    );
    const searchId = asked.rows[0]?.id ?? "";
    const run = await trx
      .insertInto("runs")
      .values({
        search_id: searchId,
        max_pages: order.maxPages,
        enrich_limit: order.enrichLimit,
        collecting_until: COLLECTING_LEASE,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning(["id", "next_page"])
      .executeTakeFirst();
    if (run === undefined) throw new RunUnderWayError(await activeRunOf(trx, searchId));
    await trx
      .insertInto("run_events")
      .values({ run_id: run.id, from_state: null, to_state: "initializing", reason: "started by hand" })
      .execute();
    return { id: run.id, searchId, nextPage: run.next_page, requestId: null, ...order };
  });
}

async function activeRunOf(db: Database, searchId: string): Promise<string> {
  const row = await db
    .selectFrom("runs")
    .select("id")
    .where("search_id", "=", searchId)
    .where("state", "in", ["initializing", "processing", "paused"])
    .executeTakeFirst();
  return row?.id ?? "?";
}

/**
 * Takes over the collecting of a run at the page where it was left: one asked for by POST /runs, or one whose
 * collector was killed. Null when there is nothing to collect, or another collector has it in hand.
 */
export async function takeOverRun(db: Database, runId: string): Promise<CollectingRun | null> {
  // Where no dispatcher leads, this is the moment at which a lost collector is noticed.
  await settleLostCollectors(db);
  const { rows } = await sql<CollectingRun>`
    UPDATE runs r SET collecting_until = ${COLLECTING_LEASE}
      FROM searches s
     WHERE r.id = ${runId} AND s.id = r.search_id AND r.state IN ('initializing', 'processing')
       AND r.collected_at IS NULL AND (r.collecting_until IS NULL OR r.collecting_until < now())
    RETURNING r.id, r.search_id AS "searchId", s.source, s.term, s.url, r.max_pages AS "maxPages",
              r.enrich_limit AS "enrichLimit", r.next_page AS "nextPage", r.request_id AS "requestId"`.execute(
    db,
  );
  return rows[0] ?? null;
}

/** Runs that have pages left to read and no collector: what the dispatcher starts collectors for. */
export async function runsWithoutCollector(db: Database): Promise<string[]> {
  const rows = await db
    .selectFrom("runs")
    .select("id")
    .where("state", "in", ["initializing", "processing"])
    .where("collected_at", "is", null)
    .where((eb) => eb.or([eb("collecting_until", "is", null), eb("collecting_until", "<", sql<Date>`now()`)]))
    .orderBy("id")
    .execute();
  return rows.map((row) => row.id);
}

/** Keeps the collector's hold on its run. @returns false if the run was stopped or has ended. */
export async function renewCollecting(db: Database, runId: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("runs")
    .set({ collecting_until: COLLECTING_LEASE })
    .where("id", "=", runId)
    .where("state", "in", ["initializing", "processing"])
    .where("collected_at", "is", null)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** A collector that ends before its time gives the run back at once instead of letting its lease run out. */
export async function releaseRun(db: Database, runId: string): Promise<void> {
  await db.updateTable("runs").set({ collecting_until: null }).where("id", "=", runId).execute();
}

/** All pages are read. The run is completed when its last target is. */
export async function markCollected(
  db: Database,
  runId: string,
  goneAfterMisses = 0,
): Promise<{ missed: number; lookedAtAgain: number }> {
  const missing = await db.transaction().execute(async (trx) => {
    const counted = await countMisses(trx, runId, goneAfterMisses);
    await trx
      .updateTable("runs")
      .set({ collected_at: sql`now()`, collecting_until: null })
      .where("id", "=", runId)
      .where("collected_at", "is", null)
      .execute();
    return counted;
  });
  await completeFinishedRuns(db);
  return missing;
}

/** @throws the database's PF409 when the run may not go there. */
export async function changeRunState(
  db: Database,
  runId: string,
  to: RunState,
  reason: string,
): Promise<void> {
  await sql`SELECT change_run_state(${runId}, ${to}, ${reason})`.execute(db);
}

/** Runs whose collector is not heard of any more go on, or pause, as each is set to; their history says so. */
export async function settleLostCollectors(db: Database): Promise<{ runId: string; state: RunState }[]> {
  const { rows } = await sql<{ runId: string; state: RunState }>`
    SELECT run_id AS "runId", state FROM settle_lost_collectors()`.execute(db);
  return rows;
}

/** Targets that came back after their run was reset. @returns how many. */
export async function cancelTargetsOfResetRuns(db: Database): Promise<number> {
  const { rows } = await sql<{
    cancelled: number;
  }>`SELECT cancel_targets_of_reset_runs() AS cancelled`.execute(db);
  return rows[0]?.cancelled ?? 0;
}

/** Completes every run whose pages are read and whose targets have all come to an end. @returns their ids. */
export async function completeFinishedRuns(db: Database): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM complete_finished_runs() AS id`.execute(db);
  return rows.map((row) => row.id);
}
