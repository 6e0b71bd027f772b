import { createHash } from "node:crypto";
import { type Item, type PageReading, PermanentError, type Source } from "@pricefleet/contracts";
import {
  changeRunState,
  type CollectingRun,
  ensureHosts,
  markCollected,
  storeSearchPage,
  takeDueTargets,
  withRetries,
} from "@pricefleet/database";
import { publishDueTargets } from "@pricefleet/queue";
import type { Desk } from "./desk.ts";
import { fetchSearchPage } from "./fetch-search-page.ts";

/** So much is published at once after each page; the rest is the dispatcher's. */
const PUBLISH_AT_ONCE = 5_000;

/**
 * Reads the pages of a run's search from its next page on. Each page is stored with its targets before the next one is
 * fetched, so wherever this ends, another collector continues there.
 * @returns "collected", or "interrupted" when the process was asked to stop.
 * @throws RunNotOursError when the run was stopped or taken over; what fetchSearchPage throws.
 */
export async function collectRun(run: CollectingRun, desk: Desk): Promise<"collected" | "interrupted"> {
  const source = desk.sources.byName(run.source);
  const logger = desk.logger.child({ run_id: run.id, source: run.source });

  for (let pageNumber = run.nextPage; ; pageNumber++) {
    if (desk.stopping.aborted) return "interrupted";
    const url = source.searchUrl(run, pageNumber);
    await ensureHosts(desk.db, [hostOf(url, source, desk)]);
    const reading = await fetchSearchPage({ url, source, runId: run.id }, desk);

    const stored = await storePage(run, pageNumber, reading, source, desk);
    if (pageNumber === run.nextPage) {
      await withRetries(() =>
        changeRunState(desk.db, run.id, "processing", `reading from page ${pageNumber}`),
      );
    }
    const { published } = await publishDueTargets({
      belt: desk.belt,
      book: { takeDue: (limit) => takeDueTargets(desk.db, limit) },
      limit: PUBLISH_AT_ONCE,
      logger,
    });
    logger.info("search page read", {
      page: pageNumber,
      url,
      cards: reading.items.length,
      ...stored,
      published,
    });

    // Some sites serve their last page again for any page number beyond it; a page with nothing new is the end.
    const isEnd = !reading.has_next_page || (pageNumber > 1 && stored.found === 0);
    if (isEnd || pageNumber === run.maxPages) break;
  }
  await withRetries(() => markCollected(desk.db, run.id));
  return "collected";
}

async function storePage(
  run: CollectingRun,
  pageNumber: number,
  reading: PageReading,
  source: Source,
  desk: Desk,
) {
  const cards = [...new Map(reading.items.map((item) => [item.external_id, item])).values()].map((item) => ({
    item,
    host: new URL(item.url).host,
    digest: digestOf(item),
  }));
  const hosts = new Map(cards.map(({ item, host }) => [host, hostOf(item.url, source, desk)]));
  await ensureHosts(desk.db, [...hosts.values()]);
  // Not withRetries: if a commit's answer is lost, the page is stored, and storing it again would look like a thief's.
  return storeSearchPage(desk.db, {
    runId: run.id,
    searchId: run.searchId,
    source: run.source,
    queue: "listing_enrichment",
    pageNumber,
    totalResults: reading.total_results,
    cards,
    enrichLimit: run.enrichLimit,
    enrichMaxAgeHours: desk.enrichMaxAgeHours,
  });
}

function hostOf(url: string, source: Source, desk: Desk) {
  if (!URL.canParse(url))
    throw new PermanentError("invalid-url", `${source.name} gave an address that is none: ${url}`);
  const { minDelayMs, maxInFlight } = source.politeness;
  return {
    host: new URL(url).host,
    source: source.name,
    minDelayMs: desk.hostMinDelayMs ?? minDelayMs,
    maxInFlight,
  };
}

/** Of all that the card says; the bids' count is left out, since it says nothing that the price does not. */
function digestOf(item: Item): string {
  return createHash("sha256")
    .update(JSON.stringify({ ...item, bids: null }))
    .digest("base64url")
    .slice(0, 22);
}
