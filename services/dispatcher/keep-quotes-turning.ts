import {
  asLeader,
  cancelQuoteTargets,
  type Database,
  ensureHosts,
  expectQuotesWithin,
  keepRefreshing,
  quotedPages,
  quoteTargets,
  type QuoteTarget,
  removeQuoteTargets,
  type Term,
} from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";
import type { Belt } from "@pricefleet/queue";
import type { Sources } from "@pricefleet/sources";

interface Means {
  db: Database;
  belt: Belt;
  logger: Logger;
  sources: Sources;
}

/** How late a quote may be, with nothing on the belt, before its message is taken for lost. */
const LOST_AFTER_SECONDS = 15;

/**
 * One recurring target for each enabled instrument that names a page, as the rows of the instruments are now; what is
 * wanted no more is cancelled. Done again it changes nothing, so it does not matter who was restarted when.
 */
export async function keepQuotesTurning(term: Term, { db, logger, sources }: Means): Promise<void> {
  await asLeader(db, term, async (trx) => {
    const there = await quoteTargets(trx);
    const wanted = await wantedTargets(trx, sources, logger);
    const wantedOf = (target: QuoteTarget) => wanted.find((one) => isSame(one, target));
    const unwanted = there.filter((target) => !target.isCancelled && wantedOf(target) === undefined);
    const moved = there.filter((target) => (wantedOf(target)?.host ?? target.host) !== target.host);
    await cancelQuoteTargets(
      trx,
      unwanted.map(({ id }) => id),
    );
    await removeQuoteTargets(
      trx,
      moved.map(({ id }) => id),
    );
    for (const target of wanted) {
      if (there.some((one) => isSame(one, target) && isAsWanted(one, target))) continue;
      const { politeness } = sources.byName(target.source);
      await ensureHosts(trx, [{ host: target.host, source: target.source, ...politeness }]);
      await keepRefreshing(trx, { ...target, queue: "quote_refresh", externalId: target.instrumentId });
      logger.info("keeps a quote turning", { instrument_id: target.instrumentId, url: target.url });
    }
  });
}

/**
 * A message that was lost costs a listing a quarter of an hour, which is long for a quote. Where workers have emptied the
 * queue, what should be in it is lost; without workers nothing is: what nobody reads must not be published for ever.
 */
export async function findLostQuotes(term: Term, { db, belt }: Means): Promise<void> {
  const { quote_refresh: queue } = await belt.queueDepths();
  if (queue === undefined || queue.consumers === 0 || queue.ready > 0) return;
  await asLeader(db, term, (trx) => expectQuotesWithin(trx, LOST_AFTER_SECONDS));
}

type WantedTarget = Omit<QuoteTarget, "id" | "isCancelled">;

async function wantedTargets(db: Database, sources: Sources, logger: Logger): Promise<WantedTarget[]> {
  const pages = await quotedPages(db);
  return pages.flatMap(({ instrumentId, pageUrl, refreshSeconds }) => {
    const found = sources.forQuotes(pageUrl);
    if (found === null) {
      logger.warn("an instrument's page has no http address", {
        instrument_id: instrumentId,
        page_url: pageUrl,
      });
      return [];
    }
    const { source, url } = found;
    return [{ instrumentId, source: source.name, host: url.host, url: url.href, refreshSeconds }];
  });
}

/** What makes a target another one. */
function isSame(a: WantedTarget, b: WantedTarget): boolean {
  return a.instrumentId === b.instrumentId && a.source === b.source;
}

function isAsWanted({ isCancelled, url, refreshSeconds }: QuoteTarget, wanted: WantedTarget): boolean {
  return !isCancelled && url === wanted.url && refreshSeconds === wanted.refreshSeconds;
}
