import { TemporaryError } from "@pricefleet/contracts";

/** @throws TemporaryError `timeout` when the work takes longer; nobody waits for it then. */
export async function withinTime<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new TemporaryError("timeout", `${what} took over ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Did it end, well or badly, in time? */
export async function finishedWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const ended = work.then(
    () => true,
    () => true,
  );
  return withinTime(ended, timeoutMs, "closing").catch(() => false);
}
