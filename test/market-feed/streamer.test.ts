import type { BarInterval } from "@pricefleet/contracts";
import { afterAll, describe, expect, it } from "vitest";
import { logOf, waitFor } from "../fleet/index.ts";
import { type FeedTick, startMarketFeed, straightBars } from "./index.ts";
import { startStreamers, timesLed } from "./streamers.ts";

const INTERVALS: BarInterval[] = ["1h", "1d"];
const GOLD = "TEST:GOLD";
const SILVER = "TEST:SILVER";
/** In the middle of an hour, so that its bars stay unfinished over all tests. */
const noon = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 86_400_000 + 12.5 * 3_600_000;

const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const feed = await startMarketFeed();
closers.defer(() => feed.close());
feed.know(GOLD, SILVER);
const streamers = await startStreamers({ feedUrl: feed.url, intervals: INTERVALS });
closers.defer(() => streamers.close());

let told = 0;
const counted: FeedTick[] = [];
/** A trade of gold, a second after the last one. */
function tell(instrument = GOLD): FeedTick {
  told++;
  const tick = {
    instrument,
    price: 4_000 + ((told * 37) % 91) / 4,
    dayVolume: told,
    atMs: noon + told * 1_000,
  };
  if (feed.tell(tick) > 0) counted.push(tick);
  return tick;
}
const stored = (tick: FeedTick) =>
  waitFor(`the price ${tick.price} of ${tick.instrument}`, 20_000, async () =>
    (await streamers.price(tick.instrument)) === String(tick.price) ? tick : null,
  );
const subscribed = (instrument: string, sessions = 1) =>
  waitFor(`${sessions} subscriptions of ${instrument}`, 30_000, async () =>
    feed.subscribers(instrument) === sessions ? true : null,
  );
/** The book's bars are those of all ticks that were told to a subscriber, each counted once. */
async function barsAreTrue(): Promise<void> {
  const expected = [...straightBars(counted, INTERVALS)];
  await expect
    .poll(
      async () => {
        const bars = await streamers.bars();
        return expected.map(([key]) => pick(bars.get(key)));
      },
      { timeout: 20_000, interval: 200 },
    )
    .toEqual(expected.map(([, bar]) => pick(bar)));
}
const pick = (bar?: { open: string; high: string; low: string; close: string; ticks: number }) =>
  bar && [bar.open, bar.high, bar.low, bar.close, bar.ticks];

describe("the streamer, as a process with PostgreSQL and a feed", { timeout: 90_000 }, () => {
  let leader = streamers.start();

  it("connects to nobody while nothing is subscribed, and follows subscriptions as they come and go", async () => {
    await waitFor("a leader", 30_000, async () => (timesLed(leader) > 0 ? true : null));
    expect(feed.opened).toBe(0);
    await streamers.subscribe(GOLD, SILVER);
    await subscribed(SILVER);
    tell(SILVER);
    await stored(tell());
    await streamers.unsubscribe(SILVER);
    await subscribed(SILVER, 0);
    await barsAreTrue();
  });

  it("continues unfinished bars after a stop, counting no tick twice, not even the one that a new connection tells again", async () => {
    tell();
    const last = tell();
    // Sent, and maybe not yet stored: stopping stores what was heard.
    await stored(last);
    await leader.end("SIGTERM", 20_000);
    expect(await leader.ended).toEqual({ exitCode: 0, signal: null });
    leader = streamers.start();
    await subscribed(GOLD);
    await stored(tell());
    await barsAreTrue();
  });

  it("goes on when the feed cuts it off", async () => {
    const before = feed.opened;
    feed.cut();
    await waitFor("another connection", 20_000, async () => (feed.opened > before ? true : null));
    await subscribed(GOLD);
    await stored(tell());
    await barsAreTrue();
    expect(feed.opened).toBe(before + 1);
  });

  it("keeps what it hears while PostgreSQL is restarted, and writes it then", async () => {
    const restarted = streamers.restartPostgres();
    for (let index = 0; index < 20; index++) tell();
    await restarted;
    const last = await stored(tell());
    await barsAreTrue();
    expect(counted.at(-1)).toEqual(last);
  });

  it("a leader that is frozen until another leads writes nothing any more, and no tick is counted twice", async () => {
    const other = streamers.start();
    await stored(tell());
    await barsAreTrue();
    process.kill(leader.pid, "SIGSTOP");
    // Into the frozen one's socket only: they are lost with it, and known to be.
    const unheard = [tell(), tell()];
    await streamers.endTerm();
    await subscribed(GOLD, 2);
    // What a new connection tells first is the last of them, so it does count.
    counted.splice(counted.indexOf(unheard[0] as FeedTick), 1);
    await stored(tell());
    await barsAreTrue();
    const before = await streamers.bars();
    process.kill(leader.pid, "SIGCONT");
    await waitFor("the old leader to notice", 20_000, async () =>
      // By a refused write while it streams, or by one at its end when the renewal was refused first.
      logOf(leader).some(({ message, error }) =>
        /^the term (\d+ of streamer )?is over$/.test(String(error ?? message)),
      )
        ? true
        : null,
    );
    await subscribed(GOLD, 1);
    expect(await streamers.bars()).toEqual(before);
    await stored(tell());
    await barsAreTrue();
    expect([timesLed(leader), timesLed(other)]).toEqual([1, 1]);
    await Promise.all([leader.end("SIGTERM", 20_000), other.end("SIGTERM", 20_000)]);
    expect(await Promise.all([leader.ended, other.ended])).toEqual([
      { exitCode: 0, signal: null },
      { exitCode: 0, signal: null },
    ]);
  });

  it("bars that miss ticks are noted as gaps, and their history is asked for", async () => {
    const { rows } = await streamers.book.query<{ series: string }>(
      "SELECT symbol || ' ' || interval AS series FROM sync_status WHERE state = 'pending' ORDER BY 1",
    );
    expect(rows.map(({ series }) => series)).toEqual(["GOLD 1d", "GOLD 1h", "SILVER 1d", "SILVER 1h"]);
  });
});
