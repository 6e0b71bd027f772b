/** How long each phase of a fetch may take, in milliseconds. */
export interface Timeouts {
  /** Resolving, connecting and TLS, each. */
  connectMs: number;
  /** From the request to the response's headers. */
  headersMs: number;
  /** Between two pieces of the body. */
  bodyIdleMs: number;
  /** A whole HTTP fetch, redirects included. */
  httpTotalMs: number;
  /** A whole browser fetch, waiting for scripts included. */
  browserTotalMs: number;
  /** How long scripts have to turn a page that reads badly into one that reads well. */
  settleMs: number;
}

export const defaultTimeouts: Timeouts = {
  connectMs: 10_000,
  headersMs: 20_000,
  bodyIdleMs: 15_000,
  httpTotalMs: 45_000,
  browserTotalMs: 60_000,
  settleMs: 12_000,
};
