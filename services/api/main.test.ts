import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { ExitCode } from "@pricefleet/contracts";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

type LogLine = Record<string, unknown>;

function startApi(environment: Record<string, string>) {
  const child = spawn(process.execPath, [`${import.meta.dirname}/main.ts`], {
    env: { PATH: process.env["PATH"], DATABASE_URL: database.apiUrl, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  const find = (message: string): LogLine | undefined =>
    lines.map((line) => JSON.parse(line) as LogLine).find((line) => line["message"] === message);
  return {
    lines,
    exit: once(child, "close").then(([code]) => code as number),
    kill: () => child.kill("SIGTERM"),
    /** Waits for the log line of this message. */
    async said(message: string): Promise<LogLine> {
      await expect.poll(() => find(message), { timeout: 20_000 }).toBeDefined();
      return find(message) ?? {};
    },
  };
}

describe("the API as a process", () => {
  it("what is being answered when it is told to stop is still answered, and it exits with 0", async () => {
    const api = startApi({ PORT: "0" });
    const { port } = await api.said("listening");
    const locker = new pg.Client({ connectionString: database.ownerUrl });
    await locker.connect();
    await locker.query("BEGIN; LOCK TABLE price_tracker.searches");
    const answer = fetch(`http://127.0.0.1:${String(port)}/searches`, {
      headers: { "x-request-id": "slow" },
    });
    await expect
      .poll(async () => {
        const { rows } = await locker.query("SELECT FROM pg_locks WHERE NOT granted");
        return rows.length;
      })
      .toBe(1);
    api.kill();
    await api.said("stopping: what is being answered is finished first");
    await expect(fetch(`http://127.0.0.1:${String(port)}/health/live`)).rejects.toThrow(/fetch failed/);
    await locker.query("COMMIT");
    await locker.end();
    const response = await answer;
    expect(response.status).toBe(200);
    await response.json();
    expect(await api.exit).toBe(ExitCode.ok);
    expect(await api.said("request")).toMatchObject({
      level: "info",
      service: "api",
      request_id: "slow",
      method: "GET",
      route: "/searches",
      status: 200,
      duration_ms: expect.any(Number),
    });
  });

  it("a taken port is one clear line and its own exit code", async () => {
    const first = startApi({ PORT: "0" });
    const { port } = await first.said("listening");
    const second = startApi({ PORT: String(port) });
    expect(await second.exit).toBe(ExitCode.portTaken);
    expect(second.lines).toHaveLength(1);
    expect(second.lines[0]).toContain(`port ${String(port)} is taken by another program`);
  });

  it.each([
    [
      { DATABASE_URL: "mysql://db/x" },
      'DATABASE_URL is "mysql://db/x"; it should be a URL such as postgres://',
    ],
    [{ PORT: "http" }, 'PORT is "http"; it should be a whole number from 0 to 65535'],
    [{ CONTROL_TOKEN: "short" }, 'CONTROL_TOKEN is "***"; it should be at least 16 characters'],
    [{ CORS_ORIGINS: "https://a.example/path" }, "it should be origins split by ; such as"],
    [{ TRUST_PROXY: "maybe" }, "it should be off, or how many proxies stand before the API: 1 to 9"],
    [{ RATE_LIMIT_PER_MINUTE: "-1" }, "it should be a whole number from 0 to"],
  ])("a bad environment is one line: %j", async (environment, line) => {
    const api = startApi(environment);
    expect(await api.exit).toBe(ExitCode.badEnvironment);
    expect(api.lines).toHaveLength(1);
    expect(api.lines[0]).toContain(line);
  });
});
