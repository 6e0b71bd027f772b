import { setTimeout as delay } from "node:timers/promises";

const CLOSE_TIMEOUT_MS = 5_000;

export const tooLate = Symbol("too late");

/** What the work gives, or `tooLate`. The work itself goes on; a failure of it after that is not heard. */
export async function withinTime<Result>(
  timeoutMs: number,
  work: Promise<Result>,
): Promise<Result | typeof tooLate> {
  const finished = new AbortController();
  const timeout = delay(timeoutMs, tooLate, { signal: finished.signal });
  timeout.catch(() => undefined);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    finished.abort();
  }
}

/** Closing fails where the other side has closed already, and never ends where it dies in between. Neither matters. */
export async function closeInTime(open: { close(): Promise<void> }): Promise<void> {
  const closing = open.close().catch(() => undefined);
  await withinTime(CLOSE_TIMEOUT_MS, closing);
}
