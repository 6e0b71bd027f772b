import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("without SENTRY_DSN nothing of Sentry is loaded", () => {
  const door = JSON.stringify(join(import.meta.dirname, "index.ts"));
  const loads = (env: string) =>
    spawnSync(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        `const { registerHooks } = await import("node:module");
         const seen = [];
         registerHooks({ load: (url, context, next) => (seen.push(url), next(url, context)) });
         const { createServiceLogger, runService } = await import(${door});
         const env = { LOG_LEVEL: "info", LOG_FORMAT: "json", ENVIRONMENT: "test", SENTRY_TRACES_SAMPLE_RATE: 0, ...${env} };
         await runService("test", env, createServiceLogger(env, "test"), async () => 0);
         console.log(seen.filter((url) => url.includes("@sentry")).length);`,
      ],
      { encoding: "utf8" },
    ).stdout.trim();
  expect(loads("{}")).toBe("0");
  expect(Number(loads('{ SENTRY_DSN: "http://key@127.0.0.1:1/1" }'))).toBeGreaterThan(0);
});
