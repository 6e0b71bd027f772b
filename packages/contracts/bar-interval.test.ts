import { describe, expect, it } from "vitest";
import { barLengthMs, barOpenedAtMs } from "./bar-interval.ts";
import { type BarInterval, barIntervals } from "./market.ts";

const openedAt = (interval: BarInterval, at: string) =>
  new Date(barOpenedAtMs(interval, Date.parse(at))).toISOString();

describe("bars are aligned to UTC", () => {
  it.each([
    ["1m", "2026-11-23T09:07:59.999Z", "2026-11-23T09:07:00.000Z"],
    ["5m", "2026-11-23T09:07:59.999Z", "2026-11-23T09:05:00.000Z"],
    ["15m", "2026-11-23T09:07:00.000Z", "2026-11-23T09:00:00.000Z"],
    ["1h", "2026-11-23T09:00:00.000Z", "2026-11-23T09:00:00.000Z"],
    ["4h", "2026-11-23T09:07:00.000Z", "2026-11-23T08:00:00.000Z"],
    ["1d", "2026-11-23T23:59:59.999Z", "2026-11-23T00:00:00.000Z"],
  ] as const)("%s: %s is in the bar of %s", (interval, at, opened) => {
    expect(openedAt(interval, at)).toBe(opened);
  });

  it("a week begins on Monday", () => {
    expect(openedAt("1w", "2026-11-22T23:59:59.999Z")).toBe("2026-11-16T00:00:00.000Z");
    expect(openedAt("1w", "2026-11-23T00:00:00.000Z")).toBe("2026-11-23T00:00:00.000Z");
  });

  it("a week goes on over the end of a year", () => {
    expect(openedAt("1w", "2027-01-01T12:00:00.000Z")).toBe("2026-12-28T00:00:00.000Z");
    expect(openedAt("1d", "2027-01-01T00:00:00.000Z")).toBe("2027-01-01T00:00:00.000Z");
  });

  it("the hour that summer time skips or repeats elsewhere is like any other", () => {
    // 2026-03-29 01:00 UTC: clocks in Berlin go forward; 2026-10-25 01:00 UTC: back.
    expect(openedAt("4h", "2026-03-29T01:30:00.000Z")).toBe("2026-03-29T00:00:00.000Z");
    expect(openedAt("1h", "2026-10-25T01:30:00.000Z")).toBe("2026-10-25T01:00:00.000Z");
  });

  it("days and weeks are equally long where clocks change, and in years of 53 weeks", () => {
    for (
      let day = Date.parse("2026-01-01T00:00:00Z");
      day < Date.parse("2033-01-10T00:00:00Z");
      day += 86_400_000
    ) {
      for (const atMs of [day, day + 86_399_999]) {
        expect(barOpenedAtMs("1d", atMs)).toBe(day);
        const monday = barOpenedAtMs("1w", atMs);
        expect(new Date(monday).getUTCDay()).toBe(1);
        expect((day - monday) / 86_400_000).toBe((new Date(day).getUTCDay() + 6) % 7);
      }
    }
  });

  it("a moment before 1970 is in the bar that contains it", () => {
    expect(openedAt("1d", "1969-12-31T23:00:00.000Z")).toBe("1969-12-31T00:00:00.000Z");
    expect(openedAt("1w", "1969-12-31T23:00:00.000Z")).toBe("1969-12-29T00:00:00.000Z");
  });

  it.each(barIntervals)("%s: the next bar opens when one is over", (interval) => {
    const opened = barOpenedAtMs(interval, Date.parse("2026-11-23T09:07:59Z"));
    const next = opened + barLengthMs(interval);
    expect(barOpenedAtMs(interval, next - 1)).toBe(opened);
    expect(barOpenedAtMs(interval, next)).toBe(next);
  });
});
