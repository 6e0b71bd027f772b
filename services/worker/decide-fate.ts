import {
  type ErrorClass,
  messageOf,
  NoWayOutError,
  NotYetError,
  PricefleetError,
  RateLimitedError,
} from "@pricefleet/contracts";

/** What happens to a target after an attempt that failed. */
export type Fate =
  | { to: "failed" | "dead"; failure: Failure }
  | { to: "later"; failure: Failure; delayMs: number }
  /** Nothing reached the site, so the attempt is given back. */
  | { to: "later-when-there-is-a-way-out"; failure: Failure; delayMs: number }
  /** Nothing was tried: the attempt is given back. */
  | { to: "not-yet"; failure: Failure; delayMs: number }
  /** The host showed a wall, or asked for patience. The attempt is given back; while the host is closed, it waits longer. */
  | { to: "later-behind-wall"; failure: Failure; delayMs: number };

interface Failure {
  errorClass: ErrorClass;
  reason: string;
  message: string;
}

const MOST_ATTEMPTS = 5;
/** A page that shows a wall this often, while its host may be open to others, is given up. */
const MOST_WALLS = 30;
const FIRST_WAIT_BEHIND_WALL_MS = 5_000;
/** A second look tells a page cut short from a layout that really changed. */
const MOST_LOOKS_AT_A_CHANGED_LAYOUT = 2;
const FIRST_BACKOFF_MS = 2_000;
/** Shorter than the longest pause of a proxy: what comes back is used soon. */
const NO_WAY_OUT_DELAY_MS = 30_000;
const LONGEST_BACKOFF_MS = 5 * 60_000;

/**
 * The one place where an error becomes a fate. Pure: the class decides, with how many attempts were made.
 * @param attempt 1 for the first.
 * @param wallsMet how many attempts before met a wall, and were given back.
 * @param chance from 0 to 1, for the jitter.
 */
export function decideFate(error: unknown, attempt: number, wallsMet: number, chance: number): Fate {
  const failure = failureOf(error);
  if (error instanceof NoWayOutError) {
    return { to: "later-when-there-is-a-way-out", failure, delayMs: jittered(NO_WAY_OUT_DELAY_MS, chance) };
  }
  if (error instanceof NotYetError) return { to: "not-yet", failure, delayMs: error.waitMs };
  switch (failure.errorClass) {
    case "permanent":
    case "poison":
      return { to: "failed", failure };
    case "blocked":
    case "rate-limited":
      if (wallsMet + 1 >= MOST_WALLS) return { to: "dead", failure };
      return {
        to: "later-behind-wall",
        failure,
        delayMs: backoffMs(wallsMet + 1, chance, FIRST_WAIT_BEHIND_WALL_MS),
      };
    case "temporary":
      return laterOrDead(MOST_ATTEMPTS);
    case "layout-changed":
      return laterOrDead(MOST_LOOKS_AT_A_CHANGED_LAYOUT);
  }

  function laterOrDead(mostAttempts: number): Fate {
    if (attempt >= mostAttempts) return { to: "dead", failure };
    return { to: "later", failure, delayMs: backoffMs(attempt, chance, FIRST_BACKOFF_MS) };
  }
}

/** Exponential, with jitter. */
function backoffMs(attempt: number, chance: number, firstMs: number): number {
  return jittered(Math.min(LONGEST_BACKOFF_MS, firstMs * 2 ** (attempt - 1)), chance);
}

/** By half to either side, so that targets that failed together do not come back together. */
function jittered(delayMs: number, chance: number): number {
  return Math.round(delayMs * (0.5 + chance));
}

/** What a failed answer says of its host, apart from its target. */
export function hostTroubleOf(error: unknown): HostTrouble {
  if (error instanceof NotYetError) return { is: "none" };
  const { errorClass, reason } = failureOf(error);
  if (errorClass === "blocked" || errorClass === "rate-limited") {
    const askedForMs = error instanceof RateLimitedError ? error.retryAfterMs : null;
    return { is: "wall", reason, askedForMs };
  }
  if (reason === "overloaded") return { is: "overloaded" };
  return { is: errorClass === "temporary" ? "none" : "answered" };
}

export type HostTrouble =
  /** askedForMs is null where the site named no time. */
  | { is: "wall"; reason: string; askedForMs: number | null }
  | { is: "overloaded" }
  /** The page was no good, but the host let us in. */
  | { is: "answered" }
  | { is: "none" };

/** An error that nobody foresaw is a bug of ours or a whim of the network: it is tried again, and named as such. */
function failureOf(error: unknown): Failure {
  if (error instanceof PricefleetError) {
    return { errorClass: error.errorClass, reason: error.reason, message: messageOf(error) };
  }
  return { errorClass: "temporary", reason: "unexpected", message: messageOf(error) };
}
