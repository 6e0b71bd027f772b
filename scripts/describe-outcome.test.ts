import { expect, it } from "vitest";
import type { RunStatus } from "./api-client.ts";
import { describeOutcome } from "./describe-outcome.ts";

const run: RunStatus = {
  id: "7",
  search: { id: "1", source: "sample", term: "lamp", url: null },
  collector: null,
  state: "completed",
  error: null,
  found: 120,
  pending: 0,
  queued: 0,
  running: 0,
  done: 90,
  failed: 0,
  dead: 0,
  cancelled: 0,
  confirmed: 30,
  pages_read: 3,
  rate_per_minute: 300,
  eta_seconds: 0,
  closed_hosts: [],
  failures: [],
  last_errors: [],
};

it("a completed run without failures says where every listing went", () => {
  expect(describeOutcome(run)).toEqual({
    lines: [
      "Run 7 is completed: 120 listings found on 3 search pages, 30 unchanged since they were read last.",
      "Of 90 pages to read: 90 done.",
    ],
    everythingFinished: true,
  });
});

it("failures are counted by their reason, and the run does not count as finished", () => {
  const { lines, everythingFinished } = describeOutcome({
    ...run,
    done: 87,
    failed: 2,
    dead: 1,
    failures: [
      { reason: "not-found", count: 2 },
      { reason: "server-error", count: 1 },
    ],
    last_errors: [{ url: "http://site.example/item/5", reason: "not-found" }],
  });
  expect(lines.slice(1)).toEqual([
    "Of 90 pages to read: 87 done, 2 failed, 1 dead.",
    "  2 not-found, such as http://site.example/item/5",
    "  1 server-error",
  ]);
  expect(everythingFinished).toBe(false);
});

it("a run that found nothing says so, and is finished", () => {
  const { lines, everythingFinished } = describeOutcome({
    ...run,
    found: 0,
    done: 0,
    confirmed: 0,
    pages_read: 1,
  });
  expect(lines).toEqual(["Run 7 is completed: 0 listings found on 1 search page."]);
  expect(everythingFinished).toBe(true);
});

it("a run that ended in error says why", () => {
  const { lines, everythingFinished } = describeOutcome({
    ...run,
    state: "error",
    error: "captcha: a wall",
  });
  expect(lines[0]).toMatch(/^Run 7 ended with an error \(captcha: a wall\): /);
  expect(everythingFinished).toBe(false);
});
