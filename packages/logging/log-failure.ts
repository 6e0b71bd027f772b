import { type ExitCode, exitCodeOf, messageOf } from "@pricefleet/contracts";
import type { Logger } from "./logger.ts";

/** The last line of a service that an error has ended. @returns what its process ends with. */
export function logFailure(logger: Logger, service: string, error: unknown): ExitCode {
  logger.error(`the ${service} cannot go on`, {
    error: messageOf(error),
    stack: error instanceof Error ? error.stack : undefined,
  });
  return exitCodeOf(error);
}
