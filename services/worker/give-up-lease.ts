import { takeBackForgottenClaim, withRetries } from "@pricefleet/database";
import type { Delivery } from "@pricefleet/queue";
import type { Workbench } from "./workbench.ts";

/** The lease is not the target's current one: nothing was stored. Somebody else has the target, or nobody knows of the claim. */
export async function giveUpLease(
  { delivery }: { delivery: Delivery },
  { db, logger }: Workbench,
): Promise<void> {
  const { target_id: targetId, publish_id: publishId } = delivery.message;
  const isForgotten = await withRetries(() => takeBackForgottenClaim(db, targetId, publishId));
  if (isForgotten) logger.warn("PostgreSQL has forgotten the claim; the target is published again");
  else logger.info("another worker has the target; nothing stored");
}
