import type { Item, PriceMethod, PriceVote } from "@pricefleet/contracts";
import { normalizeAmount, type SettledVotes } from "@pricefleet/pricing";
import type { StructuredOffer } from "./structured-data.ts";

/** What a method read, as a vote; none where it read no price. */
export function voteOf(
  method: PriceMethod,
  said: { amount: string | null; currency: string | null } | null,
): PriceVote[] {
  return said?.amount == null ? [] : [{ method, amount: said.amount, currency: said.currency }];
}

/** The same of markup, whose price and currency are texts that may be none. */
export function markupVote(method: PriceMethod, offer: StructuredOffer | null): PriceVote[] {
  const currency = offer?.currency?.trim().toUpperCase() ?? "";
  return voteOf(method, {
    amount: normalizeAmount(offer?.price ?? ""),
    currency: /^[A-Z]{3}$/.test(currency) ? currency : null,
  });
}

/** What an item keeps of its votes. One whose price was left out in spite of them is not trusted at all. */
export function keptVotes(
  { methods, disagreed, confidence }: SettledVotes,
  amount: string | null,
): Pick<Item, "methods" | "disagreed" | "confidence"> {
  return amount === null ? { methods, disagreed: [], confidence: null } : { methods, disagreed, confidence };
}
