import { messageOf, PricefleetError } from "@pricefleet/contracts";
import {
  type CollectingRun,
  isAnyMarketCollected,
  markCollected,
  markMarketCollected,
  type MarketRun,
  marketsToCollect,
  noteMarketError,
  withRetries,
} from "@pricefleet/database";
import { collectMarket } from "./collect-market.ts";
import type { Desk } from "./desk.ts";

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

  const lanes = [...Map.groupBy(markets, laneOf).values()].map(async (lane) => {
    for (const market of lane) {
      const failure = await collectOrFail(market, lanesDesk);
      if (failure !== null) failures.push(failure);
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
  if (
    failure !== undefined &&
    failures.length === markets.length &&
    !(await isAnyMarketCollected(desk.db, run.id))
  )
    throw failure;
  await withRetries(() => markCollected(desk.db, run.id));

  /** Markets of one site share its host. */
  function laneOf(market: MarketRun): string {
    return market.url === null
      ? market.source
      : `${market.source} ${URL.parse(market.url)?.host ?? market.url}`;
  }
}

/** @returns why the market cannot be read; null when all of its pages are. */
async function collectOrFail(market: MarketRun, desk: Desk): Promise<PricefleetError | null> {
  try {
    await collectMarket(market, desk);
    await withRetries(() => markMarketCollected(desk.db, market));
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
