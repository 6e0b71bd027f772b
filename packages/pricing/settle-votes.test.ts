import { type PriceMethod, priceMethods, type PriceVote } from "@pricefleet/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameAmount, settleVotes, type VotingRule } from "./index.ts";

const vote = (method: PriceMethod, amount: string, currency: string | null = "EUR"): PriceVote => ({
  method,
  amount,
  currency,
});

describe("a source that knows its site", () => {
  it("takes the printed price of the seller, whatever the markup was converted to", () => {
    const converted = vote("json-ld", "3971.45", "USD");
    const settled = settleVotes([vote("adapter", "3500.00"), converted], "site");
    expect(settled).toMatchObject({
      winner: { amount: "3500.00", currency: "EUR" },
      methods: { adapter: "3500.00", "json-ld": "3971.45" },
      disagreed: [converted],
    });
    expect(settled.confidence).toBeLessThan(
      settleVotes([vote("adapter", "3500.00")], "site").confidence ?? 0,
    );
  });

  it("is not outvoted, and is trusted little when all the rest says otherwise", () => {
    const others = (["json-ld", "microdata", "opengraph"] as const).map((method) => vote(method, "20"));
    const settled = settleVotes([...others, vote("adapter", "10")], "site");
    expect(settled.winner?.amount).toBe("10");
    expect(settled.confidence).toBeLessThan(0.5);
  });

  it("has no price where its own rules read none: markup alone is not believed", () => {
    expect(settleVotes([vote("json-ld", "10"), vote("microdata", "10")], "site")).toMatchObject({
      winner: null,
      disagreed: [],
      confidence: null,
    });
  });

  it("believes the site's embedded state where nothing is printed", () => {
    expect(settleVotes([vote("embedded-state", "1100", "PLN")], "site").winner?.amount).toBe("1100");
  });
});

describe("the page of a site that nobody knows", () => {
  it("has the price that most methods say, of equally many the most trusted one", () => {
    const tied = [vote("opengraph", "15"), vote("json-ld", "19.9")];
    expect(settleVotes(tied, "any-page").winner?.amount).toBe("19.9");
    expect(settleVotes([...tied, vote("adapter", "15.00")], "any-page").winner?.amount).toBe("15");
  });

  it("takes the same number in another currency for another price, and no currency for a price in any", () => {
    const votes = [
      vote("json-ld", "20", "EUR"),
      vote("opengraph", "20.00", "USD"),
      vote("adapter", "20", null),
    ];
    expect(settleVotes(votes, "any-page").disagreed).toEqual([votes[1]]);
  });

  it("knows minor units for another amount than the price", () => {
    const state = vote("embedded-state", "10900");
    const votes = [vote("json-ld", "109.0"), vote("opengraph", "109.00"), state];
    expect(settleVotes(votes, "any-page")).toMatchObject({ winner: { amount: "109.0" }, disagreed: [state] });
  });
});

const anyVotes = fc.uniqueArray(
  fc.record({
    method: fc.constantFrom(...priceMethods),
    amount: fc.constantFrom("0", "5", "19.9", "19.90", "1990", "199000000000000000"),
    currency: fc.constantFrom(null, "EUR", "USD"),
  }),
  { selector: ({ method }) => method },
);
const anyRule = fc.constantFrom<VotingRule>("site", "any-page");
const holds = (rule: (votes: PriceVote[], by: VotingRule) => boolean): void =>
  fc.assert(fc.property(anyVotes, anyRule, rule), { seed: 20_261_123, numRuns: 2_000 });

describe("any votes at all", () => {
  it("give a price that somebody voted for, with a confidence above 0 and below 1, or neither", () => {
    expect(() =>
      holds((votes, rule) => {
        const { winner, confidence } = settleVotes(votes, rule);
        if (winner === null || confidence === null) return winner === confidence;
        return votes.includes(winner) && confidence > 0 && confidence < 1;
      }),
    ).not.toThrow();
  });

  it("give the same in whatever order they were read", () => {
    expect(() =>
      holds((votes, rule) => {
        const [one, other] = [settleVotes(votes, rule), settleVotes(votes.toReversed(), rule)];
        return one.winner === other.winner && one.confidence === other.confidence;
      }),
    ).not.toThrow();
  });

  it("keep what each method said, and the winner's own among nobody's who disagreed", () => {
    expect(() =>
      holds((votes, rule) => {
        const { winner, methods, disagreed } = settleVotes(votes, rule);
        const areOthers = disagreed.every(
          ({ amount, currency }) =>
            winner !== null &&
            (!sameAmount(amount, winner.amount) || (currency !== null && currency !== winner.currency)),
        );
        return areOthers && votes.every(({ method, amount }) => methods[method] === amount);
      }),
    ).not.toThrow();
  });

  it("are trusted more with one more that agrees, and less with one that does not", () => {
    expect(() =>
      holds((votes, rule) => {
        const { winner, confidence } = settleVotes(votes, rule);
        const method = priceMethods.find(
          (free) => free !== "api" && !votes.some((vote) => vote.method === free),
        );
        if (winner === null || confidence === null || method === undefined) return true;
        const agreeing = settleVotes([...votes, { ...winner, method }], rule);
        const differing = settleVotes([...votes, { method, amount: "7", currency: null }], rule);
        return (
          (agreeing.confidence ?? 0) >= confidence &&
          (differing.winner !== winner || (differing.confidence ?? 1) <= confidence)
        );
      }),
    ).not.toThrow();
  });
});
