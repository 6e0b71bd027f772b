/**
 * npm run -s reextract -- [--source NAME] [--run ID] [--since DAY] [--state changed|all] [--limit N] [--apply]
 *
 * Reads kept pages again (services/reextract). Without DATABASE_URL it is the book of what `make up` started.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ExitCode } from "@pricefleet/contracts";
import { findRunningStack } from "./running-stack.ts";

const isTold = process.env["DATABASE_URL"] !== undefined;
const { status } = spawnSync(
  process.execPath,
  [fileURLToPath(new URL("../services/reextract/main.ts", import.meta.url)), ...process.argv.slice(2)],
  { stdio: "inherit", env: { ...(isTold ? {} : findRunningStack()?.workerEnvironment), ...process.env } },
);
process.exitCode = status ?? ExitCode.unexpected;
