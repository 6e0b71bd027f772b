import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTradingHours } from "./trading-hours.ts";

const isOpen = (hours: string, at: string) => parseTradingHours(hours).isOpenAt(Date.parse(at));

describe("trading hours", () => {
  it.each([
    ["a Friday afternoon", "2026-11-20T21:59:00Z", true],
    ["Friday at 17:00 in New York", "2026-11-20T22:00:00Z", false],
    ["a Saturday", "2026-11-21T12:00:00Z", false],
    ["Sunday before 17:00 in New York", "2026-11-22T21:59:00Z", false],
    ["Sunday at 17:00 in New York", "2026-11-22T22:00:00Z", true],
    ["in summer time, an hour earlier by UTC", "2026-07-19T21:00:00Z", true],
    ["in summer time, before that", "2026-07-19T20:59:00Z", false],
  ])("forex: %s", (_what, at, expected) => {
    expect(isOpen("forex", at)).toBe(expected);
  });

  it.each([
    ["2026-11-23T14:29:59Z", false],
    ["2026-11-23T14:30:00Z", true],
    ["2026-11-23T20:59:59Z", true],
    ["2026-11-23T21:00:00Z", false],
    // Two weeks a year, New York has changed its clocks and London has not.
    ["2026-03-09T13:30:00Z", true],
    ["2026-03-06T13:30:00Z", false],
    ["2026-11-22T15:00:00Z", false],
  ])("a stock exchange keeps the hours of its own zone: %s", (at, expected) => {
    expect(isOpen("Mon-Fri 09:30-16:00 America/New_York", at)).toBe(expected);
  });

  it("hours may go over midnight, and there may be several", () => {
    const hours = "Mon-Fri 18:00-02:00 Europe/Berlin; Sat 10:00-12:00 Europe/Berlin";
    expect(isOpen(hours, "2026-11-21T00:30:00Z")).toBe(true);
    expect(isOpen(hours, "2026-11-21T01:30:00Z")).toBe(false);
    expect(isOpen(hours, "2026-11-21T10:30:00Z")).toBe(true);
    expect(isOpen("Sun 22:00-03:00 UTC", "2026-11-23T02:59:00Z")).toBe(true);
  });

  it.each([
    ["from Friday's close to Sunday's open", "2026-11-20T22:00:00Z", "2026-11-22T21:59:00Z", false],
    ["to the minute of the open", "2026-11-20T22:00:00Z", "2026-11-22T22:00:00Z", true],
    ["from the last open minute", "2026-11-20T21:59:00Z", "2026-11-21T12:00:00Z", true],
    ["over a whole week in between", "2026-11-21T12:00:00Z", "2026-11-28T11:00:00Z", true],
    ["longer than a week", "2026-11-14T12:00:00Z", "2026-11-28T12:00:00Z", true],
  ])("forex was open %s", (_what, from, to, expected) => {
    const hours = parseTradingHours("forex");
    expect(hours.wasOpenBetween(Date.parse(from), Date.parse(to))).toBe(expected);
  });

  it.each([
    ["UTC", "2026-11-23T00:00:00Z"],
    // Clocks go forward and back in the middle of these weeks, and a year ends in the last one.
    ["America/New_York", "2026-03-05T00:00:00Z"],
    ["America/New_York", "2026-10-29T00:00:00Z"],
    ["Europe/Berlin", "2026-10-22T00:00:00Z"],
    ["Australia/Lord_Howe", "2026-04-02T00:00:00Z"],
    ["Asia/Tokyo", "2026-12-29T00:00:00Z"],
  ])(
    "a market in %s was open in a span after %s exactly if it was open at one of its minutes",
    (zone, start) => {
      const hours = parseTradingHours(
        `Mon-Fri 18:00-02:00 ${zone}; Sun 10:00-12:00 ${zone}; Sun 01:40-01:50 ${zone}; Sun 02:10-02:20 ${zone}`,
      );
      const startMs = Date.parse(start);
      const minutes = fc.integer({ min: 0, max: 10_080 });
      const lengths = fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 3_000 }));
      fc.assert(
        fc.property(minutes, lengths, (from, length) => {
          const at = (minute: number) => startMs + minute * 60_000;
          const span = Array.from({ length: length + 1 }, (_, index) => at(from + index));
          expect(hours.wasOpenBetween(at(from), at(from + length))).toBe(
            span.some((minute) => hours.isOpenAt(minute)),
          );
        }),
        { numRuns: 100, seed: 7 },
      );
    },
  );

  it("a market that is closed is closed in the hour that clocks repeat, too", () => {
    const hours = parseTradingHours("Mon-Fri 09:30-16:00 America/New_York");
    // 01:45 in summer time and 01:05 in winter time, twenty minutes later.
    expect(hours.wasOpenBetween(Date.parse("2026-11-01T05:45:00Z"), Date.parse("2026-11-01T06:05:00Z"))).toBe(
      false,
    );
  });

  it.each([
    ["Mon-Fri 09:30-16:00 America/New_York", 5 * 390],
    ["Mon-Fri 09:00-15:00 Asia/Tokyo", 5 * 360],
    ["Mon-Fri 08:00-16:30 Europe/London", 5 * 510],
    ["forex", 5 * 1_440],
  ])("%s: each week of three years is as long as any other", (words, minutes) => {
    const hours = parseTradingHours(words);
    const monday = Date.parse("2025-01-06T12:00:00Z") - 2 * 86_400_000;
    for (let week = 0; week < 156; week++) {
      let open = 0;
      for (let at = 0; at < 7 * 24 * 6; at++)
        if (hours.isOpenAt(monday + week * 7 * 86_400_000 + at * 600_000)) open += 10;
      expect(open).toBe(minutes);
    }
  });

  it("a market may never close", () => {
    expect(isOpen("always", "2026-12-25T00:00:00Z")).toBe(true);
  });

  it.each([
    "",
    "Mon-Fri",
    "Mon-Fri 9:30-16:00 America/New_York",
    "Mon-Fri 09:30-16:00 Mars/Olympus",
    "Fri-Mon 09:30-16:00 UTC",
    "Mon 25:00-26:00 UTC",
  ])("%j is refused with what would be right", (text) => {
    expect(() => parseTradingHours(text)).toThrow("Mon-Fri 09:30-16:00 America/New_York");
  });
});
