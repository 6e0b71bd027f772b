import {
  asLeader,
  type Database,
  fireSyncSchedules,
  startPendingSyncs,
  type Term,
} from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";

interface Means {
  db: Database;
  logger: Logger;
}

const BATCH = 5_000;

/** Asks for the history of every schedule whose time has come; "start syncs" makes targets of it. */
export async function fireHistorySchedules(term: Term, { db, logger }: Means): Promise<void> {
  for (const { name, asked, nextRunAt, wrong } of await asLeader(db, term, fireSyncSchedules)) {
    const fields = { schedule: name, next_run_at: nextRunAt.toISOString() };
    if (wrong !== null) logger.warn("a history schedule cannot be read", { ...fields, because: wrong });
    else if (asked !== null) logger.info("asked for history on schedule", { ...fields, series: asked });
  }
}

export async function startSyncs(term: Term, { db, logger }: Means): Promise<void> {
  const started = await asLeader(db, term, (trx) => startPendingSyncs(trx, BATCH));
  if (started > 0) logger.info("started syncs of history", { started });
}
