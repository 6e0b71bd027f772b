import { setTimeout as delay } from "node:timers/promises";

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
