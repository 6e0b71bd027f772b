import { describe, expect, it } from "vitest";
import { etaSeconds, ratePerMinute, successRate } from "./run-progress.ts";

const none = { pending: 0, queued: 0, running: 0, done: 0, failed: 0, dead: 0, cancelled: 0 };
const underWay = {
  state: "processing",
  isCollected: true,
  isHeldUp: false,
  counts: { ...none, pending: 5, queued: 4, running: 1 },
  ratePerMinute: 20,
} as const;

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

  it("the time left follows from the rate", () => {
    expect(etaSeconds(underWay)).toBe(30);
    expect(etaSeconds({ ...underWay, counts: { ...none, done: 10 } })).toBe(0);
  });

  it("the time left is unknown while pages are read, the run stands still, or nothing ends", () => {
    expect(etaSeconds({ ...underWay, isCollected: false })).toBeNull();
    expect(etaSeconds({ ...underWay, isHeldUp: true })).toBeNull();
    expect(etaSeconds({ ...underWay, state: "paused" })).toBeNull();
    expect(etaSeconds({ ...underWay, ratePerMinute: 0 })).toBeNull();
    expect(etaSeconds({ ...underWay, ratePerMinute: null })).toBeNull();
  });
});
