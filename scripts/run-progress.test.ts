import { expect, it } from "vitest";
import type { RunStatus } from "./api-client.ts";
import { describeProgress, progressBar } from "./run-progress.ts";

const run: RunStatus = {
  id: "1",
  search: { id: "1", source: "sample", term: "lamp", url: null },
  collector: null,
  state: "processing",
  error: null,
  found: 120,
  pending: 30,
  queued: 10,
  running: 4,
  done: 74,
  failed: 1,
  dead: 1,
  cancelled: 0,
  confirmed: 0,
  pages_read: 3,
  rate_per_minute: 300,
  eta_seconds: 9,
  closed_hosts: [],
  failures: [],
  last_errors: [],
};

it("progress says found, queued, done, failed, rate and time left", () => {
  expect(describeProgress(run)).toBe(
    "found 120 · queued 40 · running 4 · done 74 · failed 2 · 300/min · 9 s left",
  );
});

it("a run without a rate yet says no time left, rather than a wrong one", () => {
  expect(describeProgress({ ...run, rate_per_minute: null, eta_seconds: null })).toBe(
    "found 120 · queued 40 · running 4 · done 74 · failed 2",
  );
});

it("a long wait is told in minutes or hours", () => {
  expect(describeProgress({ ...run, eta_seconds: 264 })).toMatch(/5 min left$/);
  expect(describeProgress({ ...run, eta_seconds: 26_400 })).toMatch(/7\.3 h left$/);
});

it("a run that waits for a closed host says for which, how long and why", () => {
  const closed = {
    host: "www.site.example",
    until: new Date(Date.now() + 300_000).toISOString(),
    reason: "captcha",
  };
  expect(describeProgress({ ...run, eta_seconds: null, closed_hosts: [closed] })).toMatch(
    /^www\.site\.example is closed for 5 min \(captcha\) · found 120 · /,
  );
});

it("the bar is full only when every target has come to an end", () => {
  expect(progressBar(run, 10)).toBe("▓▓▓▓▓▓░░░░  63%");
  expect(progressBar({ ...run, pending: 0, queued: 0, running: 1, done: 999 }, 10)).toMatch(/ 99%$/);
  const nothingFound = { ...run, pending: 0, queued: 0, running: 0, done: 0, failed: 0, dead: 0 };
  expect(progressBar({ ...nothingFound, state: "completed" }, 10)).toBe("▓▓▓▓▓▓▓▓▓▓ 100%");
  expect(progressBar(nothingFound, 10)).toBe("░░░░░░░░░░   0%");
});
