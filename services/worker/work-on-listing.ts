import { catalogVersion, matchGpu } from "@pricefleet/catalog";
import {
  type FilterReason,
  type Item,
  type ListingDetails,
  listingOnPage,
  type PageReading,
  whyFilteredOut,
} from "@pricefleet/contracts";
import { type Claim, filterOfRun, finishFilteredOut, finishListing, withRetries } from "@pricefleet/database";
import { createDocumentCount, type DocumentCount, type FetchedPage } from "@pricefleet/fetching";
import { ratesTo } from "@pricefleet/pricing";
import type { Delivery } from "@pricefleet/queue";
import { claimDelivery } from "./claim-delivery.ts";
import { countBeyondSlot } from "./count-beyond-slot.ts";
import { saveSnapshot } from "./save-snapshot.ts";
import { giveUpLease } from "./give-up-lease.ts";
import { lookAtPhoto } from "./look-at-photo.ts";
import { settleFailure } from "./settle-failure.ts";
import { waitForSlot } from "./wait-for-slot.ts";
import type { Workbench } from "./workbench.ts";

/**
 * One listing from delivery to its end: claim, fetch, extract, store. When it resolves, the message is acknowledged;
 * it throws only when PostgreSQL or RabbitMQ stay away, and then the message is delivered again.
 */
export async function workOnListing(delivery: Delivery, bench: Workbench): Promise<void> {
  const { logger } = bench;
  const claim = await claimDelivery(delivery, bench);
  if (claim === null) return;
  const documents = createDocumentCount(claim.host);
  let page: FetchedPage | null = null;
  try {
    const slot = await waitForSlot(claim, bench);
    const fetched = await fetchListing(claim, slot.fetchMode, documents, bench);
    page = fetched.page;
    logger.debug("page read", {
      url: page.url,
      status: page.status,
      fetched_by: page.fetchedBy,
      duration_ms: page.durationMs,
      state: fetched.reading.state,
    });
    const { item, details } = listingOnPage(fetched.reading);
    const filteredOut = await whyNotWanted(claim, item, details, bench);
    if (filteredOut !== null) {
      const outcome = await withRetries(() =>
        finishFilteredOut(bench.db, claim, filteredOut, fetched.learnedMode),
      );
      if (outcome === "lost") return await giveUpLease({ delivery }, bench);
      logger.info("target done: the search does not want it", { title: item.title, reason: filteredOut });
      return;
    }
    const snapshot = await saveSnapshot(page, fetched.reading.state, claim, bench);
    const baseRate = await withRetries(() => bench.baseRates.of(item.currency));
    // A price that comes without a name says nothing of what is offered.
    const match = item.title === "" ? undefined : { catalogVersion, ...matchGpu(item.title) };
    const { learnedMode } = fetched;
    const finished = await withRetries(() =>
      finishListing(bench.db, {
        claim,
        item,
        details,
        snapshot,
        learnedMode,
        baseRate,
        match,
        secondLookSeconds: bench.secondLookSeconds,
      }),
    );
    if (finished === "lost") return await giveUpLease({ delivery }, bench);
    const words = finished === "look-again" ? "price in quarantine until a second look" : "target done";
    logger.info(words, {
      title: item.title,
      amount: item.amount,
      currency: item.currency,
      confidence: item.confidence,
      fetched_by: page.fetchedBy,
      duration_ms: page.durationMs,
      broken_json_ld: fetched.reading.broken_json_ld,
    });
    await lookAtPhoto({ claim, url: details?.images[0] ?? item.image_url }, bench);
  } catch (error) {
    await settleFailure(error, { claim, delivery, page }, bench);
  } finally {
    await countBeyondSlot(documents, bench);
  }
}

/** Its own page may tell what its card did not: a location, a condition, another price. */
async function whyNotWanted(
  { runId }: Claim,
  item: Item,
  details: ListingDetails | null,
  { db, baseRates }: Workbench,
): Promise<FilterReason | null> {
  const filter = runId === null ? null : await withRetries(() => filterOfRun(db, runId));
  if (filter === null) return null;
  return whyFilteredOut(filter, item, details, await ratesTo(filter.currency, [item], baseRates));
}

async function fetchListing(
  claim: Claim,
  rememberedMode: "http" | "browser" | null,
  documents: DocumentCount,
  bench: Workbench,
) {
  const source = bench.sources.byName(claim.source);
  return bench.fetcher.fetchAndRead<PageReading>({
    url: claim.url,
    ...(source.request ?? { mode: bench.fetchMode }),
    rememberedMode,
    read: (page) => bench.sources.read(page, source),
    onDocument: (url) => documents.note(url),
  });
}
