import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bar, BarInterval, Tick } from "@pricefleet/contracts";
import { frame, openTradingviewFeed } from "@pricefleet/feeds";
import { createLogger } from "@pricefleet/logging";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createStream } from "../../services/streamer/stream.ts";
import {
  barKey,
  type FeedTick,
  type MarketFeed,
  startMarketFeed,
  straightBars,
  syntheticMarket,
} from "./index.ts";

const INSTRUMENTS = ["TVC:GOLD", "TVC:SILVER", "FX_IDC:USDIDR"];
const INTERVALS: BarInterval[] = ["1m", "5m", "1h", "1d"];
/** Over a day's end. */
const FROM_MS = Date.parse("2026-11-21T23:30:00Z");
const TO_MS = Date.parse("2026-11-22T00:30:00Z");
const logger = createLogger({ service: "test", environment: "test", level: "error", format: "json" });
const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const ticks = INSTRUMENTS.flatMap((instrument, index) => [
  ...syntheticMarket({ seed: 7, instrument, firstPrice: 40 * 10 ** index, ticksAMinute: 6 }).ticks(
    FROM_MS,
    TO_MS,
  ),
]).toSorted((a, b) => a.atMs - b.atMs);
const [firstPart, fault, secondPart] = [ticks.slice(0, 400), ticks.slice(400, 430), ticks.slice(430)];

/** A client as the streamer is one, with the book that it would write. */
async function listen() {
  const server = await startMarketFeed();
  closers.push(() => server.close());
  server.know(...INSTRUMENTS);
  const stream = createStream(INTERVALS);
  const heard: Tick[] = [];
  const refused: string[] = [];
  const feed = openTradingviewFeed({
    url: server.url,
    logger,
    firstDelayMs: 10,
    longestDelayMs: 50,
    silenceMs: 2_000,
    listener: {
      onTick(tick) {
        heard.push(tick);
        stream.take(tick, "tradingview");
      },
      onRefused: (instrument) => refused.push(instrument),
      onUnreadable: () => stream.missTicks(),
      onState: (state) => state === "down" && stream.missTicks(),
    },
  });
  closers.push(feed.close);
  INSTRUMENTS.forEach((name, index) =>
    stream.follow(
      { id: String(index), name, validMin: null, validMax: null, tradingHours: "always" },
      [],
      FROM_MS,
    ),
  );
  feed.subscribe(INSTRUMENTS);
  await until(() => expect(subscriptions(server)).toEqual([1, 1, 1]));
  return { server, stream, feed, heard, refused };
}
type Listening = Awaited<ReturnType<typeof listen>>;
const subscriptions = (server: MarketFeed) => INSTRUMENTS.map((instrument) => server.subscribers(instrument));

/** Tells ticks and waits until they are heard. Those that were sent whole to a subscriber are the ones that count. */
async function tell({ server, heard }: Listening, told: readonly FeedTick[]): Promise<FeedTick[]> {
  const before = heard.length;
  const whole = told.filter((tick) => server.tell(tick) > 0);
  await until(() => expect([server.opened, heard.length]).toEqual([server.opened, before + whole.length]));
  return whole;
}

/** Between the two parts; gives the ticks of `fault` that count. */
const faults: Record<string, (listening: Listening) => Promise<FeedTick[]>> = {
  "none at all": (listening) => tell(listening, fault),
  "messages in pieces": async (listening) => {
    listening.server.split(true);
    return tell(listening, fault);
  },
  heartbeats: async (listening) => {
    for (let beat = 0; beat < 5; beat++) listening.server.heartbeat();
    const whole = await tell(listening, fault);
    await until(() => expect(listening.server.heartbeatsEchoed).toBeGreaterThanOrEqual(5));
    return whole;
  },
  "a cut connection": async ({ server }) => {
    server.cut();
    await until(() => expect(subscriptions(server)).toEqual([0, 0, 0]));
    for (const tick of fault) server.tell(tick);
    await until(() => expect(subscriptions(server)).toEqual([1, 1, 1]));
    return [];
  },
  "a server that refuses several times": async ({ server }) => {
    server.refuse(4);
    server.cut();
    await until(() => expect(subscriptions(server)).toEqual([0, 0, 0]));
    for (const tick of fault) server.tell(tick);
    await until(() => expect(subscriptions(server)).toEqual([1, 1, 1]));
    expect(server.opened).toBe(2);
    return [];
  },
  "a server that says nothing any more": async ({ server }) => {
    server.stall(true);
    for (const tick of fault) server.tell(tick);
    await until(() => expect(server.opened).toBeGreaterThan(1));
    server.stall(false);
    server.cut();
    await until(() => expect(subscriptions(server)).toEqual([1, 1, 1]));
    return [];
  },
  "garbled messages": async (listening) => {
    const whole: FeedTick[] = [];
    for (const tick of fault) {
      if (tick.atMs % 2 === 0) listening.server.garble();
      whole.push(...(await tell(listening, [tick])));
    }
    expect(whole.length).toBeLessThan(fault.length);
    return whole;
  },
};

