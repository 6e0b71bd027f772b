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

  it.each([
    // New York's clocks go forward and back on these Sundays: the market opens an hour earlier, or later, by UTC.
    ["2026-03-06T21:59:30Z", "2026-03-08T21:00:30Z"],
    ["2026-10-30T20:59:30Z", "2026-11-01T22:00:30Z"],
  ])("a weekend in which clocks change is no gap either: %s to %s", (from, to) => {
    expect(opened(emptyBarsBetween(at(from), at(to), forex, ["1m", "15m", "1h", "4h"]))).toEqual([]);
    // A minute later, that minute is one.
    expect(opened(emptyBarsBetween(at(from), at(to) + 60_000, forex, ["1m", "1h"]))).toEqual([
      `1m ${to.slice(0, 16)}`,
    ]);
  });

  it.each([
    ["Mon-Fri 09:30-16:00 America/New_York", "2026-03-06T20:59:30Z", "2026-03-09T13:30:30Z"],
    ["Mon-Fri 08:00-16:30 Europe/London", "2026-10-23T15:29:30Z", "2026-10-26T08:00:30Z"],
    ["Mon-Fri 09:00-15:00 Asia/Tokyo", "2026-12-31T05:59:30Z", "2027-01-01T00:00:30Z"],
    ["Mon-Fri 10:00-16:00 Australia/Sydney", "2027-04-02T04:59:30Z", "2027-04-05T00:00:30Z"],
  ])("an exchange (%s) that is closed by its own clock leaves no gap", (words, from, to) => {
    const hours = parseTradingHours(words);
    expect(opened(emptyBarsBetween(at(from), at(to), hours, ["1m", "1h", "4h", "1d"]))).toEqual([]);
  });

  it("days and weeks without a tick are gaps, over a year's end too", () => {
    const hours = parseTradingHours("Mon-Fri 09:30-16:00 America/New_York");
    const bars = emptyBarsBetween(at("2026-12-23T15:00:00Z"), at("2027-01-12T15:00:00Z"), hours, [
      "1d",
      "1w",
    ]);
    expect(opened(bars.filter(({ interval }) => interval === "1w"))).toEqual([
      "1w 2026-12-28T00:00",
      "1w 2027-01-04T00:00",
    ]);
    // Holidays are not known; Saturdays and Sundays are.
    expect(bars.filter(({ interval }) => interval === "1d")).toHaveLength(13);
    expect(opened(bars)).toContain("1d 2027-01-01T00:00");
    expect(opened(bars)).not.toContain("1d 2027-01-02T00:00");
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
