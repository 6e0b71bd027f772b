import type { Item, PriceVote } from "@pricefleet/contracts";
import { normalizeAmount, parsePrice, settleVotes } from "@pricefleet/pricing";
import { emptyItem, keptVotes, voteOf } from "../reading/index.ts";
import type { StateAd } from "./embedded-state.ts";
import { isPositive, nothingOffered, type Offered, priceOptionsFor, readOffered } from "./offered.ts";

/** What a card or an ad's page prints. */
export interface PrintedAd {
  title: string;
  priceText: string;
  condition: string | null;
  seller: string | null;
  imageUrl: string | null;
}

/** The item that the printed ad and the page's state tell of together. What is printed goes before; markup votes beside it. */
export function buildItem(
  identity: Pick<Item, "external_id" | "url">,
  printed: PrintedAd | null,
  state: StateAd | null,
  markupVotes: readonly PriceVote[] = [],
): Item {
  const seen = printed === null ? nothingOffered : readOffered(printed.priceText);
  const stated = state === null ? nothingOffered : offeredIn(state);
  const offered = seen.amount === null && seen.kind === null ? stated : seen;
  const title = printed?.title ?? "";
  const votes = [
    ...voteOf("adapter", seen),
    ...voteOf("embedded-state", stated),
    ...(offered.kind === null ? markupVotes : []),
  ];
  return {
    ...emptyItem({ ...identity, title: title === "" ? oneLine(state?.title ?? "") : title }),
    amount: offered.amount,
    amount_max: offered.amountMax,
    currency: offered.currency ?? (offered.amount === null ? null : stated.currency),
    condition: printed?.condition ?? nonEmpty(state?.itemCondition),
    availability: "in-stock",
    best_offer: seen.isNegotiable || stated.isNegotiable,
    ...(offered.kind !== null && { offer_kind: offered.kind }),
    seller: nonEmpty(state?.user?.name) ?? printed?.seller ?? null,
    image_url: imageUrl(printed?.imageUrl) ?? imageUrl(state?.photos[0]),
    ...keptVotes(settleVotes(votes, "site"), offered.amount),
  };
}

/** Is it known what the ad asks for? Jobs may leave their pay open. */
export function isAskKnown(item: Item, state: StateAd | null): boolean {
  return item.amount !== null || item.offer_kind !== undefined || state?.isJob === true;
}

function offeredIn({ price }: StateAd): Offered {
  if (price == null) return nothingOffered;
  if (price.exchange) return { ...nothingOffered, kind: "swap" };
  if (price.free) return { ...nothingOffered, kind: "free" };
  if (price.budget) return { ...nothingOffered, kind: "price-on-request" };
  const { regularPrice } = price;
  if (regularPrice == null) return nothingOffered;
  const amount = normalizeAmount(String(regularPrice.value));
  const isNegotiable = regularPrice.negotiable;
  if (amount === null || !isPositive(amount)) {
    return { ...nothingOffered, isNegotiable, kind: isNegotiable ? "negotiable" : null };
  }
  const currency = [regularPrice.currencyCode, regularPrice.currencySymbol].map(currencyOfSign);
  return {
    amount,
    amountMax: null,
    currency: currency.find((code) => code !== null) ?? null,
    kind: null,
    isNegotiable,
  };
}

/** "PLN", "zł" and "у.е." alike; OLX's own code UYE, of that last one, is none of ISO 4217. */
function currencyOfSign(sign: string | null | undefined): string | null {
  return sign == null ? null : (parsePrice(`1 ${sign}`, priceOptionsFor(sign))?.currency ?? null);
}

/** OLX's image server gives each picture in many sizes, named after a semicolon; without, as it was uploaded. */
export function imageUrl(address: string | null | undefined): string | null {
  const url = address?.split(";")[0] ?? "";
  return /^https?:/.test(url) ? url : null;
}

export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

export function nonEmpty(text: string | null | undefined): string | null {
  return text == null || oneLine(text) === "" ? null : oneLine(text);
}
