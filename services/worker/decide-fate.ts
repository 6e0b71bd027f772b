import {
  type ErrorClass,
  messageOf,
  NoWayOutError,
  NotYetError,
  PricefleetError,
  RateLimitedError,
  REFRESH_BACKOFF,
} from "@pricefleet/contracts";

/** What happens to a target after an attempt that failed. */
export type Fate =
  | { to: "failed" | "dead"; failure: Failure }
  | { to: "later"; failure: Failure; delayMs: number }
  /** A target that recurs is read again then; its failures in a row go on counting. */
  | { to: "next-refresh"; failure: Failure; delayMs: number }
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

interface Budget {
  /** Spent attempts, or for walls those that were given back, after which a target ends. */
  most: number;
  end: "failed" | "dead";
  /** The first wait; each next one is twice as long, up to LONGEST_BACKOFF_MS. */
  firstWaitMs: number;
}

/** The whole table; docs/reliability.md shows it to people. */
const budgets: Record<ErrorClass, Budget> = {
  permanent: { most: 1, end: "failed", firstWaitMs: 0 },
  poison: { most: 1, end: "failed", firstWaitMs: 0 },
  temporary: { most: 5, end: "dead", firstWaitMs: 2_000 },
  // A second look tells a page cut short from a layout that really changed.
  "layout-changed": { most: 2, end: "dead", firstWaitMs: 2_000 },
  // A page that shows a wall this often, while its host may be open to others, is given up.
  blocked: { most: 30, end: "dead", firstWaitMs: 5_000 },
  "rate-limited": { most: 30, end: "dead", firstWaitMs: 5_000 },
};
/** Waiting logs nobody in: after a few looks, for it may be a mood of the site's bot check, a person is needed. */
const loginBudget: Budget = { most: 5, end: "dead", firstWaitMs: 5_000 };
const LONGEST_BACKOFF_MS = 5 * 60_000;
/** Shorter than the longest pause of a proxy: what comes back is used soon. */
const NO_WAY_OUT_DELAY_MS = 30_000;

/** What has been tried of a target so far. */
interface Tried {
  /** 1 for the first. Of a target that recurs: how often in a row it has failed, this time included. */
  attempt: number;
  /** How many attempts before met a wall, and were given back. */
  wallsMet: number;
  /** It never ends: a limit ends one refresh. */
  recurs: boolean;
}

/**
 * The one place where an error becomes a fate. Pure: the class decides, with how many attempts were made.
 * @param chance from 0 to 1, for the jitter.
 */
export function decideFate(error: unknown, { attempt, wallsMet, recurs }: Tried, chance: number): Fate {
  const failure = failureOf(error);
  if (error instanceof NoWayOutError) {
    return { to: "later-when-there-is-a-way-out", failure, delayMs: jittered(NO_WAY_OUT_DELAY_MS, chance) };
  }
  if (error instanceof NotYetError) return { to: "not-yet", failure, delayMs: error.waitMs };
  if (recurs) {
    // Also after a wall: what the host wants is kept by its clock and its breaker, which the next claim asks.
    const { stepSeconds, longestSeconds } = REFRESH_BACKOFF;
    return { to: "next-refresh", failure, delayMs: 1_000 * Math.min(stepSeconds * attempt, longestSeconds) };
  }
  const isWall = failure.errorClass === "blocked" || failure.errorClass === "rate-limited";
  const { most, end, firstWaitMs } = failure.reason === "login" ? loginBudget : budgets[failure.errorClass];
  const spent = isWall ? wallsMet + 1 : attempt;
  if (spent >= most) return { to: end, failure };
  const delayMs = backoffMs(spent, chance, firstWaitMs);
  return { to: isWall ? "later-behind-wall" : "later", failure, delayMs };
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
