// make test: installs the servers the tests need, runs vitest, and ends with one line of counts.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findOrInstallChromium, installServerPackages } from "./servers/index.ts";
import { countResults, type TestReport } from "./test-report.ts";

const TIME_LIMIT_MS = 20 * 60_000;
const root = join(import.meta.dirname, "..");
const reportFile = join(root, ".local", "test", "report.json");

const report = (line: string) => console.error(line);
installServerPackages(["postgres", "rabbitmq"], report);
const chromiumPath = findOrInstallChromium(report);

mkdirSync(join(root, ".local", "test"), { recursive: true });
rmSync(reportFile, { force: true });
const exitCode = await runVitest(process.argv.slice(2));
const results = existsSync(reportFile)
  ? (JSON.parse(readFileSync(reportFile, "utf8")) as TestReport)
  : { testResults: [] };
const { passed, failed, skipped } = countResults(results, exitCode);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;

/** The exit code; null when it had to be killed. */
async function runVitest(paths: readonly string[]): Promise<number | null> {
  const coverage = paths.length === 0 ? ["--coverage"] : [];
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const vitest = spawn(
    process.execPath,
    [join(root, "node_modules/.bin/vitest"), "run", ...coverage, ...reporters, ...paths],
    {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, CHROMIUM_PATH: chromiumPath },
      timeout: TIME_LIMIT_MS,
      killSignal: "SIGKILL",
    },
  );
  // Ctrl-C reaches vitest by itself; this process waits for it to stop its servers.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => vitest.kill("SIGTERM"));
  return await new Promise((resolve, reject) => {
    vitest.once("error", reject);
    vitest.once("exit", resolve);
  });
}
