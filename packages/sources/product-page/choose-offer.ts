import type { PriceMethod } from "@pricefleet/contracts";
import { type SettledVotes, settleVotes } from "@pricefleet/pricing";
import { voteOf } from "../reading/index.ts";
import type { ProductSays } from "./product-says.ts";

export type Said = readonly { method: PriceMethod; says: ProductSays }[];

/** What the most trusted of those says whose price won; null if no method read one. Nobody's word goes before. */
export function chooseOffer(said: Said): { chosen: ProductSays | null; votes: SettledVotes } {
  const votes = settleVotes(
    said.flatMap(({ method, says }) => voteOf(method, says)),
    "any-page",
  );
  const outvoted = new Set(votes.disagreed.map(({ method }) => method));
  const chosen = said.find(({ method, says }) => says.amount !== null && !outvoted.has(method))?.says ?? null;
  return { chosen, votes };
}
