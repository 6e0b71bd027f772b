import type { Availability, Item, PriceVote } from "@pricefleet/contracts";
import { parsePrice, parsePriceRange, settleVotes } from "@pricefleet/pricing";
import { keptVotes, type Selection, textOf, voteOf } from "../reading/index.ts";

const availabilityByWords: Record<string, Availability> = {
  "In stock": "in-stock",
  "Out of stock": "out-of-stock",
  Sold: "sold",
  "This listing has ended": "ended",
};

/** A bare "$" is the dollar of many countries; on this site it is the American one. */
const priceOptions = { currencyHint: "USD" };

/** What a card of a search page and a listing's own page print alike; `markupVotes`: what the page says besides. */
export function readOffer(part: Selection, markupVotes: readonly PriceVote[] = []) {
  const text = (selector: string) => textOf(part.find(selector).first());
  const amountOf = (selector: string) => parsePrice(text(selector), priceOptions)?.amount ?? null;
  const price = parsePriceRange(text(".price"), priceOptions);
  const availability = availabilityByWords[text(".availability")] ?? null;
  return {
    amount: price?.amount ?? null,
    amount_max: price?.amountMax ?? null,
    currency: price?.currency ?? null,
    buy_it_now: amountOf(".buy-it-now b"),
    list_price: amountOf(".list-price"),
    shipping: text(".shipping") === "Free shipping" ? "0" : amountOf(".shipping"),
    bids: wholeNumberIn(text(".bids")),
    best_offer: part.find(".best-offer").length > 0,
    condition: text(".condition") || null,
    availability,
    ended: availability === "sold" || availability === "ended",
    seller: text(".seller") || null,
    ...keptVotes(settleVotes([...voteOf("adapter", price), ...markupVotes], "site"), price?.amount ?? null),
  } satisfies Partial<Item>;
}

/** "1,234 ratings" is 1234; null where there is no number. */
export function wholeNumberIn(text: string): number | null {
  const digits = /\d[\d,]*/.exec(text)?.[0].replaceAll(",", "");
  return digits === undefined ? null : Number(digits);
}
