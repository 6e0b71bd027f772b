import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@pricefleet/contracts";
import { isRetryable, NotLeadingError, type Term } from "@pricefleet/database";
import { reportUnexpected } from "@pricefleet/logging";
import { duties as allDuties, type Duty, type Office } from "./duties.ts";

/**
 * Does every duty at its own pace until the term is over. They do not wait for each other: a broker that is away holds
 * up the publishing, not the leases. When it resolves, no duty of this term goes on.
 */
export async function doDuties(
  term: Term,
  over: AbortSignal,
  office: Office,
  duties: readonly Duty[] = allDuties,
): Promise<void> {
  const lost = new AbortController();
  const ended = AbortSignal.any([over, lost.signal]);
  await Promise.all(duties.map(repeat));

  async function repeat(duty: Duty): Promise<void> {
    while (!ended.aborted) {
      try {
        await duty.run(term, office);
      } catch (error) {
        if (error instanceof NotLeadingError) return lose(error);
        // One that has an exit code or passes by itself is an outage, which the log tells of.
        if (!isRetryable(error)) reportUnexpected(error);
        office.logger.warn("a duty failed and will be tried again", {
          duty: duty.name,
          error: messageOf(error),
        });
      }
      await sleep(duty.everyMs, undefined, { signal: ended }).catch(() => undefined);
    }
  }

  /** The first duty whose write was refused ends them all: some never write as the leader, and would go on. */
  function lose(error: NotLeadingError): void {
    if (ended.aborted) return;
    office.logger.warn("another leads now", { because: error.message });
    lost.abort();
  }
}
