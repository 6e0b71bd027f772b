import {
  asLeader,
  type BarRetention,
  type Database,
  deleteOldBars,
  notifyBarsChanged,
  type Term,
} from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";

const BATCH = 5_000;
/** In one turn; more waits for the next, so that a dispatcher that is asked to stop does so soon. */
const MOST_BATCHES = 100;
interface Means {
  db: Database;
  logger: Logger;
  barRetention: readonly BarRetention[];
}

/** Deletes the bars that are older than they are kept, in batches, each a transaction of its own. */
export async function pruneBars(term: Term, { db, logger, barRetention }: Means): Promise<void> {
  for (const kept of barRetention) {
    let removed = 0;
    for (let batch = 0; batch < MOST_BATCHES; batch++) {
      const { deleted, series } = await asLeader(db, term, (trx) => deleteOldBars(trx, kept, BATCH));
      removed += deleted;
      await notifyBarsChanged(db, series);
      if (deleted < BATCH) break;
    }
    if (removed > 0)
      logger.info("pruned bars", { interval: kept.interval, older_than_days: kept.days, removed });
  }
}
