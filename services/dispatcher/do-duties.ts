import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@pricefleet/contracts";
import { NotLeadingError, type Term } from "@pricefleet/database";
import { duties, type Duty, type Office } from "./duties.ts";

/**
 * Does every duty at its own pace until the term is over. They do not wait for each other: a broker that is away holds
 * up the publishing, not the leases.
 * @throws NotLeadingError when a write showed that another leads.
 */
export async function doDuties(term: Term, over: AbortSignal, office: Office): Promise<void> {
  await Promise.all(duties.map((duty) => repeat(duty, term, over, office)));
}

async function repeat(duty: Duty, term: Term, over: AbortSignal, office: Office): Promise<void> {
  while (!over.aborted) {
    try {
      await duty.run(term, office);
    } catch (error) {
      if (error instanceof NotLeadingError) throw error;
      office.logger.warn("a duty failed and will be tried again", {
        duty: duty.name,
        error: messageOf(error),
      });
    }
    await sleep(duty.everyMs, undefined, { signal: over }).catch(() => undefined);
  }
}
