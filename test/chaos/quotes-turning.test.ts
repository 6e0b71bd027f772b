import { expect, test } from "vitest";
import { turnQuotes } from "./turn-quotes.ts";

/** Ends when everything was killed once, about two minutes later. `make test-chaos` goes on for longer. */
const MINUTES = 1;
const SEED = 1;

test("while everything is killed once, no instrument's quote waits longer than its backoff and the outage", {
  timeout: 600_000,
}, async () => {
  expect(await turnQuotes(MINUTES, SEED)).toMatch(/refreshes/);
});
