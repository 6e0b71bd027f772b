import { MESSAGE_DEADLINE_HOURS } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import type { Belt } from "./belt.ts";
import { type OutgoingTarget, type PublishableTarget, targetMessageOf } from "./messages.ts";

/** What publishing needs of the book. */
export interface PublishingBook {
  /** Marks at most `limit` due rows `queued`, each with a new publish id and a time to publish it again, and commits. */
  takeDue(limit: number): Promise<PublishableTarget[]>;
}

interface PublishDueOptions {
  belt: Belt;
  book: PublishingBook;
  limit: number;
  logger: Logger;
}

/**
 * The one way from the book onto the belt. A target whose publish is not confirmed stays `queued` in the book, which
 * lets it be published again when its `republish_after` has passed.
 */
export async function publishDueTargets(options: PublishDueOptions): Promise<{ published: number }> {
  const { belt, book, limit, logger } = options;
  // Rows marked while the broker is away would only have to wait for their republish_after.
  if (!belt.isReady()) return { published: 0 };
  const due = await book.takeDue(limit);
  const deadline = new Date(Date.now() + MESSAGE_DEADLINE_HOURS * 3_600_000);
  const outcomes = await belt.publishTargets(due.map((target) => asOutgoing(target, deadline)));
  // Not one line a target for nothing: a batch has thousands.
  if (logger.isDebugEnabled()) {
    for (const [index, target] of due.entries()) {
      logger.debug("target published", {
        run_id: target.runId,
        target_id: target.targetId,
        request_id: target.requestId,
        queue: target.queue,
        host: target.host,
        publish_id: target.publishId,
        outcome: outcomes[index],
      });
    }
  }
  const published = outcomes.filter((outcome) => outcome === "confirmed").length;
  if (published < due.length) {
    logger.warn("not every target was confirmed; the rest is published again later", {
      published,
      unconfirmed: due.length - published,
    });
  }
  return { published };
}

function asOutgoing(target: PublishableTarget, deadline: Date): OutgoingTarget {
  return {
    queue: target.queue,
    message: targetMessageOf(target),
    attempt: target.attempts + 1,
    deadline,
    reason: target.attempts === 0 ? "new" : "again",
  };
}
