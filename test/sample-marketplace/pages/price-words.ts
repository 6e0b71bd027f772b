import type { Listing } from "../make-listing.ts";
import { printMoney } from "../money.ts";

/** The price as it is printed: one amount, or a range. */
export function priceWords(listing: Listing): string {
  const least = printMoney(listing.cents, listing.currency);
  if (listing.maxCents === null) return least;
  const most = printMoney(listing.maxCents, listing.currency);
  return listing.currency === "USD" ? `${least} to ${most}` : `${least} – ${most}`;
}

export function shippingWords(listing: Listing): string {
  if (listing.shippingCents === null) return "Shipping calculated at checkout";
  if (listing.shippingCents === 0) return "Free shipping";
  return `+ ${printMoney(listing.shippingCents, listing.currency)} shipping`;
}

export function bidWords(bids: number): string {
  return bids === 1 ? "1 bid" : `${bids} bids`;
}

export const availabilityWords = {
  "in-stock": "In stock",
  "out-of-stock": "Out of stock",
  sold: "Sold",
  ended: "This listing has ended",
  "pre-order": "Pre-order",
} as const satisfies Record<Listing["availability"], string>;
