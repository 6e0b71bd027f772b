import { describe, expect, it } from "vitest";
import { attemptsOf, quantileMs } from "./attempts.ts";
import { marketEta, ratePerMinute, runEta } from "./eta.ts";
import { successRate } from "./run-progress.ts";

const none = { pending: 0, queued: 0, running: 0, done: 0, failed: 0, dead: 0, cancelled: 0 };
const market = {
  remaining: 10,
  ratePerMinute: 20,
  attemptsPerTarget: 1,
  averageMs: 500,
  minDelayMs: 0,
  maxInFlight: 16,
  lastWaitSeconds: 0,
};

describe("how far a run is", () => {
  it("success is counted over what has ended, cancelled ones left out", () => {
    expect(successRate({ ...none, done: 2, failed: 1, cancelled: 7, pending: 3 })).toBe(0.6667);
    expect(successRate({ ...none, pending: 3 })).toBeNull();
  });

  it("the rate is per minute over the time measured, and unknown while there is none", () => {
    expect(ratePerMinute(10, 30)).toBe(20);
    expect(ratePerMinute(0, 30)).toBe(0);
    expect(ratePerMinute(0, 0)).toBeNull();
  });

  it("requests are told by what became of them, times by those that went well", () => {
    const outcomes: Parameters<typeof attemptsOf>[0] = [
      { outcome: "ok", count: 90, durationMs: 90_000, buckets: { 40: 90 } },
      { outcome: "ok", count: 10, durationMs: 170_000, buckets: { 40: 1, 56: 9 } },
      { outcome: "temporary", count: 7, durationMs: 230_000, buckets: { 60: 7 } },
      { outcome: "blocked", count: 9, durationMs: 300, buckets: { 20: 9 } },
    ];
    expect(attemptsOf(outcomes)).toEqual({
      total: 116,
      successes: 100,
      failures: [
        { error_class: "blocked", count: 9 },
        { error_class: "temporary", count: 7 },
      ],
      average_ms: 2_600,
      p95_ms: 17_867,
    });
    expect(attemptsOf([])).toMatchObject({ total: 0, average_ms: null, p95_ms: null });
  });

  it("a quantile of kept times is right within a tenth", () => {
    const times = Array.from({ length: 1_000 }, (_, index) => 40 + index ** 1.4);
    const histograms = times.map((ms) => ({ [Math.floor(4 * Math.log2(ms))]: 1 }));
    for (const quantile of [0.5, 0.9, 0.95, 0.99]) {
      const exact = times[Math.ceil(times.length * quantile) - 1] ?? 0;
      const ratio = (quantileMs(histograms, quantile) ?? 0) / exact;
      expect(ratio).toBeGreaterThan(0.9);
      expect(ratio).toBeLessThan(1.1);
    }
  });
});

describe("the time left", () => {
  it("follows from the rate, give or take a quarter", () => {
    expect(marketEta(market)).toEqual({ low: 24, likely: 30, high: 37.5 });
    expect(marketEta({ ...market, remaining: 0 })).toEqual({ low: 0, likely: 0, high: 0 });
  });

  it("is unknown when nothing ends", () => {
    expect(marketEta({ ...market, ratePerMinute: 0 })).toBeNull();
    expect(marketEta({ ...market, ratePerMinute: null })).toBeNull();
    expect(runEta([market], 0)).toBeNull();
  });

  it("is never less than the host's limits allow", () => {
    expect(marketEta({ ...market, minDelayMs: 6_000 })).toMatchObject({ low: 60, likely: 60 });
    expect(marketEta({ ...market, averageMs: 9_000, maxInFlight: 1 })).toMatchObject({ low: 90, likely: 90 });
  });

  it("counts the retries to come: their waits at best, and as many of them as before at worst", () => {
    expect(marketEta({ ...market, lastWaitSeconds: 50 })).toMatchObject({ low: 50, likely: 50 });
    expect(marketEta({ ...market, attemptsPerTarget: 2 })).toMatchObject({ low: 24, high: 75 });
  });

  it("of a run is that of its slowest market", () => {
    const slow = { ...market, remaining: 100, ratePerMinute: 10 };
    expect(runEta([market, slow], 110)).toMatchObject({ low: 480, likely: 600, high: 750 });
    expect(runEta([], 10)).toEqual({ low: 0, likely: 0, high: 0 });
  });

  it("of a run with a market that has not begun is at least what that host's limits allow", () => {
    const notBegun = { ...market, remaining: 100, ratePerMinute: 0, minDelayMs: 5_000 };
    expect(runEta([market, notBegun], 20)).toMatchObject({ low: 500, likely: 500, high: 500 });
  });
});
