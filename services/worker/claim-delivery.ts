import { type Claim, claimTarget, withRetries } from "@pricefleet/database";
import type { Delivery } from "@pricefleet/queue";
import { LONGEST_WAIT_MS, SLOTS_AHEAD } from "./wait-for-slot.ts";
import type { Workbench } from "./workbench.ts";

/** Claims the target that a message is about. @returns null when it is not to be worked on now: the message is settled. */
export async function claimDelivery(
  delivery: Delivery,
  bench: Workbench,
  leaseSeconds = bench.leaseSeconds,
): Promise<Claim | null> {
  const { message } = delivery;
  const { logger } = bench;
  const answer = await withRetries(() =>
    claimTarget(bench.db, {
      targetId: message.target_id,
      publishId: message.publish_id,
      worker: bench.worker,
      leaseSeconds,
      longestWaitMs: LONGEST_WAIT_MS,
      slotsAhead: SLOTS_AHEAD,
      floorMs: bench.hostMinDelayMs,
      pastDeadline: delivery.deadline.getTime() < Date.now(),
      movedByHand: delivery.deadLetteredAt !== null,
    }),
  );
  if (answer.outcome === "later") {
    logger.debug("target has to wait", { why: answer.why, wait_ms: answer.waitMs });
    await bench.belt.publishLater(delivery, answer.waitMs);
    return null;
  }
  if (answer.outcome !== "claimed") {
    logger.debug("target is not to be worked on now", { why: answer.why });
    return null;
  }
  logger.debug("target claimed", { attempt: answer.attempt, wait_ms: answer.slot.waitMs });
  return answer;
}
