import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startHeartbeat } from "./heartbeat.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heartbeat-"));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

test("a service that has started beats at once and goes on until it is stopped", () => {
  const file = join(folder, "beat");
  const stop = startHeartbeat(file);
  const first = readFileSync(file, "utf8").trim();
  vi.advanceTimersByTime(10_000);
  const second = readFileSync(file, "utf8").trim();
  expect(Date.parse(second) - Date.parse(first)).toBe(10_000);
  stop();
  vi.advanceTimersByTime(60_000);
  expect(readFileSync(file, "utf8").trim()).toBe(second);
});

test("a heartbeat that cannot be written says so where the service starts", () => {
  expect(() => startHeartbeat(join(folder, "missing", "beat"))).toThrow("ENOENT");
});
