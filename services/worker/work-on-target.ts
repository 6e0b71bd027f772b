import { setTimeout as sleep } from "node:timers/promises";
import {
  failureOfPage,
  type Item,
  LayoutChangedError,
  type ListingDetails,
  messageOf,
  type PageReading,
  PermanentError,
} from "@pricefleet/contracts";
import {
  type Claim,
  claimTarget,
  finishListing,
  rememberFetchMode,
  reopenHost,
  withRetries,
} from "@pricefleet/database";
import type { FetchedPage } from "@pricefleet/fetching";
import type { Delivery } from "@pricefleet/queue";
import { settleFailure } from "./settle-failure.ts";
import type { Workbench } from "./workbench.ts";

/** A slot of the host that is this near is waited for; a farther one sends the target to a delay queue. */
const LONGEST_WAIT_MS = 2_000;

/**
 * One target from delivery to its end: claim, fetch, extract, store. When it resolves, the message is acknowledged;
 * it throws only when PostgreSQL or RabbitMQ stay away, and then the message is delivered again.
 */
export async function workOnTarget(delivery: Delivery, bench: Workbench): Promise<void> {
  const { message } = delivery;
  const { logger } = bench;

  const answer = await withRetries(() =>
    claimTarget(bench.db, {
      targetId: message.target_id,
      publishId: message.publish_id,
      worker: bench.worker,
      leaseSeconds: bench.leaseSeconds,
      longestWaitMs: LONGEST_WAIT_MS,
      pastDeadline: delivery.deadline.getTime() < Date.now(),
      movedByHand: delivery.deadLetteredAt !== null,
    }),
  );
  if (answer.outcome === "later") {
    logger.debug("target has to wait", { why: answer.why, wait_ms: answer.waitMs });
    return bench.belt.publishLater(delivery, answer.waitMs);
  }
  if (answer.outcome !== "claimed") {
    logger.debug("target is not to be worked on now", { why: answer.why });
    return;
  }

  const claim = answer;
  logger.debug("target claimed", { attempt: claim.attempt, wait_ms: claim.waitMs });
  await sleep(claim.waitMs);
  let page: FetchedPage | null = null;
  try {
    const fetched = await fetchListing(claim, bench);
    page = fetched.page;
    logger.debug("page read", {
      url: page.url,
      status: page.status,
      fetched_by: page.fetchedBy,
      duration_ms: page.durationMs,
      state: fetched.reading.state,
    });
    const { item, details } = theListingOf(fetched.reading);
    const file = await bench.snapshots.save(page.html);
    const finished = await withRetries(() =>
      finishListing(bench.db, {
        claim,
        item,
        details,
        snapshot: {
          ...file,
          url: fetched.page.url,
          source: claim.source,
          targetId: claim.targetId,
          fetchedBy: fetched.page.fetchedBy,
          pageState: fetched.reading.state,
          fetchedAt: fetched.page.fetchedAt,
        },
      }),
    );
    logger.info(finished === "lost" ? "another worker has the target; nothing stored" : "target done", {
      title: item.title,
      amount: item.amount,
      currency: item.currency,
      fetched_by: page.fetchedBy,
      duration_ms: page.durationMs,
    });
    await noteGoodPage(claim, fetched.learnedMode, bench);
  } catch (error) {
    await settleFailure(error, { claim, delivery, page }, bench);
  }
}

async function fetchListing(claim: Claim, bench: Workbench) {
  const source = bench.sources.byName(claim.source);
  return bench.fetcher.fetchAndRead<PageReading>({
    url: claim.url,
    mode: bench.fetchMode,
    rememberedMode: claim.fetchMode,
    read: (page) => bench.sources.read(page, source),
  });
}

/** @throws the error that the page's state amounts to, when there is no listing on it. */
function theListingOf(reading: PageReading): { item: Item; details: ListingDetails | null } {
  const failure = failureOfPage(reading);
  if (failure !== null) throw failure;
  // Shops send who asks for a listing that is no more to a search; its first card is not the listing.
  if (reading.page !== "listing")
    throw new PermanentError("not-a-listing", `the listing's address leads to a ${reading.page} page`);
  const item = reading.items[0];
  if (item === undefined)
    throw new LayoutChangedError("layout-changed", "the listing's page has no listing on it");
  return { item, details: reading.details };
}

/** The target is done whatever happens here: what the host taught is worth a try, not a failure. */
async function noteGoodPage(claim: Claim, learnedMode: "http" | "browser", bench: Workbench): Promise<void> {
  try {
    if (learnedMode !== claim.fetchMode) await rememberFetchMode(bench.db, claim.host, learnedMode);
    await reopenHost(bench.db, claim.host);
  } catch (error) {
    bench.logger.warn("what the host taught could not be noted", { error: messageOf(error) });
  }
}
