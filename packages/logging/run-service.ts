import { ExitCode } from "@pricefleet/contracts";
import {
  type ErrorReportsEnvironment,
  flushErrorReports,
  reportUnexpected,
  startErrorReports,
} from "./error-reports.ts";
import { logFailure } from "./log-failure.ts";
import type { Logger } from "./logger.ts";

/**
 * Runs a service to its end. What it throws, and what crashes it from elsewhere, is logged without credentials and
 * reported, and has left when the process ends. @returns what the process ends with.
 */
export async function runService(
  name: string,
  env: ErrorReportsEnvironment,
  logger: Logger,
  run: () => Promise<ExitCode>,
): Promise<ExitCode> {
  // Left to itself Node would print the error as it is.
  let isCrashing = false;
  const crash = (error: unknown) => {
    if (!isCrashing) void crashed(name, logger, error);
    isCrashing = true;
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  await startErrorReports(env, name);
  let exitCode: ExitCode;
  try {
    exitCode = await run();
  } catch (error) {
    exitCode = logFailure(logger, name, error);
    reportUnexpected(error);
  }
  await flushErrorReports();
  return exitCode;
}

async function crashed(name: string, logger: Logger, error: unknown): Promise<void> {
  logFailure(logger, name, error);
  reportUnexpected(error);
  await flushErrorReports();
  process.exit(ExitCode.unexpected);
}
