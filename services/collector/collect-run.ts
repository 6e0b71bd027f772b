import { createHash } from "node:crypto";
import type { Item, PageReading, Source } from "@pricefleet/contracts";
import {
  type CollectingRun,
  ensureHosts,
  type HostPoliteness,
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
 * @throws RunNotOursError when the run was stopped or taken over; the reason of `desk.stopping` when the process was
 * asked to stop; what fetchSearchPage throws.
 */
export async function collectRun(run: CollectingRun, desk: Desk): Promise<void> {
  const source = desk.sources.byName(run.source);
  const logger = desk.logger.child({ source: run.source });

  const lastPage = run.maxPages === 0 ? Number.POSITIVE_INFINITY : run.maxPages;
  for (let pageNumber = run.nextPage; pageNumber <= lastPage; pageNumber++) {
    desk.stopping.throwIfAborted();
    const url = source.searchUrl(run, pageNumber);
    await ensureHosts(desk.db, [politenessOf(new URL(url).host, source, desk)]);
    const reading = await fetchSearchPage({ url, source, runId: run.id }, desk);

    const stored = await storePage(run, { url, pageNumber, reading, source }, desk);
    const { published } = await publishDueTargets({
      belt: desk.belt,
      book: { takeDue: (limit) => takeDueTargets(desk.db, limit) },
      limit: PUBLISH_AT_ONCE,
      logger,
    });
    logger.info(reading.state === "empty" ? "nothing was found" : "search page read", {
      page: pageNumber,
      url,
      cards: reading.items.length,
      ...stored,
      published,
    });

    // Some sites serve their last page again for any page number beyond it; a page with nothing new is the end.
    if (!reading.has_next_page || (pageNumber > 1 && stored.found === 0)) break;
  }
  await withRetries(() => markCollected(desk.db, run.id));
}

interface SearchPage {
  url: string;
  pageNumber: number;
  reading: PageReading;
  source: Source;
}

async function storePage(
  run: CollectingRun,
  { url, pageNumber, reading, source }: SearchPage,
  desk: Desk,
): Promise<{ found: number; targets: number }> {
  const cards = [...new Map(reading.items.map((item) => [item.external_id, item])).values()].map((item) => ({
    item,
    // A card whose address has no host fails as a target, with its reason; the page's other cards go on.
    host: URL.parse(item.url)?.host || new URL(url).host,
    digest: digestOf(item),
  }));
  const hosts = [...new Set(cards.map((card) => card.host))];
  await ensureHosts(
    desk.db,
    hosts.map((host) => politenessOf(host, source, desk)),
  );
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

function politenessOf(host: string, source: Source, desk: Desk): HostPoliteness {
  const { minDelayMs, maxInFlight } = source.politeness;
  return { host, source: source.name, minDelayMs: desk.hostMinDelayMs ?? minDelayMs, maxInFlight };
}

/** Of all that the card says; the bids' count is left out, since it says nothing that the price does not. */
function digestOf(item: Item): string {
  return createHash("sha256")
    .update(JSON.stringify({ ...item, bids: null }))
    .digest("base64url")
    .slice(0, 22);
}
