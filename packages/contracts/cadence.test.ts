import { describe, expect, it } from "vitest";
import { isTimeZone, nextTime, whatIsWrongWithCron } from "./cadence.ts";

const inBerlin = (cron: string) => ({ cron, time_zone: "Europe/Berlin" });

/** The next `count` times after `from`, as the dispatcher asks for them one by one. */
function times(cron: string, from: string, count: number): string[] {
  const found: string[] = [];
  for (let after = new Date(from); found.length < count; ) {
    after = nextTime(inBerlin(cron), after, 0);
    found.push(after.toISOString().slice(0, 16));
  }
  return found;
}

describe("a cron expression is the wall clock of its time zone", () => {
  it("six in the morning is an hour earlier in UTC once summer time has begun", () => {
    expect(times("0 6 * * *", "2026-03-28T00:00:00Z", 2)).toEqual(["2026-03-28T05:00", "2026-03-29T04:00"]);
  });

  it("a time that the change to summer time leaves out comes an hour later, and the next day as ever", () => {
    expect(times("30 2 * * *", "2026-03-28T12:00:00Z", 2)).toEqual(["2026-03-29T01:00", "2026-03-30T00:30"]);
  });

  it("a time that comes twice when summer time ends is taken once", () => {
    expect(times("30 2 * * *", "2026-10-24T12:00:00Z", 2)).toEqual(["2026-10-25T00:30", "2026-10-26T01:30"]);
  });

  it("every hour is every hour, also in the night that has one twice", () => {
    expect(times("0 * * * *", "2026-10-24T23:30:00Z", 4)).toEqual([
      "2026-10-25T00:00",
      "2026-10-25T01:00",
      "2026-10-25T02:00",
      "2026-10-25T03:00",
    ]);
  });

  it("many missed times are one next time", () => {
    expect(nextTime(inBerlin("*/5 * * * *"), new Date("2026-01-02T12:03:00Z"), 0)).toEqual(
      new Date("2026-01-02T12:05:00Z"),
    );
  });
});

describe("an interval", () => {
  const after = new Date("2026-01-01T00:00:00Z");
  const waited = (jitterPercent: number, chance: number) =>
    (nextTime({ interval_seconds: 1_000, jitter_percent: jitterPercent }, after, chance).getTime() -
      after.getTime()) /
    1_000;

  it("is longer or shorter by at most its jitter", () => {
    expect([waited(10, 0), waited(10, 0.5), waited(10, 1), waited(0, 1)]).toEqual([900, 1_000, 1_100, 1_000]);
  });
});

describe("what is wrong is said in words", () => {
  it.each([
    ["0 6 * *", "it has 4 fields, not five"],
    ["0 0 6 * * *", "it has 6 fields, not five"],
    ["daily", "it has 1 field, not five"],
    ["61 6 * * *", "Invalid value for minute: 61"],
    ["0 0 30 2 *", '"0 0 30 2 *" never comes'],
  ])("%s", (cron, wrong) => {
    expect(whatIsWrongWithCron(cron)).toBe(wrong);
  });

  it.each(["0 6 * * 1-5", "*/15 8-18 * * MON-FRI", "0 0 L * *", "@daily"])("%s is right", (cron) => {
    expect(whatIsWrongWithCron(cron)).toBeNull();
  });

  it("a time zone is a place's name", () => {
    expect(["UTC", "Europe/Berlin", "America/Argentina/Ushuaia"].map(isTimeZone)).toEqual([true, true, true]);
    expect(["Mars/Olympus", "+01:00", "", "Berlin"].map(isTimeZone)).toEqual([false, false, false, false]);
  });
});
