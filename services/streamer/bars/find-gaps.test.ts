import { parseTradingHours } from "@pricefleet/contracts";
import { describe, expect, it } from "vitest";
import { barsTouchedBy, emptyBarsBetween, type GapBar } from "./find-gaps.ts";

const at = (time: string) => Date.parse(time);
const always = parseTradingHours("always");
const forex = parseTradingHours("forex");
const opened = (bars: GapBar[]) =>
  bars.map((bar) => `${bar.interval} ${new Date(bar.openedAtMs).toISOString().slice(0, 16)}`);

describe("gaps between ticks", () => {
  it("what was not heard touches the bars of both ends and all between", () => {
    const bars = barsTouchedBy(at("2026-11-23T09:00:30Z"), at("2026-11-23T09:02:10Z"), always, ["1m", "1h"]);
    expect(opened(bars)).toEqual([
      "1m 2026-11-23T09:00",
      "1m 2026-11-23T09:01",
      "1m 2026-11-23T09:02",
      "1h 2026-11-23T09:00",
    ]);
  });

  it("two ticks in bars side by side have nothing between them", () => {
    expect(emptyBarsBetween(at("2026-11-23T09:00:59Z"), at("2026-11-23T09:01:00Z"), always)).toEqual([]);
  });

  it("a bar without a tick is a gap, the bars of the ticks around it are not", () => {
    const bars = emptyBarsBetween(at("2026-11-23T09:00:59Z"), at("2026-11-23T09:03:00Z"), always, [
      "1m",
      "5m",
    ]);
    expect(opened(bars)).toEqual(["1m 2026-11-23T09:01", "1m 2026-11-23T09:02"]);
  });

  it("a weekend without trade is no gap", () => {
    const bars = emptyBarsBetween(at("2026-11-20T21:59:30Z"), at("2026-11-22T22:00:30Z"), forex, [
      "1m",
      "1h",
      "1d",
    ]);
    expect(opened(bars)).toEqual([]);
  });

  it("a gap over a weekend misses the open hours on both sides of it", () => {
    const bars = barsTouchedBy(at("2026-11-20T20:30:00Z"), at("2026-11-22T23:30:00Z"), forex, ["1h", "1d"]);
    expect(opened(bars)).toEqual([
      "1h 2026-11-20T20:00",
      "1h 2026-11-20T21:00",
      "1h 2026-11-22T22:00",
      "1h 2026-11-22T23:00",
      "1d 2026-11-20T00:00",
      "1d 2026-11-22T00:00",
    ]);
  });

  it("no more bars are named than a history can give, the latest ones", () => {
    const bars = barsTouchedBy(at("2020-01-01T00:00:00Z"), at("2026-11-23T09:00:00Z"), always, ["1m"]);
    expect(bars).toHaveLength(5_000);
    expect(bars.at(-1)?.openedAtMs).toBe(at("2026-11-23T09:00:00Z"));
  });
});
