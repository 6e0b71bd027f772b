import { execFile } from "node:child_process";
import { join } from "node:path";
import { ExitCode } from "@pricefleet/contracts";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const sound = {
  PATH: process.env["PATH"],
  DATABASE_URL: "postgres://worker:secret@127.0.0.1:1/pricefleet",
  AMQP_URL: "amqp://worker:secret@127.0.0.1:1",
};

describe("a bad environment variable is one line that names it, what it got and what it wants, and exit code 2", () => {
  it.each([
    ["collector", { MAX_PAGES: "many" }, 'MAX_PAGES is "many"; it should be a whole number from 0 to 100000'],
    [
      "collector",
      { SOURCE: "tradingview" },
      /^SOURCE is "tradingview"; it should be one of (\w.*, )?ebay, .*sample/,
    ],
    ["collector", { RUN_ID: "99999999999999999999" }, /^RUN_ID is "9+"; it should be the number of a run\n/],
    [
      "collector",
      { SAMPLE_BASE_URL: "ftp://x" },
      /^SAMPLE_BASE_URL is "ftp:\/\/x"; it should be a URL such as https:/,
    ],
    [
      "collector",
      { COLLECT_SCHEDULE: "0 6 * *" },
      'COLLECT_SCHEDULE is "0 6 * *"; it should be five cron fields such as 0 6 * * 1-5: it has 4 fields, not five',
    ],
    [
      "collector",
      { COLLECT_TIME_ZONE: "Berlin" },
      'COLLECT_TIME_ZONE is "Berlin"; it should be a time zone such as Europe/Berlin',
    ],
    ["worker", { FETCH_MODE: "curl" }, 'FETCH_MODE is "curl"; it should be auto, http or browser'],
    [
      "worker",
      { WORKER_QUEUES: "everything:1" },
      /^WORKER_QUEUES is "everything:1"; it should be pairs such as .* queues are listing_enrichment, /,
    ],
    ["worker", { WORKER_QUEUES: "quote_refresh:0" }, /^WORKER_QUEUES is .*; it should be pairs such as /],
    ["worker", { WORKER_MODE: "once" }, 'WORKER_MODE is "once"; it should be serve or drain'],
    ["worker", { DATABASE_URL: " " }, /^DATABASE_URL is not set; it should be a URL such as postgres:/],
    [
      "dispatcher",
      { REPUBLISH_AFTER_SECONDS: "1.5" },
      'REPUBLISH_AFTER_SECONDS is "1.5"; it should be a whole number from 1 to 86400',
    ],
    ["dispatcher", { LOG_LEVEL: "loud" }, 'LOG_LEVEL is "loud"; it should be error, warn, info or debug'],
  ])("%s with %o", async (service, wrong, line) => {
    const { exitCode, stdout, stderr } = await run(service, { ...sound, ...wrong });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(line);
    expect({ exitCode, stdout }).toEqual({ exitCode: ExitCode.badEnvironment, stdout: "" });
  });

  it.each([
    // Not percent-encoded, as passwords are pasted.
    ["DATABASE_URL", "postgres://worker:hunter2/with#signs@db.example/x"],
    ["AMQP_URL", "ampq://worker:hunter2@mq.example"],
    ["PROXY_URL", "socks://me:hunter2@proxy.example:1080"],
  ])("%s never shows its password: %s", async (variable, value) => {
    const { exitCode, stderr } = await run("worker", { ...sound, [variable]: value });
    expect(exitCode).toBe(ExitCode.badEnvironment);
    expect(stderr).toContain(`${variable} is "`);
    expect(stderr).toContain("example");
    expect(stderr).not.toContain("hunter2");
  });
});

function run(service: string, env: Record<string, string | undefined>) {
  return new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [`services/${service}/main.ts`],
      { cwd: root, env, timeout: 20_000 },
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode, stdout, stderr }),
    );
  });
}
