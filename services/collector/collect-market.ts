import { createHash } from "node:crypto";
import { catalogVersion, matchGpu } from "@pricefleet/catalog";
import {
  type FilterReason,
  type Item,
  type PageReading,
  type SearchFilter,
  type Source,
  whyFilteredOut,
} from "@pricefleet/contracts";
import {
  ensureHosts,
  filterOfRun,
  type HostPoliteness,
  type MarketRun,
  storeSearchPage,
  defaultBelt,
  takeDueTargets,
} from "@pricefleet/database";
import { ratesTo } from "@pricefleet/pricing";
import { publishDueTargets } from "@pricefleet/queue";
import type { Desk } from "./desk.ts";
import { fetchSearchPage } from "./fetch-search-page.ts";

/** So much is published at once after each page; the rest is the dispatcher's. */
const PUBLISH_AT_ONCE = 5_000;

/**
 * Reads the pages of a market from its next page on. Each page is stored with its targets before the next one is
 * fetched, so wherever this ends, another collector continues there.
 * @returns whether the search's end was reached; false: its limit of pages was.
 * @throws RunNotOursError when the run was stopped or taken over; the reason of `desk.stopping` when the process was
 * asked to stop; what fetchSearchPage throws.
 */
export async function collectMarket(market: MarketRun, desk: Desk): Promise<boolean> {
  const source = desk.sources.byName(market.source);
  const logger = desk.logger.child({ source: market.source });
  const belt = { ...defaultBelt, republishAfterSeconds: desk.republishAfterSeconds };
  const filter = await filterOfRun(desk.db, market.runId);
  const seen = new Set<string>();

  let { nextUrl } = market;
  const lastPage = market.maxPages === 0 ? Number.POSITIVE_INFINITY : market.maxPages;
  for (let pageNumber = market.nextPage; pageNumber <= lastPage; pageNumber++) {
    desk.stopping.throwIfAborted();
    const url = nextUrl ?? source.searchUrl(market, pageNumber);
    await ensureHosts(desk.db, [politenessOf(new URL(url).host, source, desk)]);
    const reading =
      source.readSearch?.(market) ?? (await fetchSearchPage({ url, source, runId: market.runId }, desk));

    const { kept, filteredOut } = await filterItems(filter, reading.items, seen, desk);
    const page = { url, pageNumber, reading: { ...reading, items: kept }, source, filteredOut };
    const stored = await storePage(market, page, desk);
    const { published } = await publishDueTargets({
      belt: desk.belt,
      book: { takeDue: (limit) => takeDueTargets(desk.db, limit, belt) },
      limit: PUBLISH_AT_ONCE,
      logger,
    });
    logger.info(reading.state === "empty" ? "nothing was found" : "search page read", {
      page: pageNumber,
      url,
      cards: reading.items.length,
      ...(filter === null ? {} : { filtered_out: filteredOut.length }),
      ...stored,
      published,
    });

    // Some sites serve their last page again for any page number beyond it; a page with nothing new is the end. New to
    // this market, that is: another one of the run may have found the same before.
    const hasNew = reading.items.some((item) => !seen.has(item.external_id));
    for (const item of reading.items) seen.add(item.external_id);
    if (!reading.has_next_page || (pageNumber > 1 && !hasNew)) return true;
    nextUrl = reading.next_url ?? null;
  }
  return false;
}

interface SearchPage {
  url: string;
  pageNumber: number;
  reading: PageReading;
  source: Source;
  filteredOut: FilterReason[];
}

/** What is not wanted is not saved at all. One that comes again on a later page is not counted again. */
async function filterItems(
  filter: SearchFilter | null,
  items: readonly Item[],
  seen: ReadonlySet<string>,
  desk: Desk,
): Promise<{ kept: Item[]; filteredOut: FilterReason[] }> {
  if (filter === null) return { kept: [...items], filteredOut: [] };
  const rateTo = await ratesTo(filter.currency, items, desk.baseRates);
  const reasons = new Map(
    items.map((item) => [item.external_id, whyFilteredOut(filter, item, null, rateTo)]),
  );
  return {
    kept: items.filter(({ external_id: id }) => reasons.get(id) === null),
    filteredOut: [...reasons].flatMap(([id, reason]) => (reason === null || seen.has(id) ? [] : [reason])),
  };
}

async function storePage(
  market: MarketRun,
  { url, pageNumber, reading, source, filteredOut }: SearchPage,
  desk: Desk,
): Promise<{ found: number; targets: number }> {
  const items = [...new Map(reading.items.map((item) => [item.external_id, item])).values()];
  const cards = await Promise.all(
    items.map(async (item) => {
      const address = URL.parse(item.url);
      return {
        item,
        // A card whose address has no host fails as a target, with its reason; the page's other cards go on.
        host: address?.host || new URL(url).host,
        // A product in a list does not say its price, so that its being unchanged confirms none.
        digest: source.catalog === undefined ? digestOf(item) : null,
        suffices: address !== null && source.readsListingAt?.(address) === false,
        baseRate: await desk.baseRates.of(item.currency),
        match: { catalogVersion, ...matchGpu(item.title) },
      };
    }),
  );
  const hosts = [...new Set(cards.map((card) => card.host))];
  await ensureHosts(
    desk.db,
    hosts.map((host) => politenessOf(host, source, desk)),
  );
  // Not withRetries: if a commit's answer is lost, the page is stored, and storing it again would look like a thief's.
  return storeSearchPage(desk.db, {
    runId: market.runId,
    searchId: market.searchId,
    market: market.market,
    source: market.source,
    queue: "listing_enrichment",
    pageNumber,
    nextUrl: reading.next_url ?? null,
    totalResults: reading.total_results,
    cards,
    filteredOut,
    enrichLimit: market.enrichLimit,
    enrichMaxAgeHours: desk.enrichMaxAgeHours,
  });
}

export function politenessOf(host: string, source: Source, desk: Desk): HostPoliteness {
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
