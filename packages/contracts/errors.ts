import { redact } from "./redact.ts";

/**
 * The classes of error. The class alone decides what happens to a target next (services/worker/decide-fate.ts);
 * code that meets a failure throws the class that names it, and no `catch` elsewhere decides.
 */
export const errorClasses = [
  "permanent",
  "temporary",
  "blocked",
  "rate-limited",
  "layout-changed",
  "poison",
] as const;
export type ErrorClass = (typeof errorClasses)[number];

interface FailureOptions {
  cause?: unknown;
}

/** Base of all expected failures. `reason` is a short kebab-case word that people group failures by. */
export abstract class PricefleetError extends Error {
  abstract readonly errorClass: ErrorClass;
  readonly reason: string;
  constructor(reason: string, message: string, options: FailureOptions = {}) {
    super(message, options);
    this.reason = reason;
    this.name = new.target.name;
  }
}

/** Another try would end the same: 404, an ended page, an invalid or forbidden address. */
export class PermanentError extends PricefleetError {
  readonly errorClass = "permanent";
}

/** A listing's page is no more, or shows nothing of it but its end. `reason`: gone. */
export class GoneError extends PermanentError {
  /** Null: the page does not say. */
  readonly ending: "sold" | "ended" | null;
  constructor(message: string, ending: "sold" | "ended" | null) {
    super("gone", message);
    this.ending = ending;
  }
}

/** Another try may go well: network, 5xx, a browser crash, a time-out. */
export class TemporaryError extends PricefleetError {
  readonly errorClass = "temporary";
}

/**
 * There is no proxy, or no Tor, to leave by. Nothing has reached the site, so waiting for one is not an attempt.
 * `reason`: proxies-down or tor-down.
 */
export class NoWayOutError extends TemporaryError {}

/** The site shows a wall instead of the page. Waiting for it is not an attempt. `reason`: blocked, captcha or login. */
export class BlockedError extends PricefleetError {
  readonly errorClass = "blocked";
}

/** The site asks for patience (429). Waiting for it is not an attempt. */
export class RateLimitedError extends PricefleetError {
  readonly errorClass = "rate-limited";
  /** What Retry-After asks for, in milliseconds; null if the site did not say. */
  readonly retryAfterMs: number | null;
  constructor(reason: string, message: string, retryAfterMs: number | null, options: FailureOptions = {}) {
    super(reason, message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The page came, but the extractor does not find what it must: the site's layout is not the one it knows. */
export class LayoutChangedError extends PricefleetError {
  readonly errorClass = "layout-changed";
}

/** Nothing went wrong, and nothing was tried: the host has no room now. Not an attempt. */
export class NotYetError extends PricefleetError {
  readonly errorClass = "temporary";
  readonly waitMs: number;
  constructor(reason: string, message: string, waitMs: number) {
    super(reason, message);
    this.waitMs = waitMs;
  }
}

/** A message that cannot be read, or that names work nobody knows. */
export class PoisonError extends PricefleetError {
  readonly errorClass = "poison";
}

/** The message of anything thrown, for logs and the `last_error` of a target: without credentials. */
export function messageOf(error: unknown): string {
  return redact(error instanceof Error ? error.message : String(error));
}
