import { ExitCode } from "@pricefleet/contracts";

/**
 * Aborts at the first Ctrl-C (or SIGTERM, or a closed terminal), so that the script can stop what it started in order.
 * The second one ends the script at once; what it started then gets its parent death signal.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(ExitCode.unexpected);
      controller.abort(new InterruptedError(signal));
    });
  }
  return controller.signal;
}

/** The person, or the system, wants the script to end. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
  }
}

/** Resolves when the signal is aborted. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
