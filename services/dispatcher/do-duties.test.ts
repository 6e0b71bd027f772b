import { NotLeadingError, type Term } from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { describe, expect, it } from "vitest";
import { doDuties } from "./do-duties.ts";
import type { Duty, Office } from "./duties.ts";

const term: Term = { name: "dispatcher", holder: "a test", epoch: "1" };
const office = { logger: createLogger({ service: "test", level: "error", format: "json" }) } as Office;

/** A duty that notes each of its turns, and is over with what `work` gives. */
function noting(name: string, turns: string[], work: () => Promise<void>): Duty {
  return {
    name,
    everyMs: 1,
    async run() {
      turns.push(name);
      await work();
    },
  };
}

describe("a leader's duties", () => {
  it("all end with the term, once one of them is refused because another leads", async () => {
    const turns: string[] = [];
    const neverWrites = noting("sweep", turns, async () => undefined);
    const isRefused = noting("publish", turns, async () => {
      if (turns.length > 10) throw new NotLeadingError("the term 1 of dispatcher is over");
    });
    await doDuties(term, new AbortController().signal, office, [neverWrites, isRefused]);
    const turnsOfTheTerm = turns.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(turns).toHaveLength(turnsOfTheTerm);
  });

  it("goes on with a duty that failed, at its next turn, and with the others", async () => {
    const over = new AbortController();
    const turns: string[] = [];
    const fails = noting("fails", turns, async () => {
      throw new Error("PostgreSQL is away");
    });
    const works = noting("works", turns, async () => {
      if (turns.filter((name) => name === "fails").length > 2) over.abort();
    });
    await doDuties(term, over.signal, office, [fails, works]);
    expect(turns.filter((name) => name === "fails").length).toBeGreaterThan(2);
  });
});
