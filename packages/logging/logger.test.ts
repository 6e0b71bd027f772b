import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

/** What a service with this environment writes on stderr. */
function logOf(env: Record<string, string>): string {
  const door = JSON.stringify(join(import.meta.dirname, "index.ts"));
  const program = `
    const { createServiceLogger } = await import(${door});
    const logger = createServiceLogger(${JSON.stringify(env)}, "worker");
    logger.debug("hardly ever of use");
    logger.child({ run_id: "7" }).error("went wrong", new Error("the cause"));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  expect(stdout).toBe("");
  return stderr;
}

test("a line for machines names the service, where it runs, and what it is about", () => {
  const lines = logOf({ LOG_LEVEL: "info", LOG_FORMAT: "json", ENVIRONMENT: "staging" }).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      level: "error",
      message: expect.stringContaining("went wrong"),
      service: "worker",
      environment: "staging",
      run_id: "7",
      worker: expect.stringMatching(/^\S+\/\d+$/),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      stack: expect.stringContaining("the cause"),
    },
  ]);
});

test("no secret of the environment is written, wherever in the line it is and however it is escaped", () => {
  const log = logOf({
    LOG_LEVEL: "debug",
    LOG_FORMAT: "json",
    ENVIRONMENT: "staging",
    CONTROL_TOKEN: "the cause",
    DATABASE_URL: "postgres://pricefleet_worker:from-db-7@db/pricefleet",
  });
  expect(log).not.toContain("the cause");
  expect(log).toContain("went wrong ***");
});

test("a line for people is short, and bears the service's own name", () => {
  const env = { LOG_LEVEL: "debug", LOG_FORMAT: "console", ENVIRONMENT: "staging", SERVICE_NAME: "worker-3" };
  const log = logOf(env);
  expect(log).toMatch(/\[worker-3\] hardly ever of use/);
  expect(log).toMatch(/\[worker-3\] went wrong.*run_id=7/);
  expect(log).not.toContain("staging");
});
