import {
  asLeader,
  type Database,
  pruneObservations,
  reckonDeals,
  sumUpDays,
  type Term,
} from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";

interface Means {
  db: Database;
  logger: Logger;
  baseCurrency: string;
  observationMaxAgeDays: number;
}

/** Searches of which a day is summed up in one transaction. */
const DAYS_AT_ONCE = 20;
const OBSERVATIONS_AT_ONCE = 5_000;

/** Sums up the prices of days, which outlive the observations that they are made of. */
export async function sumUpPrices(term: Term, { db, baseCurrency }: Means): Promise<void> {
  let days: number;
  do {
    days = await asLeader(db, term, (trx) => sumUpDays(trx, baseCurrency, DAYS_AT_ONCE));
  } while (days === DAYS_AT_ONCE);
}

/** How far below its peers each listing is. */
export async function keepDeals(term: Term, { db, baseCurrency, logger }: Means): Promise<void> {
  const changed = await asLeader(db, term, (trx) => reckonDeals(trx, baseCurrency));
  if (changed > 0) logger.debug("reckoned deals", { changed });
}

/** Removes observations that are old and summed up. */
export async function pruneOldObservations(
  term: Term,
  { db, observationMaxAgeDays, logger }: Means,
): Promise<void> {
  let all = 0;
  let removed: number;
  do {
    removed = await asLeader(db, term, (trx) =>
      pruneObservations(trx, observationMaxAgeDays, OBSERVATIONS_AT_ONCE),
    );
    all += removed;
  } while (removed === OBSERVATIONS_AT_ONCE);
  if (all > 0) logger.info("pruned old observations", { removed: all });
}
