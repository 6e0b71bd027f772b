import { parseEnvironment, wholeNumber } from "@pricefleet/contracts";
import { expect, test } from "vitest";
import { z } from "zod";
import { faults } from "./faults/index.ts";
import { goThrough } from "./go-through.ts";
import { pushHundredThousand } from "./hundred-thousand.ts";

const LONGEST_RUN_MS = 25 * 60_000;
const runs = [
  ...faults.map((fault) => ({
    name: fault.name,
    missing: fault.missing ?? null,
    go: (targets: number) => goThrough(fault, Math.min(targets, fault.mostTargets ?? targets)),
  })),
  { name: "hundred-thousand-at-once", missing: null, go: pushHundredThousand },
];
const names = runs.map(({ name }) => name);
const env = parseEnvironment(
  z.object({
    FAULT: z.enum(names, { error: `one of ${names.join(", ")}` }).optional(),
    CHAOS_TARGETS: wholeNumber(40, 100_000).default(2_000),
  }),
);

const wanted = runs.filter(({ name }) => env.FAULT === undefined || env.FAULT === name);

test.for(wanted)("$name", { timeout: LONGEST_RUN_MS }, async ({ missing, go }, { task, skip }) => {
  if (missing !== null) skip(missing);
  const { done, dead, poison, fetches, grownMb } = await go(env.CHAOS_TARGETS);
  expect(done).toBeGreaterThan(0);
  task.meta.account = `${done} done, ${dead} dead, ${poison} poison, ${fetches ?? "no"} fetches, ${grownMb} MB more`;
});
