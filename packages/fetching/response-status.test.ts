import { describe, expect, it } from "vitest";
import { parseRetryAfter } from "./response-status.ts";

const noon = Date.UTC(2026, 10, 22, 12, 0, 0);

describe("Retry-After", () => {
  it("in seconds is read as milliseconds", () => {
    expect(parseRetryAfter(" 120 ", noon)).toBe(120_000);
  });

  it("as an HTTP date is counted from now", () => {
    expect(parseRetryAfter("Sun, 22 Nov 2026 12:01:30 GMT", noon)).toBe(90_000);
  });

  it("in the past means at once", () => {
    expect(parseRetryAfter("Sun, 22 Nov 2026 11:00:00 GMT", noon)).toBe(0);
  });

  it.each(["", "soon", "-5", "1.5", "5 minutes"])("that is neither is unknown: %j", (text) => {
    expect(parseRetryAfter(text, noon)).toBeNull();
  });
});
