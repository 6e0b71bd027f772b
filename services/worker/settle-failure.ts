import { GoneError, messageOf, PricefleetError } from "@pricefleet/contracts";
import {
  type Claim,
  endRefresh,
  isRetryable,
  keepUnreadSnapshot,
  markDeadLettered,
  markGivenUp,
  markListingGone,
  postponeTarget,
  type TargetFailure,
  withRetries,
} from "@pricefleet/database";
import type { FetchedPage } from "@pricefleet/fetching";
import { reportUnexpected } from "@pricefleet/logging";
import type { Delivery } from "@pricefleet/queue";
import { decideFate } from "./decide-fate.ts";
import { giveUpLease } from "./give-up-lease.ts";
import { saveSnapshot } from "./save-snapshot.ts";
import { tellHost } from "./tell-host.ts";
import type { Workbench } from "./workbench.ts";

interface FailedAttempt {
  claim: Claim;
  delivery: Delivery;
  /** Null when no page came. */
  page: FetchedPage | null;
}

/**
 * Carries out the fate of a failed attempt.
 * @throws when the book itself was what failed: the lease brings the target back.
 */
export async function settleFailure(error: unknown, attempt: FailedAttempt, bench: Workbench): Promise<void> {
  if (!(error instanceof PricefleetError) && isRetryable(error)) throw error;
  const { claim, delivery, page } = attempt;
  const { logger } = bench;
  const fate = decideFate(
    error,
    { attempt: claim.attempt, wallsMet: claim.wallsMet, recurs: claim.recurs },
    Math.random(),
  );
  const { failure } = fate;
  const stack = failure.reason === "unexpected" && error instanceof Error ? error.stack : undefined;
  logger.log(fate.to === "not-yet" ? "debug" : "warn", "attempt failed", {
    fate: fate.to,
    attempt: claim.attempt,
    ...failure,
    message: undefined,
    error: failure.message,
    stack,
  });
  if (failure.reason === "unexpected") reportUnexpected(error);
  if (page !== null) await keepForDebugging(page, claim, bench);
  // A quote of then is of no use later, and its target would leave such a page at every refresh.
  const canBeReread = failure.errorClass === "layout-changed" && claim.queue === "listing_enrichment";
  if (page !== null && canBeReread) await keepForRereading(page, claim, bench);

  const closedForMs = await withRetries(() => tellHost(error, claim, bench));
  switch (fate.to) {
    case "later":
      return postpone(attempt, { ...failure, delayMs: fate.delayMs, countsAsAttempt: true }, bench);
    case "next-refresh":
      if (!(await withRetries(() => endRefresh(bench.db, claim, { ...failure, delayMs: fate.delayMs }))))
        return giveUpLease(attempt, bench);
      return;
    case "later-when-there-is-a-way-out":
    case "not-yet":
      return postpone(attempt, { ...failure, delayMs: fate.delayMs, countsAsAttempt: false }, bench);
    case "later-behind-wall": {
      const delayMs = Math.max(closedForMs, fate.delayMs);
      return postpone(attempt, { ...failure, delayMs, countsAsAttempt: false, metWall: true }, bench);
    }
    case "failed": {
      const isOurs = await withRetries(() =>
        error instanceof GoneError
          ? markListingGone(bench.db, claim, failure, error.ending)
          : markGivenUp(bench.db, claim, "failed", failure),
      );
      if (!isOurs) await giveUpLease(attempt, bench);
      return;
    }
    case "dead": {
      const isOurs = await withRetries(() => markGivenUp(bench.db, claim, "dead", failure));
      if (!isOurs) return giveUpLease(attempt, bench);
      await bench.belt.deadLetter(delivery, {
        reason: failure.reason,
        attempts: claim.attempt,
        error: failure.message,
      });
      await withRetries(() => markDeadLettered(bench.db, claim.targetId));
    }
  }
}

async function postpone(
  attempt: FailedAttempt,
  postponement: TargetFailure & { delayMs: number; countsAsAttempt: boolean; metWall?: boolean },
  bench: Workbench,
): Promise<void> {
  const { claim, delivery } = attempt;
  const postponed = await withRetries(() => postponeTarget(bench.db, claim, postponement));
  if (postponed === "lost") return giveUpLease(attempt, bench);
  if (typeof postponed !== "number") return;
  const message = { ...delivery.message, publish_id: postponed };
  await bench.belt.publishLater(
    { ...delivery, message, attempt: claim.attempt, reason: postponement.reason },
    postponement.delayMs,
  );
}

/** A page that was not understood is kept as it came, with a picture of it, for the person who will look into it. */
async function keepForDebugging(page: FetchedPage, claim: Claim, bench: Workbench): Promise<void> {
  try {
    await bench.debugPages.save({
      targetId: claim.targetId,
      attempt: claim.attempt,
      html: page.html,
      screenshot: page.screenshot,
    });
  } catch (error) {
    bench.logger.warn("the failed page could not be kept", { error: messageOf(error) });
  }
}

/** Kept as long as the pages that were read, for the day when the extractors know the new layout (npm run reextract). */
async function keepForRereading(page: FetchedPage, claim: Claim, bench: Workbench): Promise<void> {
  try {
    const snapshot = await saveSnapshot(page, "changed", claim, bench);
    await withRetries(() => keepUnreadSnapshot(bench.db, snapshot, claim.externalId));
  } catch (error) {
    // The database being away is met again by what follows, which decides.
    bench.logger.warn("the page could not be kept as a snapshot", { error: messageOf(error) });
  }
}
