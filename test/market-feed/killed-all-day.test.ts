import { setTimeout as sleep } from "node:timers/promises";
import { barIntervals, barLengthMs } from "@pricefleet/contracts";
import { afterAll, describe, expect, it } from "vitest";
import { waitFor } from "../fleet/index.ts";
import { createTestVhost } from "../harness/index.ts";
import { type FeedTick, startMarketFeed, straightBars, syntheticMarket } from "./index.ts";
import { marketChart } from "./market-chart.ts";
import { startStreamers, timesLed } from "./streamers.ts";

/** How long the simulated day takes. `MARKET_DAY_SECONDS=600` for a longer look. */
const DAY_SECONDS = Number(process.env["MARKET_DAY_SECONDS"] ?? 45);
const KILL_EVERY_MS = 2_000;
/** With every so manieth streamer, the worker that fills its gaps is killed too. */
const KILL_WORKER_EVERY = 3;
const INSTRUMENTS = ["TEST:GOLD", "TEST:SILVER", "TEST:COPPER"];
const TICKS_A_MINUTE = 5;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** From last Sunday's first hour into Monday's first: a day and a week end in it. */
const MONDAY_MS = Math.floor((Date.now() - HOUR_MS - 4 * DAY_MS) / (7 * DAY_MS)) * 7 * DAY_MS + 4 * DAY_MS;
const FROM_MS = MONDAY_MS - DAY_MS;
const TO_MS = MONDAY_MS + HOUR_MS / 2;

const markets = INSTRUMENTS.map((instrument, index) =>
  syntheticMarket({ seed: 3, instrument, firstPrice: 5 * 10 ** index, ticksAMinute: TICKS_A_MINUTE }),
);
const ticks = markets
  .flatMap((market) => [...market.ticks(FROM_MS, TO_MS)])
  .toSorted((a, b) => a.atMs - b.atMs);
/** What an undisturbed streamer would have made of them, and the market's bars where it began too late to know. */
const whole = new Map(
  markets.flatMap((market) =>
    barIntervals.flatMap((interval) => {
      const counts = straightBars(
        ticks.filter(({ instrument }) => instrument === market.instrument),
        [interval],
      );
      return [...counts].map(([key, { instrument, openedAtMs, ticks: count }]) => {
        const bar = market.bar(interval, openedAtMs, TO_MS);
        const [open, high, low, close, volume] = [
          bar?.open,
          bar?.high,
          bar?.low,
          bar?.close,
          bar?.volume,
        ].map(String);
        return [
          key,
          { instrument, interval, openedAtMs, open, high, low, close, volume, ticks: count },
        ] as const;
      });
    }),
  ),
);

let dayBeganAt = Number.POSITIVE_INFINITY;
/** The feed's time, which runs much faster than ours. */
const feedNowMs = () => {
  const share = Math.max(0, performance.now() - dayBeganAt) / (DAY_SECONDS * 1_000);
  return Math.min(TO_MS, FROM_MS + share * (TO_MS - FROM_MS));
};
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
// To the worker all of that day is over; so the site tells only the bars that were, at the feed's time.
const charts = new Map(
  markets.map((market) => [
    market.instrument,
    marketChart(market, { nowMs: feedNowMs, withUnfinished: false }),
  ]),
);
const feed = await startMarketFeed({ chartOf: (instrument) => charts.get(instrument) });
closers.defer(() => feed.close());
feed.know(...INSTRUMENTS);
const vhost = await createTestVhost();
const streamers = await startStreamers({ feedUrl: feed.url, intervals: barIntervals, amqpUrl: vhost.url });
closers.defer(() => streamers.close());

