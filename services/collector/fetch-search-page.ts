import {
  BlockedError,
  failureOfPage,
  messageOf,
  NoWayOutError,
  type PageReading,
  PricefleetError,
  RateLimitedError,
  type Source,
} from "@pricefleet/contracts";
import {
  countDocuments,
  noteBlock,
  noteGoodPage,
  noteSearchPage,
  releaseProbe,
  type Slot,
  slowHostDown,
  withRetries,
} from "@pricefleet/database";
import { createDocumentCount, type FetchedPage } from "@pricefleet/fetching";
import type { Desk } from "./desk.ts";
import { waitForRobots, waitForSlot, waitWithRun } from "./wait-for-host.ts";

interface SearchPageRequest {
  url: string;
  source: Source;
  runId: string;
}

/** A page is asked for this often before the run gives up on it; waiting for a closed host is not a try. */
const TRIES = 5;
/** A page that shows a wall this often, while its host may be open to others, ends the run. */
const MOST_WALLS = 30;
const FIRST_BACKOFF_MS = 2_000;
const NO_WAY_OUT_DELAY_MS = 30_000;
const LONGEST_BACKOFF_MS = 5 * 60_000;

/**
 * Fetches and reads one search page, keeping the host's clock, its robots.txt and its patience.
 * @throws the last failure: permanent and changed at once, others after their tries; RunNotOursError when the run was
 * stopped or taken over meanwhile.
 */
export async function fetchSearchPage(request: SearchPageRequest, desk: Desk): Promise<PageReading> {
  const { url, source, runId } = request;
  const { host } = new URL(url);
  let walls = 0;
  for (let attempt = 1; ; ) {
    let slot: Slot | null = null;
    try {
      await waitForRobots(request, desk);
      slot = await waitForSlot(host, runId, desk);
      return await fetchOnce(request, slot, desk);
    } catch (error) {
      if (!(error instanceof PricefleetError)) throw error;
      const { reason } = error;
      desk.logger.warn("search page failed", {
        url,
        source: source.name,
        attempt,
        reason,
        error: error.message,
      });
      if (error instanceof BlockedError || error instanceof RateLimitedError) {
        if (reason === "host-blocked" || ++walls >= MOST_WALLS) throw error;
        const askedForMs = error instanceof RateLimitedError ? error.retryAfterMs : null;
        const closedForMs = await withRetries(() => noteBlock(desk.db, host, reason, askedForMs));
        // A closed host is waited for above, where its opening is seen soon.
        if (closedForMs === 0) await waitWithRun(backoffMs(walls), runId, desk);
        continue;
      }
      if (reason === "overloaded") await slowHostDown(desk.db, host);
      if (slot?.isProbe === true) {
        await (error.errorClass === "temporary"
          ? releaseProbe(desk.db, host)
          : noteGoodPage(desk.db, host, null));
      }
      if (error instanceof NoWayOutError) {
        // Nothing reached the site, so this was no try: the page is waited for as long as the run is wanted.
        await waitWithRun(NO_WAY_OUT_DELAY_MS * (0.5 + Math.random()), runId, desk);
        continue;
      }
      if (error.errorClass !== "temporary" || attempt >= TRIES) throw error;
      await waitWithRun(backoffMs(attempt), runId, desk);
      attempt++;
    }
  }
}

function backoffMs(attempt: number): number {
  return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1)) * (0.5 + Math.random());
}

async function fetchOnce(request: SearchPageRequest, slot: Slot, desk: Desk): Promise<PageReading> {
  const { host } = new URL(request.url);
  const documents = createDocumentCount(host);
  try {
    const { page, reading, learnedMode } = await desk.fetcher.fetchAndRead<PageReading>({
      url: request.url,
      ...(request.source.request ?? { mode: desk.fetchMode }),
      rememberedMode: slot.fetchMode,
      read: (fetched) => desk.sources.read(fetched, request.source),
      signal: desk.stopping,
      onDocument: (url) => documents.note(url),
    });
    const failure = failureOfPage(reading);
    const isUnderstood = failure === null;
    if (isUnderstood || failure.errorClass === "layout-changed")
      await noteSearchPage(desk.db, request.source.name, host, isUnderstood);
    if (failure !== null) {
      await keepForDebugging(page, request, desk);
      throw failure;
    }
    await noteGoodPage(desk.db, host, learnedMode);
    return reading;
  } finally {
    await withRetries(() => countDocuments(desk.db, documents.beyondSlot()));
  }
}

async function keepForDebugging(page: FetchedPage, { runId }: SearchPageRequest, desk: Desk): Promise<void> {
  try {
    await desk.debugPages.save({
      targetId: `run-${runId}`,
      attempt: Date.now(),
      html: page.html,
      screenshot: page.screenshot,
    });
  } catch (error) {
    desk.logger.warn("the failed page could not be kept", { error: messageOf(error) });
  }
}