describe("after each fault quotes and bars are those computed straight from the ticks that were told", () => {
  it.each(Object.keys(faults))("%s", async (name) => {
    const listening = await listen();
    const { stream, server, heard } = listening;
    const counted = await tell(listening, firstPart);
    const during = (await faults[name]?.(listening)) ?? [];
    // What a new connection told at once: the last trade of each, of which only news count.
    await until(() =>
      expect(server.opened === 1 || heard.length >= counted.length + during.length + 3).toBe(true),
    );
    const snapshots = heard
      .filter(({ isSnapshot }) => isSnapshot)
      .slice(INSTRUMENTS.length)
      .map(({ instrument, atMs }) =>
        ticks.find((tick) => tick.instrument === instrument && tick.atMs === atMs),
      );
    const news = snapshots.filter((tick) => tick !== undefined && !counted.includes(tick)) as FeedTick[];
    const after = await tell(listening, secondPart);
    stream.completeUntil(Number.MAX_SAFE_INTEGER);
    const { bars, quotes, gaps } = stream.takeChanges(true);

    const all = [...counted, ...during, ...news, ...after].toSorted((a, b) => a.atMs - b.atMs);
    const expected = straightBars(all, INTERVALS);
    const whole = straightBars(ticks, INTERVALS);
    const gapKeys = new Set(gaps.map((gap) => barKey(gap)));
    expect(bars.map(barKey).toSorted()).toEqual([...expected.keys()].toSorted());
    const made = new Map(bars.map((bar) => [barKey(bar), bar]));
    expect(bars.map(pricesOf)).toEqual(bars.map((bar) => pricesOf(expected.get(barKey(bar)))));
    // Every bar that is not what all trades would have made is known to be so.
    const trusted = [...whole.keys()].filter((key) => !gapKeys.has(key));
    expect(trusted.map((key) => allOf(made.get(key)))).toEqual(trusted.map((key) => allOf(whole.get(key))));
    for (const [index, instrument] of INSTRUMENTS.entries()) {
      const last = ticks.findLast((tick) => tick.instrument === instrument);
      expect(quotes.find(({ instrumentId }) => instrumentId === String(index))?.price).toBe(
        String(last?.price),
      );
    }
  });
});

const pricesOf = (bar: Partial<Bar> = {}) => ({
  openedAtMs: bar.openedAtMs,
  open: bar.open,
  high: bar.high,
  low: bar.low,
  close: bar.close,
  ticks: bar.ticks,
});
const allOf = (bar: Partial<Bar> = {}) => ({ ...pricesOf(bar), volume: bar.volume });

const recorded = join(import.meta.dirname, "../../../shared/captures/tradingview/ws-frames.jsonl");
describe.skipIf(!existsSync(recorded))("recorded frames", () => {
  it("all frames that the site sent in recorded sessions are read without a bad one, whole and in pieces", async () => {
    const frames = readFileSync(recorded, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { direction: string; raw: string })
      .flatMap(({ direction, raw }) =>
        direction === "recv" ? [raw] : direction === "recv-binary-base64" ? [atob(raw)] : [],
      );
    const { server, feed, heard, stream } = await listen();
    server.know("BITSTAMP:BTCUSD");
    stream.follow(
      { id: "9", name: "BITSTAMP:BTCUSD", validMin: null, validMax: null, tradingHours: "always" },
      [],
      Date.now(),
    );
    feed.subscribe(["BITSTAMP:BTCUSD"]);
    await until(() => expect(server.subscribers("BITSTAMP:BTCUSD")).toBe(1));
    for (const inPieces of [false, true]) {
      server.split(inPieces);
      for (const raw of frames) server.send(raw);
    }
    server.send(frame("~h~77"));
    await until(() => expect(heard).toHaveLength(3));
    await until(() => expect(server.heartbeatsEchoed).toBeGreaterThanOrEqual(3));
    expect(feed.counters().badMessages).toBe(0);
    expect(stream.takeChanges(true).quotes).toMatchObject([{ price: "8004.8", bid: "7996", ask: "8004.8" }]);
  });
});
