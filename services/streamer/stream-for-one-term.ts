import { setTimeout as sleep } from "node:timers/promises";
import { type BarInterval, messageOf } from "@pricefleet/contracts";
import {
  asLeader,
  type Database,
  newestTickBarsOf,
  NotLeadingError,
  requestFills,
  type SubscribedInstrument,
  subscribedInstruments,
  type Term,
} from "@pricefleet/database";
import type { FeedListener, QuoteFeed } from "@pricefleet/feeds";
import type { Logger } from "@pricefleet/logging";
import { createWriter } from "./create-writer.ts";
import { createStream } from "./stream.ts";

export interface Means {
  db: Database;
  logger: Logger;
  openFeed: (listener: FeedListener) => QuoteFeed;
  intervals: readonly BarInterval[];
}

/** As subscriptions name it. */
const FEED = "tradingview";
/** Quotes are written, and told to whoever listens, at most this often: twenty times a second. */
const WRITE_EVERY_MS = 50;
/** Without ticks, the clock completes bars. */
const LOOK_AT_CLOCK_EVERY_MS = 500;
const LOOK_AT_SUBSCRIPTIONS_EVERY_MS = 1_000;
const FILL_EVERY_MS = 10_000;
const REPORT_EVERY_MS = 60_000;
const TRY_AGAIN_AFTER_MS = 1_000;

/**
 * Streams for as long as the term lasts: subscriptions are followed, ticks become quotes and bars, and every write proves
 * that the term still holds, so that a leader that was frozen and wakes up late writes nothing.
 */
export async function streamForOneTerm(term: Term, over: AbortSignal, means: Means): Promise<void> {
  const { db, logger, intervals } = means;
  const lost = new AbortController();
  const ended = AbortSignal.any([over, lost.signal]);
  const stream = createStream(intervals);
  const writer = createWriter(db, term, stream);
  const subscribed = new Set<string>();
  const since = { ticks: 0, late: 0, bad: 0, connections: 0 };
  let feed: QuoteFeed | undefined;
  let ticks = 0;
  let lastTickAtMs = Date.now();
  let news = new AbortController();
  const listener: FeedListener = {
    onTick(tick) {
      ticks++;
      lastTickAtMs = tick.receivedAtMs;
      if (stream.take(tick, FEED)) news.abort();
    },
    onRefused: (instrument, message) =>
      logger.warn("the feed refuses an instrument", { instrument, message }),
    onUnreadable: () => stream.missTicks(),
    onState(state, reason) {
      logger.info("feed", { state, reason });
      if (state === "down") stream.missTicks();
    },
  };

  try {
    await Promise.all([
      repeat("follow subscriptions", LOOK_AT_SUBSCRIPTIONS_EVERY_MS, followSubscriptions),
      repeat("write", WRITE_EVERY_MS, async () => {
        await pause(LOOK_AT_CLOCK_EVERY_MS, news.signal);
        news = new AbortController();
        await writer.write(Date.now());
      }),
      repeat("ask history for gaps", FILL_EVERY_MS, async () => {
        const asked = await asLeader(db, term, requestFills);
        if (asked > 0) logger.info("asked history for bars that miss ticks", { series: asked });
      }),
      repeat("report", 0, async () => {
        await pause(REPORT_EVERY_MS);
        if (!ended.aborted) report();
      }),
    ]);
  } finally {
    await feed?.close();
  }
  if (!lost.signal.aborted) await writer.writeAll().catch(reportUnwritten);

  async function followSubscriptions(): Promise<void> {
    const wanted = await subscribedInstruments(db, FEED);
    const names = new Set(wanted.map(({ name }) => name));
    const gone = [...subscribed].filter((name) => !names.has(name));
    feed?.unsubscribe(gone);
    for (const name of gone) {
      stream.unfollow(name);
      subscribed.delete(name);
    }
    if (gone.length > 0) logger.info("unsubscribed", { instruments: gone.length, all: subscribed.size });
    for (const instrument of wanted) if (subscribed.has(instrument.name)) stream.change(instrument);
    const added = wanted.filter(({ name }) => !subscribed.has(name));
    if (added.length > 0) await follow(added);
  }

  async function follow(added: readonly SubscribedInstrument[]): Promise<void> {
    const names = added.map(({ name }) => name);
    const left = Map.groupBy(await newestTickBarsOf(db, names, intervals), (bar) => bar.instrument);
    if (ended.aborted) return;
    for (const instrument of added) {
      stream.follow(instrument, left.get(instrument.name) ?? [], Date.now());
      subscribed.add(instrument.name);
    }
    // Nobody connects to a site for nothing.
    feed ??= means.openFeed(listener);
    feed.subscribe(names);
    logger.info("subscribed", { instruments: names.length, all: subscribed.size });
  }

  /** Until the time is over, or news or the end come. */
  async function pause(timeMs: number, until?: AbortSignal): Promise<void> {
    const signal = until === undefined ? ended : AbortSignal.any([ended, until]);
    await sleep(timeMs, undefined, { signal }).catch(() => undefined);
  }

  async function repeat(what: string, everyMs: number, work: () => Promise<void>): Promise<void> {
    while (!ended.aborted) {
      let failed = false;
      try {
        await work();
      } catch (error) {
        if (error instanceof NotLeadingError) {
          logger.warn("the term is over", { because: error.message });
          return lost.abort();
        }
        failed = true;
        logger.warn("a part of the streaming failed and will be tried again", {
          what,
          error: messageOf(error),
        });
      }
      await pause(failed ? TRY_AGAIN_AFTER_MS : everyMs);
    }
  }

  /** What happened in the last minute. */
  function report(): void {
    if (feed === undefined) return;
    const { connections, badMessages: bad } = feed.counters();
    const now = { ticks, late: stream.lateTicks, bad, connections };
    logger.info("the last minute's ticks", {
      subscribed: subscribed.size,
      ticks: now.ticks - since.ticks,
      late_in_bars: now.late - since.late,
      bad_messages: now.bad - since.bad,
      connections_opened: now.connections - since.connections,
      silent_seconds: Math.round((Date.now() - lastTickAtMs) / 1_000),
    });
    Object.assign(since, now);
  }

  function reportUnwritten(error: unknown): void {
    logger.error("the last unfinished bars could not be written; history fills them", {
      error: messageOf(error),
    });
  }
}
