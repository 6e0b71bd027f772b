import { ALL_MARKETS, messageOf, PricefleetError, type Source } from "@pricefleet/contracts";
import {
  type CollectingRun,
  ensureHosts,
  isAnyMarketCollected,
  markCollected,
  markMarketCollected,
  type MarketRun,
  marketsToCollect,
  noteMarketError,
  spreadMarket,
  withRetries,
} from "@pricefleet/database";
import { collectMarket, politenessOf } from "./collect-market.ts";
import type { Desk } from "./desk.ts";
import { fetchSearchPage } from "./fetch-search-page.ts";

/**
 * Reads the pages of each of a run's markets, from where they were left on. Hosts are read side by side, and the
 * markets of one host one after the other, since they share its clock: so none waits for a host that is not its own.
 * A market whose pages cannot be read is noted with its error, and the others go on.
 * @throws RunNotOursError when the run was stopped or taken over; the reason of `desk.stopping` when the process was
 * asked to stop; what collectMarket threw last when no market could be read.
 */
export async function collectRun(run: CollectingRun, desk: Desk): Promise<void> {
  const broken = new AbortController();
  const lanesDesk = { ...desk, stopping: AbortSignal.any([desk.stopping, broken.signal]) };
  const markets = await withRetries(() => marketsToCollect(desk.db, run.id));
  const failures: PricefleetError[] = [];

  let tried = 0;

  const lanes = [...Map.groupBy(markets, laneOf).values()].map(async (lane) => {
    // A market that stands for all of a catalog's makes way for those, which join the lane.
    for (const market of lane) {
      const end = await collectOrFail(market, lanesDesk);
      if (Array.isArray(end)) {
        lane.push(...end);
        continue;
      }
      tried += 1;
      if (end !== null) failures.push(end);
    }
  });
  try {
    await Promise.all(lanes);
  } finally {
    // What ends the run for one lane ends it for all; none may write for it after this returns.
    broken.abort();
    await Promise.allSettled(lanes);
  }
  const [failure] = failures;
  if (failure !== undefined && failures.length === tried && !(await isAnyMarketCollected(desk.db, run.id)))
    throw failure;
  const missing = await withRetries(() => markCollected(desk.db, run.id, desk.goneAfterMisses));
  if (missing.missed > 0)
    desk.logger.info("listings are missing from the search", {
      missed: missing.missed,
      looked_at_again: missing.lookedAtAgain,
    });

  /** Markets of one site share its host. */
  function laneOf(market: MarketRun): string {
    return market.url === null
      ? market.source
      : `${market.source} ${URL.parse(market.url)?.host ?? market.url}`;
  }
}

/** @returns null when all of the market's pages are read, why they cannot be, or the markets that it stands for. */
async function collectOrFail(market: MarketRun, desk: Desk): Promise<null | PricefleetError | MarketRun[]> {
  try {
    if (standsForAll(market, desk)) return await spread(market, desk);
    const readToEnd = await collectMarket(market, desk);
    await withRetries(() => markMarketCollected(desk.db, market, readToEnd));
    return null;
  } catch (error) {
    if (!(error instanceof PricefleetError) || desk.stopping.aborted) throw error;
    await withRetries(() => noteMarketError(desk.db, market, `${error.reason}: ${messageOf(error)}`));
    desk.logger.warn("a market cannot be collected", {
      source: market.source,
      term: market.term,
      url: market.url,
      reason: error.reason,
      error: messageOf(error),
    });
    return error;
  }
}

function standsForAll({ source, term }: MarketRun, desk: Desk): boolean {
  return term === ALL_MARKETS && desk.sources.byName(source).catalog !== undefined;
}

/** @returns the markets that there are, in the place of the one that stands for all. */
async function spread(market: MarketRun, desk: Desk): Promise<MarketRun[]> {
  const source = desk.sources.byName(market.source);
  const names = source.catalog?.markets ?? (await readMarkets(market, source, desk));
  const numbers = await spreadMarket(desk.db, market, names);
  desk.logger.info("the catalog's markets are known", { source: source.name, markets: names.length });
  const left = await withRetries(() => marketsToCollect(desk.db, market.runId));
  return left.filter((one) => numbers.includes(one.market));
}

async function readMarkets(market: MarketRun, source: Source, desk: Desk): Promise<string[]> {
  const url = source.searchUrl(market, 1);
  await ensureHosts(desk.db, [politenessOf(new URL(url).host, source, desk)]);
  const reading = await fetchSearchPage({ url, source, runId: market.runId }, desk);
  return reading.items.map((item) => item.external_id);
}
