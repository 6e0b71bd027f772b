import { parseEnvironment, wholeNumber } from "@pricefleet/contracts";
import { expect, test } from "vitest";
import { z } from "zod";
import type { Account } from "./assert-nothing-lost.ts";
import { faults } from "./faults/index.ts";
import { goThrough } from "./go-through.ts";
import { pushHundredThousand } from "./hundred-thousand.ts";
import { turnQuotes } from "./turn-quotes.ts";

const LONGEST_RUN_MS = 25 * 60_000;
const names = [...faults.map(({ name }) => name), "hundred-thousand-at-once", "quotes-turning"];
const env = parseEnvironment(
  z.object({
    FAULT: z.enum(names, { error: `one of ${names.join(", ")}` }).optional(),
    CHAOS_TARGETS: wholeNumber(40, 100_000).default(2_000),
    CHAOS_QUOTE_MINUTES: wholeNumber(1, 1_440).default(10),
    /** Of the order in which quotes-turning kills. */
    CHAOS_SEED: wholeNumber(0, 1_000_000).default(1),
  }),
);

/** Each gives the words of its line. */
const runs = [
  ...faults.map((fault) => ({
    name: fault.name,
    missing: fault.missing ?? null,
    go: async () =>
      inWords(await goThrough(fault, Math.min(env.CHAOS_TARGETS, fault.mostTargets ?? Infinity))),
  })),
  {
    name: "hundred-thousand-at-once",
    missing: null,
    go: async () => inWords(await pushHundredThousand()),
  },
  {
    name: "quotes-turning",
    missing: null,
    go: () => turnQuotes(env.CHAOS_QUOTE_MINUTES, env.CHAOS_SEED),
  },
];

const wanted = runs.filter(({ name }) => env.FAULT === undefined || env.FAULT === name);

test.for(wanted)(
  "$name",
  { timeout: LONGEST_RUN_MS + env.CHAOS_QUOTE_MINUTES * 60_000 },
  async ({ missing, go }, { task, skip }) => {
    if (missing !== null) skip(missing);
    const account = await go();
    expect(account).not.toBe("");
    task.meta.account = account;
  },
);

function inWords(account: Account & { fetches: number | null; grownMb: number }): string {
  const { done, dead, poison, fetches, grownMb } = account;
  expect(done).toBeGreaterThan(0);
  return `${done} done, ${dead} dead, ${poison} poison, ${fetches ?? "no"} fetches, ${grownMb} MB more`;
}
