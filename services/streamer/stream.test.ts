import type { Tick } from "@pricefleet/contracts";
import { describe, expect, it } from "vitest";
import { createStream } from "./stream.ts";

const gold = {
  id: "7",
  name: "TVC:GOLD",
  validMin: 100,
  validMax: 100_000,
  tradingHours: "always",
};
const at = (time: string) => Date.parse(`2026-11-23T${time}Z`);
const tick = (time: string, price: number, more: Partial<Tick> = {}): Tick => ({
  instrument: gold.name,
  price,
  isTrade: true,
  isSnapshot: false,
  bid: null,
  ask: null,
  dayVolume: null,
  atMs: at(time),
  receivedAtMs: at(time),
  ...more,
});

function streamOfGold() {
  const stream = createStream(["1m", "5m"]);
  stream.follow(gold, [], at("09:00:00"));
  return stream;
}
const gapsOf = (stream: ReturnType<typeof createStream>) =>
  stream
    .takeChanges(false)
    .gaps.map(
      ({ interval, openedAtMs }) => `${interval} ${new Date(openedAtMs).toISOString().slice(11, 16)}`,
    );

describe("the stream of ticks", () => {
  it("an instrument that nobody follows is none of its business", () => {
    const stream = createStream();
    expect(stream.take(tick("09:00:00", 4000), "tradingview")).toBe(false);
    expect(stream.takeChanges(true)).toEqual({ quotes: [], rejections: [], bars: [], gaps: [] });
  });

  it("only the latest quote of an instrument is written, and all its bars", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:00", 4000), "tradingview");
    stream.take(tick("09:00:01", 4001.5, { bid: 4001 }), "tradingview");
    const { quotes, bars } = stream.takeChanges(true);
    expect(quotes).toEqual([
      {
        instrumentId: "7",
        price: "4001.5",
        bid: "4001",
        ask: null,
        dayVolume: null,
        source: "tradingview",
        atMs: at("09:00:01"),
      },
    ]);
    expect(bars.map(({ interval, ticks, complete }) => [interval, ticks, complete])).toEqual([
      ["1m", 2, false],
      ["5m", 2, false],
    ]);
  });

  it("a move of bid or ask alone changes the quote, and no bar", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:00", 4000), "tradingview");
    stream.takeChanges(true);
    stream.take(tick("09:00:01", 4000, { isTrade: false, bid: 3999 }), "tradingview");
    const { quotes, bars } = stream.takeChanges(true);
    expect(quotes[0]?.bid).toBe("3999");
    expect(bars).toEqual([]);
  });

  it("a price out of the valid range is counted, and the last valid one stays", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:00", 4000), "tradingview");
    stream.take(tick("09:00:01", 4), "tradingview");
    stream.take(tick("09:00:02", 4_000_000), "tradingview");
    const { quotes, rejections, bars } = stream.takeChanges(true);
    expect(quotes.map(({ price }) => price)).toEqual(["4000"]);
    expect(bars[0]?.high).toBe("4000");
    expect(rejections).toEqual([
      { instrumentId: "7", text: "4000000", reason: "above 100000, the most that is valid", count: 2 },
    ]);
  });

  it("the bars under way when an instrument is first heard are gaps: what came before is not in them", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:30", 4000), "tradingview");
    stream.take(tick("09:00:31", 4000), "tradingview");
    expect(gapsOf(stream)).toEqual(["1m 09:00", "5m 09:00"]);
  });

  it("a bar without a tick between two ticks is a gap", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:30", 4000), "tradingview");
    gapsOf(stream);
    stream.take(tick("09:02:30", 4000), "tradingview");
    expect(gapsOf(stream)).toEqual(["1m 09:01"]);
  });

  it("after a lost connection all bars since the last tick are gaps, once", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:30", 4000), "tradingview");
    gapsOf(stream);
    stream.missTicks();
    stream.take(tick("09:01:30", 4000), "tradingview");
    expect(gapsOf(stream)).toEqual(["1m 09:00", "1m 09:01", "5m 09:00"]);
    stream.take(tick("09:01:40", 4000), "tradingview");
    expect(gapsOf(stream)).toEqual([]);
  });

  it("bars that another process left go on, and what it may not have heard is a gap", () => {
    const first = streamOfGold();
    first.take(tick("09:00:30", 4000), "tradingview");
    const left = first.takeChanges(true).bars;
    const second = createStream(["1m", "5m"]);
    second.follow(gold, left, at("09:00:40"));
    second.take(tick("09:00:50", 4010), "tradingview");
    const { bars, gaps } = second.takeChanges(true);
    expect(bars.map(({ ticks, open, close }) => [ticks, open, close])).toEqual([
      [2, "4000", "4010"],
      [2, "4000", "4010"],
    ]);
    expect(gaps.map(({ interval }) => interval)).toEqual(["1m", "5m"]);
  });

  it("the first price of a connection counts only when it is later than the last tick", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:30", 4000), "tradingview");
    stream.missTicks();
    stream.take(tick("09:00:30", 4000, { isSnapshot: true }), "tradingview");
    expect(stream.takeChanges(true).bars.map(({ ticks }) => ticks)).toEqual([1, 1]);
    stream.take(tick("09:00:40", 4001), "tradingview");
    stream.missTicks();
    stream.take(tick("09:00:50", 4002, { isSnapshot: true }), "tradingview");
    expect(stream.takeChanges(true).bars.map(({ ticks }) => ticks)).toEqual([3, 3]);
  });

  it("a late tick is left out of its complete bar, which history is asked for", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:30", 4000), "tradingview");
    stream.take(tick("09:01:30", 4001), "tradingview");
    stream.takeChanges(true);
    stream.take(tick("09:00:59", 5000), "tradingview");
    const { bars, gaps, quotes } = stream.takeChanges(true);
    expect(bars.map(({ interval, high }) => [interval, high])).toEqual([["5m", "5000"]]);
    expect(gaps).toEqual([{ instrument: gold.name, interval: "1m", openedAtMs: at("09:00:00") }]);
    expect(quotes.map(({ price }) => price)).toEqual(["5000"]);
  });

  it("of two quotes the later one by the feed's time stays, whichever came last", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:30", 4000), "tradingview");
    stream.take(tick("09:00:20", 3000), "tradingview");
    expect(stream.takeChanges(true).quotes.map(({ price }) => price)).toEqual(["4000"]);
  });

  it("a tick from the future is rejected, for all that follow would be late", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:00", 4000, { atMs: at("09:02:00") }), "tradingview");
    stream.take(tick("09:00:00", 4000, { atMs: 1e300 }), "tradingview");
    const { bars, rejections } = stream.takeChanges(true);
    expect(bars).toEqual([]);
    expect(rejections).toMatchObject([{ count: 2, reason: expect.stringContaining("its time is 1e+300") }]);
  });

  it("another valid range holds from the next tick on", () => {
    const stream = streamOfGold();
    stream.change({ ...gold, validMax: 3000, tradingHours: "whenever" });
    stream.take(tick("09:00:30", 4000), "tradingview");
    expect(stream.takeChanges(true)).toMatchObject({ quotes: [], rejections: [{ count: 1 }] });
  });

  it("changes that could not be written come again, unless there are newer ones", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:30", 4000), "tradingview");
    stream.take(tick("09:00:31", 1), "tradingview");
    const unwritten = stream.takeChanges(true);
    stream.take(tick("09:00:40", 4005), "tradingview");
    stream.putBack(unwritten);
    const { quotes, bars, rejections } = stream.takeChanges(true);
    expect(quotes.map(({ price }) => price)).toEqual(["4005"]);
    expect(bars.map(({ ticks }) => ticks)).toEqual([2, 2]);
    expect(rejections[0]?.count).toBe(1);
  });

  it("an instrument that is unfollowed leaves its unfinished bars", () => {
    const stream = streamOfGold();
    stream.take(tick("09:00:30", 4000), "tradingview");
    stream.takeChanges(true);
    stream.unfollow(gold.name);
    expect(stream.takeChanges(false).bars.map(({ complete }) => complete)).toEqual([false, false]);
    expect(stream.take(tick("09:00:40", 4000), "tradingview")).toBe(false);
  });
});
