import { asLeader, type Database, startDueSearches, type Term } from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";

interface Means {
  db: Database;
  logger: Logger;
  /** For searches that do not say it themselves. */
  pausedRunBlocksHours: number;
}

/** Starts a run of every search whose time has come; "start collectors" finds it a collector. */
export async function fireSchedules(term: Term, { db, logger, pausedRunBlocksHours }: Means): Promise<void> {
  const fired = await asLeader(db, term, (trx) => startDueSearches(trx, pausedRunBlocksHours));
  for (const { searchId, runId, skippedBecause, nextRunAt } of fired) {
    const fields = { search_id: searchId, next_run_at: nextRunAt.toISOString() };
    if (skippedBecause === null) logger.info("started a run on schedule", { run_id: runId, ...fields });
    else logger.warn("a scheduled run was skipped", { because: skippedBecause, ...fields });
  }
}
