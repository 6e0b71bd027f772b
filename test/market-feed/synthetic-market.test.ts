import { type BarInterval, barLengthMs, barOpenedAtMs } from "@pricefleet/contracts";
import { describe, expect, it } from "vitest";
import { firstPrices } from "./first-prices.ts";
import { barKey, straightBars } from "./straight-bars.ts";
import { syntheticMarket } from "./synthetic-market.ts";

const options = { seed: 1, instrument: "TVC:GOLD", firstPrice: 4_000, ticksAMinute: 6 };
const market = syntheticMarket(options);
/** Over a day's, a week's and a year's end. */
const FROM_MS = Date.parse("2026-12-28T00:00:00Z");
const TO_MS = Date.parse("2027-01-05T00:00:00Z");
const ticks = [...market.ticks(FROM_MS, TO_MS)];

describe("the synthetic market", () => {
  it.each(["1m", "5m", "1h", "4h", "1d", "1w"] as BarInterval[])(
    "bars of %s are those that all its ticks make",
    (interval) => {
      // The first tick's volume nobody knows but the market.
      const bars = [...straightBars(ticks, [interval]).values()].slice(1);
      expect(bars.length).toBeGreaterThan(0);
      expect(bars.map(({ openedAtMs }) => numbers(market.bar(interval, openedAtMs, TO_MS)))).toEqual(
        bars.map(numbers),
      );
    },
  );

  it("a bar that goes on is made of the ticks so far", () => {
    const nowMs = FROM_MS + 3 * 86_400_000 + 754_321;
    const bars = straightBars(
      ticks.filter(({ atMs }) => atMs < nowMs),
      ["1m", "1d"],
    );
    for (const interval of ["1m", "1d"] as const) {
      const openedAtMs = barOpenedAtMs(interval, nowMs);
      expect(numbers(market.bar(interval, openedAtMs, nowMs))).toEqual(
        numbers(bars.get(barKey({ instrument: options.instrument, interval, openedAtMs }))),
      );
    }
    expect(market.bar("1m", nowMs - (nowMs % 60_000) + 60_000, nowMs)).toBeNull();
    expect(market.bar("1w", Date.parse("2023-12-18T00:00:00Z"), nowMs)).toBeNull();
  });

  it("tells the same whatever moment it is asked from, and another story for another seed", () => {
    const later = FROM_MS + 5 * barLengthMs("1h");
    expect([...syntheticMarket(options).ticks(later, later + 60_000)]).toEqual(
      ticks.filter(({ atMs }) => atMs >= later && atMs < later + 60_000),
    );
    const [other] = syntheticMarket({ ...options, seed: 2 }).ticks(later, later + 60_000);
    expect(other?.price).not.toBe(ticks.find(({ atMs }) => atMs >= later)?.price);
  });

  it("its ticks go on in time, with a growing volume of the day, near the first price, in six digits", () => {
    for (const [instrument, firstPrice] of Object.entries(firstPrices)) {
      const day = [
        ...syntheticMarket({ ...options, instrument, firstPrice }).ticks(FROM_MS, FROM_MS + 86_400_000),
      ];
      expect(day).toHaveLength(1_440 * options.ticksAMinute);
      expect(day.every(({ atMs }, i) => i === 0 || atMs > (day[i - 1]?.atMs ?? 0))).toBe(true);
      expect(day.every(({ dayVolume }, i) => i === 0 || dayVolume > (day[i - 1]?.dayVolume ?? 0))).toBe(true);
      expect(day.every(({ price }) => Math.abs(price / firstPrice - 1) < 0.1)).toBe(true);
      expect(Math.max(...day.map(({ price }) => String(price).replace(".", "").length))).toBeLessThanOrEqual(
        7,
      );
    }
  });
});

type Numbers = Record<"openedAtMs" | "open" | "high" | "low" | "close" | "volume", number | string>;

function numbers(bar: Numbers | null | undefined) {
  if (bar == null) return null;
  const { openedAtMs, open, high, low, close, volume } = bar;
  return [openedAtMs, open, high, low, close, volume].map(Number);
}
