import type { PriceMethod, PriceVote } from "@pricefleet/contracts";
import { sameAmount } from "./decimals.ts";

/**
 * Whose word goes before. `site`: the source knows this site, and what its own rules read (or the answer of an API) is
 * the price whatever the markup says, because sites convert what they mark up for the visitor; without that there is no
 * price. `any-page`: nobody knows the site, and the methods decide by their number.
 */
export type VotingRule = "site" | "any-page";

export interface SettledVotes {
  winner: PriceVote | null;
  /** What each method said. */
  methods: Partial<Record<PriceMethod, string>>;
  /** The votes for another amount or currency than the winner's. */
  disagreed: PriceVote[];
  /** 0.01 to 0.99; null where nobody won. */
  confidence: number | null;
}

/** Of equally many votes the first of these wins. */
const orderOfTrust: readonly PriceMethod[] = [
  "api",
  "json-ld",
  "microdata",
  "rdfa",
  "opengraph",
  "embedded-state",
  "adapter",
];

/** How often each is right by itself: measured on 56 pages of shops (docs/extraction.md), and rounded down. */
const reliability: Record<PriceMethod, number> = {
  api: 0.97,
  "json-ld": 0.9,
  microdata: 0.9,
  rdfa: 0.85,
  adapter: 0.85,
  opengraph: 0.8,
  "embedded-state": 0.8,
};
/** What a site's own rules read: all of 575 items of eBay and OLX, rounded down. */
const ownRulesReliability = 0.97;
/** What a source that knows its site reads itself, what goes before first. */
const ownRules: readonly PriceMethod[] = ["api", "adapter", "embedded-state"];

/**
 * Which of the votes of one page is its price, and how far it can be trusted. Votes agree when their amounts are the same
 * number and their currencies do not contradict each other; one that names no currency contradicts none.
 *
 * The confidence is the chance that the winner is right if each method were right as often as `reliability` says and none
 * copied from another (naive Bayes: the odds of those that agree, divided by the odds of those that do not). Methods of
 * one page often have one origin, so it ranks prices and is no probability.
 */
export function settleVotes(votes: readonly PriceVote[], rule: VotingRule): SettledVotes {
  const winner = rule === "site" ? decisiveOf(votes) : mostVotedOf(votes);
  const disagreed = winner === null ? [] : votes.filter((vote) => !agree(vote, winner));
  return {
    winner,
    methods: Object.fromEntries(votes.map(({ method, amount }) => [method, amount])),
    disagreed,
    confidence: winner && confidenceOf(winner, votes, rule),
  };
}

function decisiveOf(votes: readonly PriceVote[]): PriceVote | null {
  const [decisive] = ownRules.flatMap((method) => votes.find((vote) => vote.method === method) ?? []);
  return decisive ?? null;
}

function mostVotedOf(votes: readonly PriceVote[]): PriceVote | null {
  const supportOf = (vote: PriceVote) => votes.filter((other) => agree(vote, other)).length;
  // One without a currency agrees with all that have one, and must not hide that those contradict each other.
  const candidates = votes.filter(
    (vote) =>
      vote.currency !== null ||
      votes.every((other) => other.currency === null || !sameAmount(other.amount, vote.amount)),
  );
  const inOrder = candidates.toSorted(
    (a, b) => orderOfTrust.indexOf(a.method) - orderOfTrust.indexOf(b.method),
  );
  return inOrder.reduce<PriceVote | null>(
    (best, next) => (best === null || supportOf(next) > supportOf(best) ? next : best),
    null,
  );
}

function agree(a: PriceVote, b: PriceVote): boolean {
  return (
    sameAmount(a.amount, b.amount) &&
    (a.currency === null || b.currency === null || a.currency === b.currency)
  );
}

function confidenceOf(winner: PriceVote, votes: readonly PriceVote[], rule: VotingRule): number {
  const odds = votes.reduce((product, vote) => {
    const right =
      rule === "site" && ownRules.includes(vote.method) ? ownRulesReliability : reliability[vote.method];
    const odds = right / (1 - right);
    return agree(vote, winner) ? product * odds : product / odds;
  }, 1);
  const chance = Math.round((odds / (1 + odds)) * 100) / 100;
  return Math.min(0.99, Math.max(0.01, chance));
}
