import { parseEnvironment, wholeNumber } from "@pricefleet/contracts";
import { describe, test } from "vitest";
import { z } from "zod";
import { faults } from "./faults/index.ts";
import { goThrough } from "./go-through.ts";

const LONGEST_RUN_MS = 25 * 60_000;
const { CHAOS_TARGETS: targets, FAULT: only } = parseEnvironment(
  z.object({
    CHAOS_TARGETS: wholeNumber(40, 100_000).default(2_000),
    FAULT: z
      .enum(
        faults.map(({ name }) => name),
        { error: `one of ${faults.map(({ name }) => name).join(", ")}` },
      )
      .optional(),
  }),
);

describe("a run in which one thing goes wrong, and which is stopped and resumed", () => {
  for (const fault of faults.filter(({ name }) => only === undefined || name === only)) {
    test(fault.name, { timeout: LONGEST_RUN_MS }, async ({ task, skip }) => {
      if (typeof fault.missing === "string") skip(fault.missing);
      const { done, dead, poison, fetches, grownMb } = await goThrough(
        fault,
        Math.min(targets, fault.mostTargets ?? targets),
      );
      task.meta.account = `${done} done, ${dead} dead, ${poison} poison, ${fetches} fetches, +${grownMb} MB`;
    });
  }
});
