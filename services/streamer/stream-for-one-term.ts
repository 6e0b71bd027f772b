import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@pricefleet/contracts";
import {
  asLeader,
  countRejections,
  type Database,
  lastTicksOf,
  noteGaps,
  NotLeadingError,
  notifyBarsChanged,
  notifyQuotesChanged,
  requestFills,
  storeQuotes,
  storeTickBars,
  type SubscribedInstrument,
  subscribedInstruments,
  type Term,
  unfinishedBarsOf,
} from "@pricefleet/database";
import type { FeedListener, QuoteFeed } from "@pricefleet/feeds";
import type { Logger } from "@pricefleet/logging";
import type { Changes, Stream } from "./stream.ts";

export interface Means {
  db: Database;
  logger: Logger;
  openFeed: (listener: FeedListener) => QuoteFeed;
  createStream: () => Stream;
}

/** As subscriptions name it. */
const FEED = "tradingview";
/** Quotes are written, and told to whoever listens, at most this often: ten times a second. */
const WRITE_EVERY_MS = 100;
/** What a killed process loses of its unfinished bars at most; their gap is filled from history. */
const SAVE_UNFINISHED_EVERY_MS = 1_000;
const LOOK_AT_SUBSCRIPTIONS_EVERY_MS = 1_000;
const FILL_EVERY_MS = 10_000;

/**
 * Streams for as long as the term lasts: subscriptions are followed, ticks become quotes and bars, and every write proves
 * that the term still holds, so that a leader that was frozen and wakes up late writes nothing.
 */
export async function streamForOneTerm(term: Term, over: AbortSignal, means: Means): Promise<void> {
  const { db, logger } = means;
  const lost = new AbortController();
  const ended = AbortSignal.any([over, lost.signal]);
  const stream = means.createStream();
  const subscribed = new Set<string>();
  const listener: FeedListener = {
    onTick: (tick) => void stream.take(tick, FEED),
    onRefused: (instrument, message) =>
      logger.warn("the feed refuses an instrument", { instrument, message }),
    onState(state, reason) {
      logger.info("feed", { state, reason });
      if (state === "down") stream.connectionLost();
    },
  };
  let feed: QuoteFeed | undefined;
  let savedUnfinishedAt = 0;

  try {
    await Promise.all([
      repeat("follow subscriptions", LOOK_AT_SUBSCRIPTIONS_EVERY_MS, followSubscriptions),
      repeat("write", WRITE_EVERY_MS, () => {
        const isDue = Date.now() - savedUnfinishedAt >= SAVE_UNFINISHED_EVERY_MS;
        if (isDue) savedUnfinishedAt = Date.now();
        stream.completeUntil(Date.now());
        return write(stream.takeChanges(isDue));
      }),
      repeat("ask history for gaps", FILL_EVERY_MS, async () => {
        const asked = await asLeader(db, term, requestFills);
        if (asked > 0) logger.info("asked history for bars that miss ticks", { series: asked });
      }),
    ]);
  } finally {
    await feed?.close();
  }
  if (!lost.signal.aborted) await write(stream.takeChanges(true)).catch(reportUnwritten);

  async function followSubscriptions(): Promise<void> {
    const wanted = await subscribedInstruments(db, FEED);
    const names = new Set(wanted.map(({ name }) => name));
    const gone = [...subscribed].filter((name) => !names.has(name));
    feed?.unsubscribe(gone);
    for (const name of gone) {
      stream.unfollow(name);
      subscribed.delete(name);
    }
    const added = wanted.filter(({ name }) => !subscribed.has(name));
    if (added.length > 0) await follow(added);
  }

  async function follow(added: readonly SubscribedInstrument[]): Promise<void> {
    const names = added.map(({ name }) => name);
    const [left, lastTicks] = await Promise.all([unfinishedBarsOf(db, names), lastTicksOf(db, names)]);
    for (const instrument of added) {
      const bars = left.filter((bar) => bar.instrument === instrument.name);
      stream.follow(instrument, { bars, lastTickAtMs: lastTicks.get(instrument.name) ?? null });
      subscribed.add(instrument.name);
    }
    // Nobody connects to a site for nothing.
    feed ??= means.openFeed(listener);
    feed.subscribe(names);
    logger.info("subscribed", { instruments: names.length, all: subscribed.size });
  }

  async function write(changes: Changes): Promise<void> {
    const { quotes, rejections, bars, gaps } = changes;
    if (quotes.length + rejections.length + bars.length + gaps.length === 0) return;
    let changedQuotes: string[];
    try {
      changedQuotes = await asLeader(db, term, async (trx) => {
        await storeTickBars(trx, bars);
        await noteGaps(trx, gaps);
        await countRejections(trx, rejections);
        return storeQuotes(trx, quotes);
      });
    } catch (error) {
      stream.putBack(changes);
      throw error;
    }
    await notifyQuotesChanged(db, changedQuotes);
    await notifyBarsChanged(db, bars);
  }

  async function repeat(what: string, everyMs: number, work: () => Promise<void>): Promise<void> {
    while (!ended.aborted) {
      try {
        await work();
      } catch (error) {
        if (error instanceof NotLeadingError) {
          logger.warn("another leads now", { because: error.message });
          return lost.abort();
        }
        logger.warn("a part of the streaming failed and will be tried again", {
          what,
          error: messageOf(error),
        });
      }
      await sleep(everyMs, undefined, { signal: ended }).catch(() => undefined);
    }
  }

  function reportUnwritten(error: unknown): void {
    logger.error("the last unfinished bars could not be written; history fills them", {
      error: messageOf(error),
    });
  }
}
