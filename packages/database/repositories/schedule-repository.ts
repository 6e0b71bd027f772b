import { type Cadence, nextTime, whatIsWrongWithCron } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

interface DueSearch {
  id: string;
  cron: string | null;
  time_zone: string | null;
  interval_seconds: number | null;
  jitter_percent: number;
  now: Date;
}

/** What became of a search whose time had come: the run that was started, or why none was. */
export interface FiredSearch {
  searchId: string;
  runId: string | null;
  skippedBecause: string | null;
  nextRunAt: Date;
}

const AT_ONCE = 500;

/**
 * Starts a run of every enabled search whose time has come, once however many times it missed, and gives it its next
 * time. In one transaction that locks the searches it takes, so that of several callers one fires each.
 * @param pausedRunBlocksHours for searches that do not say it themselves: a run that was paused longer than this makes
 * room for the next one.
 */
export async function startDueSearches(db: Database, pausedRunBlocksHours: number): Promise<FiredSearch[]> {
  if (db.isTransaction) return fireDueSearches(db, pausedRunBlocksHours);
  return db.transaction().execute((trx) => fireDueSearches(trx, pausedRunBlocksHours));
}

async function fireDueSearches(trx: Database, pausedRunBlocksHours: number): Promise<FiredSearch[]> {
  const { rows } = await sql<DueSearch>`
    SELECT id, cron, time_zone, interval_seconds, jitter_percent, now() AS now FROM searches
     WHERE enabled AND next_run_at <= now() AND num_nonnulls(cron, interval_seconds) = 1
     ORDER BY next_run_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED`.execute(trx);
  const fired: FiredSearch[] = [];
  for (const search of rows) {
    const cadence = cadenceOf(search);
    if (cadence === null) continue;
    const wrong = "cron" in cadence ? whatIsWrongWithCron(cadence.cron) : null;
    if (wrong !== null) {
      // The API lets none in; without its next time it waits for somebody to mend it, and the others go on.
      await sql`UPDATE searches SET next_run_at = NULL, last_skipped_at = now(),
                       last_skipped_reason = ${`its cron expression is wrong: ${wrong}`} WHERE id = ${search.id}`.execute(
        trx,
      );
      continue;
    }
    const nextRunAt = nextTime(cadence, search.now, Math.random());
    const answer = await sql<{ run_id: string | null; skipped_because: string | null }>`
      SELECT * FROM start_scheduled_run(${search.id}, ${nextRunAt}, ${pausedRunBlocksHours})`.execute(trx);
    fired.push({
      searchId: search.id,
      runId: answer.rows[0]?.run_id ?? null,
      skippedBecause: answer.rows[0]?.skipped_because ?? null,
      nextRunAt,
    });
  }
  return fired;
}

/** Null: the search runs only when asked for. */
export function cadenceOf(search: Omit<DueSearch, "id" | "now">): Cadence | null {
  if (search.cron !== null && search.time_zone !== null)
    return { cron: search.cron, time_zone: search.time_zone };
  if (search.interval_seconds === null) return null;
  return { interval_seconds: search.interval_seconds, jitter_percent: search.jitter_percent };
}
