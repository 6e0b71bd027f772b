import { setTimeout as sleep } from "node:timers/promises";
import { barIntervals, barLengthMs } from "@pricefleet/contracts";
import { afterAll, describe, expect, it } from "vitest";
import { waitFor } from "../fleet/index.ts";
import { type FeedTick, startMarketFeed, straightBars, syntheticTicks } from "./index.ts";
import { startStreamers, timesLed } from "./streamers.ts";

/** How long the simulated day takes. `MARKET_DAY_SECONDS=600` for a longer look. */
const DAY_SECONDS = Number(process.env["MARKET_DAY_SECONDS"] ?? 50);
const KILL_EVERY_MS = 2_000;
const INSTRUMENTS = ["TEST:GOLD", "TEST:SILVER", "TEST:COPPER"];
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** From last Sunday's first hour into Monday's first: a day and a week end in it. */
const MONDAY_MS = Math.floor((Date.now() - HOUR_MS - 4 * DAY_MS) / (7 * DAY_MS)) * 7 * DAY_MS + 4 * DAY_MS;
const FROM_MS = MONDAY_MS - DAY_MS;
const TO_MS = MONDAY_MS + HOUR_MS / 2;

const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const feed = await startMarketFeed();
closers.defer(() => feed.close());
feed.know(...INSTRUMENTS);
const streamers = await startStreamers(feed.url, barIntervals);
closers.defer(() => streamers.close());

const ticks = INSTRUMENTS.flatMap((instrument, index) => [
  ...syntheticTicks({
    seed: 3,
    instrument,
    fromMs: FROM_MS,
    toMs: TO_MS,
    meanGapMs: 12_000,
    firstPrice: 5 * 10 ** index,
  }),
]).toSorted((a, b) => a.atMs - b.atMs);
const whole = straightBars(ticks);

/** Answers what was asked of history, as the feed's own exchange knows it: the noted gaps alone, as far as they are over. */
async function fillFromHistory(feedNowMs: number): Promise<void> {
  const { rows } = await streamers.book.query<{ instrument: string; interval: string }>(
    `UPDATE sync_status SET state = 'syncing', started_at = now() WHERE state = 'pending'
     RETURNING exchange || ':' || symbol AS instrument, interval`,
  );
  for (const { instrument, interval } of rows) {
    const bars = [...whole.values()].filter(
      (bar) =>
        bar.instrument === instrument &&
        bar.interval === interval &&
        bar.openedAtMs + barLengthMs(bar.interval) <= feedNowMs,
    );
    await streamers.book.query(
      `INSERT INTO bars AS b (exchange, symbol, interval, opened_at, open, high, low, close, volume, source, complete)
       SELECT split_part($1, ':', 1), split_part($1, ':', 2), $2, to_timestamp(n."openedAtMs" / 1000.0), n.open, n.high,
              n.low, n.close, n.volume, 'history', true
         FROM jsonb_to_recordset($3::jsonb) AS n ("openedAtMs" float8, open numeric, high numeric, low numeric,
              close numeric, volume numeric)
        WHERE EXISTS (SELECT FROM bar_gaps g WHERE g.exchange || ':' || g.symbol = $1 AND g.interval = $2
                         AND g.opened_at = to_timestamp(n."openedAtMs" / 1000.0))
       ON CONFLICT (exchange, symbol, interval, opened_at) DO UPDATE SET
         open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
         volume = excluded.volume, source = 'history', complete = true`,
      [instrument, interval, JSON.stringify(bars)],
    );
    await streamers.book.query(
      `UPDATE sync_status SET state = 'completed', finished_at = now()
        WHERE exchange || ':' || symbol = $1 AND interval = $2`,
      [instrument, interval],
    );
  }
}

describe("a whole day of ticks, with the leader killed again and again", () => {
  it("all completed bars are those of an undisturbed day; those that missed ticks are filled from history and say so", {
    timeout: (DAY_SECONDS + 120) * 1_000,
  }, async ({ annotate }) => {
    await streamers.subscribe(...INSTRUMENTS);
    let pair = [streamers.start(), streamers.start()];
    await waitFor("a subscriber", 60_000, async () => (feed.subscribers("TEST:COPPER") > 0 ? true : null));

    const startedAt = performance.now();
    const feedTime = () =>
      Math.min(
        TO_MS,
        FROM_MS + ((performance.now() - startedAt) / (DAY_SECONDS * 1_000)) * (TO_MS - FROM_MS),
      );
    const day = { isOver: false };
    let kills = 0;
    let heard = 0;
    await Promise.all([tellTheDay(), kill(), fill()]);
    await annotate(`${kills} kills, ${heard} of ${ticks.length} ticks heard`);

    // The last gaps are asked for as all others, but not five minutes later.
    const unlike = await waitFor("all completed bars", 60_000, async () => {
      await streamers.book.query(
        "UPDATE sync_status SET finished_at = finished_at - interval '10 minutes' WHERE state = 'completed'",
      );
      await fillFromHistory(TO_MS);
      const wrong = await differences();
      return wrong.length === 0 ? wrong : null;
    }).catch(differences);
    expect(unlike).toEqual([]);
    const bars = [...(await streamers.bars()).values()];
    const fromTicks = bars.filter(({ source, complete }) => source === "ticks" && complete);
    const fromHistory = bars.filter(({ source }) => source === "history");
    // Both happened, or this proves nothing.
    expect(kills).toBeGreaterThan(DAY_SECONDS / 8);
    expect(heard).toBeLessThan(ticks.length);
    expect(fromTicks.length).toBeGreaterThan(300);
    expect(fromHistory.length).toBeGreaterThan(300);

    async function tellTheDay(): Promise<void> {
      for (const tick of ticks) {
        if (tick.atMs > feedTime()) await sleep(5);
        await tellAt(tick);
      }
      await sleep(KILL_EVERY_MS);
      day.isOver = true;
    }

    async function tellAt(tick: FeedTick): Promise<void> {
      while (tick.atMs > feedTime()) await sleep(5);
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
      }
    }

    async function fill(): Promise<void> {
      while (!day.isOver) {
        await sleep(1_000);
        await fillFromHistory(feedTime());
      }
    }
  });
});

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
