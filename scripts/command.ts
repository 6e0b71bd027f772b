import { BadEnvironmentError, ExitCode, messageOf } from "@pricefleet/contracts";
import { CollectorFailedError } from "./collect-run.ts";
import { InterruptedError, interruption } from "./interruption.ts";
import { PortTakenError } from "./stack.ts";

/**
 * Runs one make target: sets the exit code that it gives, or prints the message of what it throws, with the exit code
 * of that kind of failure. Expected failures come without a stack.
 */
export async function runCommand(command: (interrupted: AbortSignal) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command(interruption());
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    if (!(error instanceof InterruptedError)) console.error(messageOf(error));
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return 130;
  if (error instanceof BadEnvironmentError) return ExitCode.badEnvironment;
  if (error instanceof PortTakenError) return ExitCode.portTaken;
  if (error instanceof CollectorFailedError) return error.exitCode;
  return ExitCode.unexpected;
}
