import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { type Claim, markGivenUp, type TargetFailure } from "./target-repository.ts";

/**
 * The listing's page says it is no more: the target's end and the listing's in one transaction. Its prices stay; seen
 * again, it is back.
 * @param ending how it ended, where the page says that and nothing else.
 * @returns as markGivenUp.
 */
export async function markListingGone(
  db: Database,
  claim: Claim,
  failure: TargetFailure,
  ending: "sold" | "ended" | null = null,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const isOurs = await markGivenUp(trx, claim, "failed", failure);
    if (!isOurs) return false;
    await trx
      .updateTable("listings")
      .set({
        ...(ending === null
          ? { gone_at: sql<Date>`coalesce(gone_at, now())` }
          : { ended: true, availability: ending }),
        state_known_by: "page",
        state_reason: failure.message.slice(0, 500),
      })
      .where("source", "=", claim.source)
      .where("external_id", "=", claim.externalId)
      .execute();
    return true;
  });
}

/**
 * Counts what a run's search does not show any more, if the run read it to its end and nothing cut it short: a miss for
 * each listing that it once found and that nobody has seen since the run began. Those missed `goneAfterMisses` times get
 * a target in this run, for their own pages know. Call it in the transaction that marks the run's pages as read.
 * @param goneAfterMisses 0: misses are counted, and no page is looked at for them.
 */
export async function countMisses(
  trx: Database,
  runId: string,
  goneAfterMisses: number,
): Promise<{ missed: number; lookedAtAgain: number }> {
  const { rows } = await sql<{ missed: number; lookedAtAgain: number }>`
    SELECT missed, looked_at_again AS "lookedAtAgain" FROM count_misses(${runId}, ${goneAfterMisses})`.execute(
    trx,
  );
  return rows[0] ?? { missed: 0, lookedAtAgain: 0 };
}
