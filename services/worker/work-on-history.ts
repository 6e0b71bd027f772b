import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, PermanentError } from "@pricefleet/contracts";
import { findSync, finishSync, notifyBarsChanged, withRetries } from "@pricefleet/database";
import type { Delivery } from "@pricefleet/queue";
import { claimDelivery } from "./claim-delivery.ts";
import { settleFailure } from "./settle-failure.ts";
import type { Workbench } from "./workbench.ts";

/**
 * One sync of history from delivery to its end: claim, fetch the series' bars, store them. As with any target, what fails
 * has its fate by the class of its error, and nobody else's sync waits for it.
 */
export async function workOnHistory(delivery: Delivery, bench: Workbench): Promise<void> {
  const claim = await claimDelivery(delivery, bench);
  if (claim === null) return;
  try {
    const sync = await withRetries(() => findSync(bench.db, claim.externalId));
    if (sync === null) throw new PermanentError("unknown-sync", `nobody asked for ${claim.externalId}`);
    await sleep(claim.slot.waitMs);
    const { bars, leftOut } = await bench.history.fetchBars(sync);
    const finished = await withRetries(() => finishSync(bench.db, claim, sync, bars));
    if (finished === "lost") return void bench.logger.info("another worker has the target; nothing stored");
    bench.logger.info("history synced", {
      instrument: sync.instrument,
      interval: sync.interval,
      bars: bars.length,
      left_out: leftOut,
    });
    if (bars.length > 0) await tell(sync, bench);
  } catch (error) {
    await settleFailure(error, { claim, delivery, page: null }, bench);
  }
}

/** The bars are stored whatever happens here; who listens reads afresh now and then anyway. */
async function tell(sync: Parameters<typeof notifyBarsChanged>[1][number], bench: Workbench): Promise<void> {
  try {
    await notifyBarsChanged(bench.db, [sync]);
  } catch (error) {
    bench.logger.warn("could not tell that bars changed", { error: messageOf(error) });
  }
}
