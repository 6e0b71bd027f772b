import { barIntervals, barLengthMs, barOpenedAtMs, decimalOf, type Tick } from "@pricefleet/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBarBook, GRACE_MS, type TickedBar } from "./bar-book.ts";

const GOLD = "TVC:GOLD";
const at = (time: string) => Date.parse(`2026-11-23T${time}Z`);
const tick = (time: string, price: number, more: Partial<Tick> = {}): Tick => ({
  instrument: GOLD,
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
const numbers = ({ open, high, low, close, ticks }: TickedBar) => [open, high, low, close, ticks];

describe("ticks become bars", () => {
  it("a bar opens at its first price, closes at its last and keeps the highest and the lowest", () => {
    const book = createBarBook(["1m"]);
    for (const [time, price] of [
      ["09:00:01", 4000.5],
      ["09:00:20", 4010.25],
      ["09:00:40", 3990],
      ["09:00:59.999", 4001],
    ] as const)
      expect(book.add(tick(time, price))).toEqual([]);
    const completed = book.add(tick("09:01:00", 4002));
    expect(completed).toMatchObject([
      {
        instrument: GOLD,
        interval: "1m",
        openedAtMs: at("09:00:00"),
        open: "4000.5",
        high: "4010.25",
        low: "3990",
        close: "4001",
        ticks: 4,
        complete: true,
        source: "ticks",
      },
    ]);
    expect(book.unfinishedOf(GOLD).map(numbers)).toEqual([["4002", "4002", "4002", "4002", 1]]);
  });

  it("one tick goes into the bar of every interval", () => {
    const book = createBarBook();
    book.add(tick("09:07:30", 1));
    expect(book.unfinishedOf(GOLD).map(({ interval }) => interval)).toEqual(barIntervals);
  });

  it("inside its bar a tick out of order counts, and only the latest one closes", () => {
    const book = createBarBook(["1m"]);
    book.add(tick("09:00:30", 10));
    book.add(tick("09:00:10", 30));
    book.add(tick("09:00:20", 5));
    expect(book.unfinishedOf(GOLD).map(numbers)).toEqual([["30", "30", "5", "10", 3]]);
  });

  it("a late tick is left out of the bar that is complete, counted, and still counts in a longer one", () => {
    const book = createBarBook(["1m", "5m"]);
    book.add(tick("09:00:30", 10));
    book.add(tick("09:01:00", 11));
    expect(book.add(tick("09:00:45", 99))).toEqual([]);
    expect(book.lateTicks).toBe(1);
    expect(book.unfinishedOf(GOLD).map(numbers)).toEqual([
      ["11", "11", "11", "11", 1],
      ["10", "99", "10", "11", 3],
    ]);
  });

  it("a bar without a tick after it is complete when its end and the grace time have passed", () => {
    const book = createBarBook(["1m"]);
    book.add(tick("09:00:30", 10));
    expect(book.completeUntil(at("09:01:00") + GRACE_MS - 1)).toEqual([]);
    expect(book.completeUntil(at("09:01:00") + GRACE_MS)).toHaveLength(1);
    expect(book.add(tick("09:00:59", 11))).toEqual([]);
    expect(book.lateTicks).toBe(1);
    expect(book.unfinishedOf(GOLD)).toEqual([]);
  });

  it("a feed that is minutes late by contract has its bars completed by its own time", () => {
    const book = createBarBook(["1m"]);
    book.add(tick("09:00:30", 10, { receivedAtMs: at("09:15:30") }));
    expect(book.completeUntil(at("09:15:59"))).toEqual([]);
    expect(book.add(tick("09:00:50", 11, { receivedAtMs: at("09:15:50") }))).toEqual([]);
    expect(book.unfinishedOf(GOLD)[0]?.ticks).toBe(2);
    expect(book.completeUntil(at("09:16:00") + GRACE_MS)).toHaveLength(1);
  });

  it("a complete bar that was stored is not begun again by a late tick after a restart", () => {
    const first = createBarBook(["1m"]);
    first.add(tick("09:00:30", 10));
    const [stored] = first.add(tick("09:01:00", 11));
    const late: string[] = [];
    const second = createBarBook(["1m"], (_instrument, interval, openedAtMs) =>
      late.push(`${interval} ${new Date(openedAtMs).toISOString().slice(11, 16)}`),
    );
    if (stored !== undefined) second.restore(stored, at("09:01:10"));
    second.add(tick("09:00:45", 99));
    expect(second.unfinishedOf(GOLD)).toEqual([]);
    expect(late).toEqual(["1m 09:00"]);
  });

  it("what was traded while nobody listened is not the volume of the next tick", () => {
    const book = createBarBook(["1m"]);
    book.add(tick("09:00:10", 1, { dayVolume: 100 }));
    book.forgetVolumes();
    book.add(tick("09:00:20", 1, { dayVolume: 500, isTrade: false }));
    book.add(tick("09:00:30", 1, { dayVolume: 503 }));
    expect(book.unfinishedOf(GOLD)[0]?.volume).toBe("3");
  });

  it("the volume of a bar is what the day's volume grew by, also over the day's end", () => {
    const book = createBarBook(["1m"]);
    for (const dayVolume of [1000.1, 1000.3, 2, 2.5]) book.add(tick("23:59:30", 1, { dayVolume }));
    expect(book.unfinishedOf(GOLD)[0]?.volume).toBe("2.7");
  });

  it("an unfinished bar that was stored goes on in another process", () => {
    const first = createBarBook();
    first.add(tick("09:00:10", 10));
    first.add(tick("09:00:20", 12));
    const second = createBarBook();
    for (const bar of first.unfinishedOf(GOLD)) second.restore(bar, at("09:00:20"));
    const whole = createBarBook();
    for (const book of [whole]) {
      book.add(tick("09:00:10", 10));
      book.add(tick("09:00:20", 12));
    }
    for (const book of [second, whole]) book.add(tick("09:00:30", 8));
    expect(second.unfinishedOf(GOLD)).toEqual(whole.unfinishedOf(GOLD));
  });

  it("a bar that is under way is not replaced by a stored one", () => {
    const book = createBarBook(["1m"]);
    book.add(tick("09:00:10", 10));
    const [stored] = book.unfinishedOf(GOLD);
    book.add(tick("09:00:20", 11));
    if (stored !== undefined) book.restore(stored, at("09:00:20"));
    expect(book.unfinishedOf(GOLD)[0]?.ticks).toBe(2);
  });

  it("what changed is told once", () => {
    const book = createBarBook(["1m"]);
    book.add(tick("09:00:10", 10));
    expect(book.takeChanged()).toHaveLength(1);
    expect(book.takeChanged()).toEqual([]);
    book.add(tick("09:00:20", 10));
    expect(book.takeChanged()).toHaveLength(1);
  });

  it("an instrument that is forgotten gives its bars back, and its place serves another", () => {
    const book = createBarBook(["1m"]);
    book.add(tick("09:00:10", 10));
    expect(book.forget(GOLD)).toHaveLength(1);
    book.add(tick("09:00:10", 1, { instrument: "TVC:SILVER" }));
    expect(book.unfinishedOf(GOLD)).toEqual([]);
    expect(book.unfinishedOf("TVC:SILVER").map(numbers)).toEqual([["1", "1", "1", "1", 1]]);
  });

  it("bars equal those computed straight from the ticks, for any ticks in time's order", () => {
    const ticksOf = fc.array(
      fc.record({
        gapMs: fc.integer({ min: 0, max: 400_000 }),
        price: fc.integer({ min: 1, max: 10_000_000 }).map((n) => n / 1_000),
        instrument: fc.constantFrom(GOLD, "TVC:SILVER", "FX_IDC:USDIDR"),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(ticksOf, (steps) => {
        let nowMs = at("00:00:00");
        const ticks = steps.map(({ gapMs, price, instrument }) => {
          nowMs += gapMs;
          return tick("00:00:00", price, { instrument, atMs: nowMs, receivedAtMs: nowMs });
        });
        const book = createBarBook();
        const bars = ticks.flatMap((one) => book.add(one));
        bars.push(...book.completeUntil(Number.MAX_SAFE_INTEGER));
        const got = Object.fromEntries(
          bars.map((bar) => [`${bar.instrument} ${bar.interval} ${bar.openedAtMs}`, numbers(bar)]),
        );
        expect(got).toEqual(straightFromTicks(ticks));
        expect(bars).toHaveLength(Object.keys(got).length);
      }),
    );
  });
});

function straightFromTicks(ticks: readonly Tick[]): Record<string, unknown[]> {
  const groups = new Map<string, Tick[]>();
  for (const one of ticks) {
    for (const interval of barIntervals) {
      const key = `${one.instrument} ${interval} ${barOpenedAtMs(interval, one.atMs)}`;
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
  }
  return Object.fromEntries(
    [...groups].map(([key, group]) => {
      const prices = group.map(({ price }) => price);
      return [
        key,
        [
          decimalOf(prices[0] as number),
          decimalOf(Math.max(...prices)),
          decimalOf(Math.min(...prices)),
          decimalOf(prices.at(-1) as number),
          group.length,
        ],
      ];
    }),
  );
}

describe("weeks and years end", () => {
  it.each([
    ["2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00Z", ["1m", "5m", "15m", "1h", "4h", "1d"]],
    ["2026-12-27T23:59:59.999Z", "2026-12-28T00:00:00Z", barIntervals],
    ["2028-02-28T23:59:59Z", "2028-02-29T00:00:00Z", ["1m", "5m", "15m", "1h", "4h", "1d"]],
    // New York's and London's clocks change; UTC's do not.
    ["2026-11-01T05:59:59Z", "2026-11-01T06:00:00Z", ["1m", "5m", "15m", "1h"]],
    ["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", ["1m", "5m", "15m", "1h"]],
  ])("between %s and %s end the bars of these intervals", (before, after, ended) => {
    const book = createBarBook();
    const ticked = (time: string) =>
      tick("00:00:00", 1, { atMs: Date.parse(time), receivedAtMs: Date.parse(time) });
    book.add(ticked(before));
    const completed = book.add(ticked(after));
    expect(completed.map(({ interval }) => interval)).toEqual(ended);
    for (const { openedAtMs, interval } of completed)
      expect(openedAtMs + barLengthMs(interval)).toBe(Date.parse(after));
  });

  it("a week is a bar from Monday to Monday, also over the year's end", () => {
    expect(new Date(barOpenedAtMs("1w", Date.parse("2027-01-01T12:00:00Z"))).toISOString()).toBe(
      "2026-12-28T00:00:00.000Z",
    );
  });
});

describe("numbers are printed as decimals", () => {
  it.each([
    [1e-7, "0.0000001"],
    [1.25e-9, "0.00000000125"],
    [-3.5e-8, "-0.000000035"],
    [1.5e21, "1500000000000000000000"],
    [8004.8000000000001819, "8004.8"],
    [16284.5, "16284.5"],
  ])("%d is %s", (value, text) => {
    expect(decimalOf(value)).toBe(text);
  });
});
