import {
  type ErrorClass,
  messageOf,
  NoWayOutError,
  PricefleetError,
  RateLimitedError,
} from "@pricefleet/contracts";

/** What happens to a target after an attempt that failed. */
export type Fate =
  | { to: "failed" | "dead"; failure: Failure }
  | { to: "later"; failure: Failure; delayMs: number }
  /** Nothing reached the site, so the attempt is given back. */
  | { to: "later-when-there-is-a-way-out"; failure: Failure; delayMs: number }
  | {
      /** Nobody asks this host for a while: it showed a wall, or asked for patience. The attempt is given back. */
      to: "later-with-host-closed";
      failure: Failure;
      /** Null: the site named no time. */
      askedForMs: number | null;
    };

interface Failure {
  errorClass: ErrorClass;
  reason: string;
  message: string;
}

const MOST_ATTEMPTS = 5;
/** A second look tells a page cut short from a layout that really changed. */
const MOST_LOOKS_AT_A_CHANGED_LAYOUT = 2;
const FIRST_BACKOFF_MS = 2_000;
/** Shorter than the longest pause of a proxy: what comes back is used soon. */
const NO_WAY_OUT_DELAY_MS = 30_000;
const LONGEST_BACKOFF_MS = 5 * 60_000;

/**
 * The one place where an error becomes a fate. Pure: the class decides, with how many attempts were made.
 * @param attempt 1 for the first.
 * @param chance from 0 to 1, for the jitter.
 */
export function decideFate(error: unknown, attempt: number, chance: number): Fate {
  const failure = failureOf(error);
  if (error instanceof NoWayOutError) {
    return { to: "later-when-there-is-a-way-out", failure, delayMs: jittered(NO_WAY_OUT_DELAY_MS, chance) };
  }
  switch (failure.errorClass) {
    case "permanent":
    case "poison":
      return { to: "failed", failure };
    case "blocked":
    case "rate-limited": {
      const askedForMs = error instanceof RateLimitedError ? error.retryAfterMs : null;
      return { to: "later-with-host-closed", failure, askedForMs };
    }
    case "temporary":
      return laterOrDead(MOST_ATTEMPTS);
    case "layout-changed":
      return laterOrDead(MOST_LOOKS_AT_A_CHANGED_LAYOUT);
  }

  function laterOrDead(mostAttempts: number): Fate {
    if (attempt >= mostAttempts) return { to: "dead", failure };
    return { to: "later", failure, delayMs: backoffMs(attempt, chance) };
  }
}

/** Exponential, with jitter. */
function backoffMs(attempt: number, chance: number): number {
  const full = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1));
  return jittered(full, chance);
}

/** By half to either side, so that targets that failed together do not come back together. */
function jittered(delayMs: number, chance: number): number {
  return Math.round(delayMs * (0.5 + chance));
}

/** An error that nobody foresaw is a bug of ours or a whim of the network: it is tried again, and named as such. */
function failureOf(error: unknown): Failure {
  if (error instanceof PricefleetError) {
    return { errorClass: error.errorClass, reason: error.reason, message: messageOf(error) };
  }
  return { errorClass: "temporary", reason: "unexpected", message: messageOf(error) };
}