describe("a whole day of ticks, with the leader killed again and again", () => {
  it("all completed bars are those of an undisturbed day; those that missed ticks are filled from history and say so", {
    timeout: (DAY_SECONDS + 150) * 1_000,
  }, async ({ annotate }) => {
    await rememberGapsAndCorrections();
    await streamers.subscribe(...INSTRUMENTS);
    streamers.startDispatcher();
    let historyWorker = streamers.startHistoryWorker();
    let pair = [streamers.start(), streamers.start()];
    await waitFor("a subscriber", 60_000, async () => (feed.subscribers("TEST:COPPER") > 0 ? true : null));

    dayBeganAt = performance.now();
    const day = { isOver: false };
    let kills = 0;
    let heard = 0;
    await Promise.all([tellTheDay(), kill(), letHistoryBeAskedAtOnce()]);

    const unlike = await waitFor("all completed bars", 90_000, async () => {
      await historyMayBeAsked();
      const wrong = await differences();
      return wrong.length === 0 ? wrong : null;
    }).catch(differences);
    expect(unlike).toEqual([]);
    // A sync may have brought bars of the days before, too.
    const bars = [...(await streamers.bars())].flatMap(([key, bar]) => (whole.has(key) ? [bar] : []));
    const fromTicks = bars.filter(({ source, complete }) => source === "ticks" && complete);
    const fromHistory = bars.filter(({ source }) => source === "history");
    await annotate(
      `${kills} kills, ${heard} of ${ticks.length} ticks heard; bars: ${fromTicks.length} of ticks, ${fromHistory.length} of history`,
    );
    // Both happened, or this proves nothing.
    expect(kills).toBeGreaterThan(DAY_SECONDS / 8);
    expect(heard).toBeLessThan(ticks.length);
    expect(fromTicks.length).toBeGreaterThan(300);
    expect(fromHistory.length).toBeGreaterThan(300);
    // History mends whatever it meets; the streamer has to have known of each such bar by itself.
    expect(await correctedUnnoticed()).toEqual([]);

    async function tellTheDay(): Promise<void> {
      for (const tick of ticks) await tellAt(tick);
      await sleep(KILL_EVERY_MS);
      day.isOver = true;
    }

    async function tellAt(tick: FeedTick): Promise<void> {
      while (tick.atMs > feedNowMs()) await sleep(5);
      if (feed.tell(tick) > 0) heard++;
    }

    async function kill(): Promise<void> {
      for (;;) {
        await sleep(KILL_EVERY_MS);
        if (day.isOver) return;
        const leader = pair.find((streamer) => streamer.isRunning() && timesLed(streamer) > 0);
        // The next one is only starting.
        if (leader === undefined || feed.subscribers("TEST:COPPER") === 0) continue;
        await leader.end("SIGKILL", 0);
        kills++;
        await streamers.endTerm();
        pair = [...pair.filter((streamer) => streamer.isRunning()), streamers.start()];
        if (kills % KILL_WORKER_EVERY > 0) continue;
        await historyWorker.end("SIGKILL", 0);
        historyWorker = streamers.startHistoryWorker();
      }
    }

    async function letHistoryBeAskedAtOnce(): Promise<void> {
      while (!day.isOver) {
        await sleep(500);
        await historyMayBeAsked();
      }
    }
  });
});

/** A minute's wait between two questions would be half an hour of this day. */
async function historyMayBeAsked(): Promise<void> {
  await streamers.book.query("UPDATE sync_status SET fill_not_before = now() WHERE fill_not_before > now()");
}

/** Every gap that was ever noticed, and every complete bar of ticks that history had to correct. */
async function rememberGapsAndCorrections(): Promise<void> {
  await streamers.asOwner(`
    CREATE TABLE noticed (exchange text, symbol text, interval text, opened_at timestamptz);
    CREATE TABLE corrected (LIKE noticed);
    GRANT SELECT, INSERT ON noticed, corrected TO pricefleet_worker;
    CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      EXECUTE format('INSERT INTO %I SELECT $1, $2, $3, $4', TG_ARGV[0])
        USING NEW.exchange, NEW.symbol, NEW.interval, NEW.opened_at;
      RETURN NULL;
    END $$;
    CREATE TRIGGER remember AFTER INSERT ON bar_gaps FOR EACH ROW EXECUTE FUNCTION remember('noticed');
    CREATE TRIGGER remember AFTER UPDATE ON bars FOR EACH ROW
      WHEN (OLD.source = 'ticks' AND OLD.complete AND NEW.source = 'history') EXECUTE FUNCTION remember('corrected')`);
}

async function correctedUnnoticed(): Promise<object[]> {
  const { rows } = await streamers.book.query<object>("SELECT * FROM corrected EXCEPT SELECT * FROM noticed");
  return rows;
}

/** Of the bars that are over, those that are not in the book as they should be. */
async function differences(): Promise<object[]> {
  const bars = await streamers.bars();
  return [...whole].flatMap(([key, expected]): object[] => {
    if (expected.openedAtMs + barLengthMs(expected.interval) > TO_MS) return [];
    const bar = bars.get(key);
    if (bar === undefined) return [{ key, is: "missing" }];
    const { ticks: count, ...numbers } = expected;
    const wanted = { ...numbers, complete: true, ...(bar.source === "ticks" && { ticks: count }) };
    const { source, ticks: counted, ...got } = bar;
    const is = { ...got, ...(source === "ticks" && { ticks: counted }) };
    return JSON.stringify(sorted(is)) === JSON.stringify(sorted(wanted)) ? [] : [{ key, source, is, wanted }];
  });
}

const sorted = (record: object) => Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
