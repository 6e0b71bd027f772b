import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Tick } from "@pricefleet/contracts";
import { createLogger } from "@pricefleet/logging";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type FeedServer, type ServedConnection, startFeedServer } from "../test-support/feed-server.ts";
import { frame } from "./frames.ts";
import { openTradingviewFeed, type TradingviewOptions } from "./quote-feed.ts";

const logger = createLogger({ service: "test", environment: "test", level: "error", format: "json" });
const GOLD = "TVC:GOLD";
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function feedAt(
  onConnection?: (made: ServedConnection) => void,
  options: Partial<TradingviewOptions> = {},
) {
  const server = await startFeedServer(onConnection);
  closers.push(server.close);
  const ticks: Tick[] = [];
  const refused: [string, string][] = [];
  const states: string[] = [];
  const feed = openTradingviewFeed({
    url: server.url,
    logger,
    firstDelayMs: 20,
    longestDelayMs: 200,
    listener: {
      onTick: (tick) => ticks.push(tick),
      onRefused: (instrument, message) => refused.push([instrument, message]),
      onUnreadable: () => states.push("unreadable"),
      onState: (state) => states.push(state),
    },
    ...options,
  });
  closers.push(feed.close);
  return { server, feed, ticks, refused, states };
}

const subscribedAt = (server: FeedServer, connection = 0) =>
  server.connections[connection]?.messages
    .filter(({ name }) => name === "quote_add_symbols")
    .flatMap(({ parameters }) => parameters.slice(1)) ?? [];
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 });
const connectionOf = (server: FeedServer, index: number) => server.connections[index] as ServedConnection;

