import { messageOf } from "@pricefleet/contracts";
import { type Claim, prolongRefresh } from "@pricefleet/database";
import type { Workbench } from "./workbench.ts";

/** More often than a lease in doubt lasts, so that a worker that lives keeps it. */
const SIGN_OF_LIFE_MS = 2_000;

/** Gives signs of life of the refresh in hand until it is disposed. A process that is killed or hangs gives none. */
export function keepLease(claim: Claim, leaseSeconds: number, { db, logger }: Workbench): Disposable {
  const timer = setInterval(() => {
    prolongRefresh(db, claim, leaseSeconds).catch((error: unknown) =>
      // The next one may come through; without any the finish counts as long as nobody else has the target.
      logger.debug("a lease could not be prolonged", { error: messageOf(error) }),
    );
  }, SIGN_OF_LIFE_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
