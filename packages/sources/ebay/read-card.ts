import type { Item } from "@pricefleet/contracts";
import { settleVotes } from "@pricefleet/pricing";
import { emptyItem, keptVotes, voteOf } from "../reading/index.ts";
import type { CardText } from "./card-text.ts";
import { readPrice, readShipping } from "./money.ts";
import { itemIdOf, itemUrl } from "./urls.ts";
import { words } from "./words.ts";

/** The item of a card; null for a placeholder and for anything that is not one item for sale. */
export function readCard(card: CardText, pageUrl: string): Item | null {
  const itemId = card.href === null ? null : itemIdOf(card.href, pageUrl);
  if (itemId === null || card.title === "" || words.placeholder.test(card.title)) return null;

  const bids = card.lines.map(bidsIn).find((count) => count !== null) ?? null;
  const price = readPrice(card.priceLines[0] ?? null);
  const buyItNow = bids === null ? null : readPrice(card.priceLines[1] ?? null);
  const ending = endingOf(card);
  return {
    ...emptyItem({ external_id: itemId, url: itemUrl(itemId, pageUrl), title: card.title }),
    amount: price?.amount ?? null,
    amount_max: price?.amountMax ?? null,
    currency: price?.currency ?? null,
    buy_it_now: buyItNow?.amount ?? null,
    list_price: readPrice(card.listPrice)?.amount ?? null,
    shipping: readShipping(card.lines, price?.currency ?? null),
    condition: card.condition,
    availability: ending ?? "in-stock",
    ended: ending !== null,
    bids,
    best_offer: card.lines.some((line) => words.bestOffer.test(line)),
    seller: card.seller,
    image_url: card.imageUrl,
    ...keptVotes(settleVotes(voteOf("adapter", price), "site"), price?.amount ?? null),
  };
}

/** How the listing ended, null while it runs. A time left without a digit has run out: "Ended", "Beendet". */
function endingOf(card: CardText): "sold" | "ended" | null {
  if (card.endedLine !== null && words.sold.test(card.endedLine)) return "sold";
  if (card.endedLine !== null && words.ended.test(card.endedLine)) return "ended";
  return card.timeLeft !== null && !/\d/.test(card.timeLeft) ? "ended" : null;
}

/** "15 bids · Time left 2h" is 15; null for a line about something else. */
export function bidsIn(line: string): number | null {
  const digits = words.bids.exec(line)?.[1]?.replace(/\D/g, "");
  return digits === undefined || digits === "" ? null : Number(digits);
}
