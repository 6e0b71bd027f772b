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
const holds = (rule: (votes: PriceVote[], by: VotingRule) => void): void =>
  fc.assert(fc.property(anyVotes, anyRule, rule), { seed: 20_261_123, numRuns: 2_000 });

describe("any votes at all", () => {
  it("give a price that somebody voted for, with a confidence above 0 and below 1, or neither", () => {
    holds((votes, rule) => {
      const { winner, confidence } = settleVotes(votes, rule);
      if (winner === null) {
        expect(confidence).toBeNull();
        return;
      }
      expect(votes).toContain(winner);
      expect(confidence).toBeGreaterThan(0);
      expect(confidence).toBeLessThan(1);
    });
  });

  it("give the same in whatever order they were read", () => {
    holds((votes, rule) => {
      const [one, other] = [votes, votes.toReversed()].map((order) => settleVotes(order, rule));
      expect(other?.winner).toEqual(one?.winner);
      expect(other?.confidence).toBe(one?.confidence);
    });
  });

  it("keep what each method said, and none both for and against the winner", () => {
    holds((votes, rule) => {
      const { winner, methods, disagreed } = settleVotes(votes, rule);
      expect(Object.keys(methods)).toHaveLength(votes.length);
      expect(disagreed).not.toContain(winner);
      for (const { amount, currency } of disagreed) {
        const isOtherCurrency = currency !== null && winner?.currency != null && currency !== winner.currency;
        expect(winner !== null && (isOtherCurrency || !sameAmount(amount, winner.amount))).toBe(true);
      }
    });
  });

  it("are trusted more with one more that agrees, and less with one that does not", () => {
    holds((votes, rule) => {
      const { winner, confidence } = settleVotes(votes, rule);
      const free = priceMethods.find(
        (method) => method !== "api" && votes.every((vote) => vote.method !== method),
      );
      if (winner === null || confidence === null || free === undefined) return;
      const agreeing = settleVotes([...votes, { ...winner, method: free }], rule);
      if (sameAmount(agreeing.winner?.amount ?? "-1", winner.amount))
        expect(agreeing.confidence).toBeGreaterThanOrEqual(confidence);
      const other = settleVotes([...votes, { method: free, amount: "7", currency: null }], rule);
      if (other.winner === winner) expect(other.confidence).toBeLessThanOrEqual(confidence);
    });
  });
});