describe("live quotes by TradingView's socket", () => {
  it("partial updates are merged into the last known quote", async () => {
    const { server, feed, ticks } = await feedAt();
    feed.subscribe([GOLD]);
    await until(() => expect(subscribedAt(server)).toEqual([GOLD]));
    const connection = connectionOf(server, 0);
    connection.quote(GOLD, { bid: 3999 });
    connection.quote(GOLD, { lp: 4000.5, lp_time: 1_780_000_000, volume: 12 });
    connection.quote(GOLD, { ask: 4001 });
    connection.quote(GOLD, { current_session: "market" });
    connection.quote(GOLD, { lp: 4000.75, lp_time: 1_780_000_001 });
    await until(() => expect(ticks).toHaveLength(3));
    expect(ticks).toMatchObject([
      {
        instrument: GOLD,
        price: 4000.5,
        isTrade: true,
        bid: 3999,
        ask: null,
        dayVolume: 12,
        atMs: 1_780_000_000_000,
      },
      { price: 4000.5, isTrade: false, bid: 3999, ask: 4001 },
      { price: 4000.75, isTrade: true, bid: 3999, ask: 4001, dayVolume: 12, atMs: 1_780_000_001_000 },
    ]);
  });

  it("a price whose time is not told has the time told last, and a move of bid alone leaves the price its time", async () => {
    const { server, feed, ticks } = await feedAt();
    feed.subscribe([GOLD]);
    await until(() => expect(subscribedAt(server)).toEqual([GOLD]));
    const connection = connectionOf(server, 0);
    connection.quote(GOLD, { lp: 1, lp_time: 1_780_000_000 });
    connection.quote(GOLD, { lp: 2 });
    connection.quote(GOLD, { bid: 1.5 });
    await until(() => expect(ticks).toHaveLength(3));
    expect(ticks.map(({ atMs, isSnapshot }) => [atMs, isSnapshot])).toEqual([
      [1_780_000_000_000, true],
      [1_780_000_000_000, false],
      [1_780_000_000_000, false],
    ]);
  });

  it("a heartbeat is sent back as it came", async () => {
    const { server } = await feedAt((made) => made.send(frame("~h~42")));
    await until(() => expect(server.connections[0]?.heartbeats).toEqual([frame("~h~42")]));
  });

  it("subscribing and unsubscribing work while it runs", async () => {
    const { server, feed, ticks } = await feedAt();
    await until(() => expect(server.connections).toHaveLength(1));
    feed.subscribe([GOLD, "TVC:SILVER"]);
    await until(() => expect(subscribedAt(server)).toEqual([GOLD, "TVC:SILVER"]));
    feed.unsubscribe(["TVC:SILVER"]);
    await until(() =>
      expect(connectionOf(server, 0).messages.at(-1)).toMatchObject({ name: "quote_remove_symbols" }),
    );
    connectionOf(server, 0).quote("TVC:SILVER", { lp: 50 });
    connectionOf(server, 0).quote(GOLD, { lp: 4000 });
    await until(() => expect(ticks.map(({ instrument }) => instrument)).toEqual([GOLD]));
  });

  it("a lost connection is opened again, with its subscriptions", async () => {
    const { server, feed, ticks, states } = await feedAt();
    feed.subscribe([GOLD]);
    await until(() => expect(subscribedAt(server)).toEqual([GOLD]));
    connectionOf(server, 0).cut();
    await until(() => expect(subscribedAt(server, 1)).toEqual([GOLD]));
    connectionOf(server, 1).quote(GOLD, { lp: 1 });
    await until(() => expect(ticks).toHaveLength(1));
    expect(states).toEqual(["open", "down", "open"]);
  });

  it("a socket that says nothing any more is given up and opened again", async () => {
    const { server } = await feedAt(undefined, { silenceMs: 200 });
    await until(() => expect(server.connections.length).toBeGreaterThan(1));
  });

  it("a server that opens and refuses is asked less and less often", async () => {
    const times: number[] = [];
    await feedAt((made) => {
      times.push(performance.now());
      made.cut();
    });
    await until(() => expect(times.length).toBeGreaterThanOrEqual(5));
    const waits = times.slice(1).map((time, index) => time - (times[index] as number));
    // From 10 to 20 ms at first, from 80 to 160 ms at the fourth: never as short as the first can be at most.
    expect(waits[3]).toBeGreaterThan(60);
  });

  it("bad frames and messages are counted and skipped", async () => {
    const { server, feed, ticks } = await feedAt();
    feed.subscribe([GOLD]);
    await until(() => expect(subscribedAt(server)).toEqual([GOLD]));
    const connection = connectionOf(server, 0);
    connection.send("noise");
    connection.send(frame('{"m":"qsd","p":'));
    connection.send(frame("[]"));
    connection.quote(GOLD, { lp: "4000" });
    connection.quote(GOLD, { lp: 4000 });
    await until(() => expect(ticks.map(({ price }) => price)).toEqual([4000]));
    expect(feed.counters()).toEqual({ connections: 1, badMessages: 3 });
  });

  it("a symbol that the site refuses is told with the site's words, and others go on", async () => {
    const { server, feed, ticks, refused } = await feedAt();
    feed.subscribe(["TVC:NONE", GOLD]);
    await until(() => expect(subscribedAt(server)).toHaveLength(2));
    const connection = connectionOf(server, 0);
    connection.send(
      frame(JSON.stringify({ m: "qsd", p: ["qs", { n: "TVC:NONE", s: "error", errmsg: "no_such_symbol" }] })),
    );
    connection.quote(GOLD, { lp: 4000 });
    await until(() => expect(ticks).toHaveLength(1));
    expect(refused).toEqual([["TVC:NONE", "no_such_symbol"]]);
  });
});

const recorded = join(import.meta.dirname, "../../../../shared/captures/tradingview/ws-frames.jsonl");
describe.skipIf(!existsSync(recorded))("recorded frames", () => {
  it("the two updates of a recorded frame become one quote", async () => {
    const { raw } = JSON.parse(readFileSync(recorded, "utf8").split("\n")[0] ?? "") as { raw: string };
    const { server, feed, ticks } = await feedAt();
    feed.subscribe(["BITSTAMP:BTCUSD"]);
    await until(() => expect(subscribedAt(server)).toHaveLength(1));
    connectionOf(server, 0).send(raw);
    await until(() => expect(ticks.length).toBeGreaterThan(0));
    expect(ticks.at(-1)).toMatchObject({
      instrument: "BITSTAMP:BTCUSD",
      bid: 7996,
      ask: 8004.8,
      isTrade: true,
    });
  });
});
