import {
  BlockedError,
  GoneError,
  LayoutChangedError,
  PermanentError,
  type PricefleetError,
  RateLimitedError,
} from "./errors.ts";
import type { Item, ListingDetails } from "./listing.ts";
import type { PageReading } from "./page.ts";

/** The error that a page's state amounts to; null for one that was read (ok), or that truly has nothing (empty). */
export function failureOfPage(reading: PageReading): PricefleetError | null {
  const words = reading.reason ?? `the page is ${reading.state}`;
  switch (reading.state) {
    case "ok":
    case "empty":
      return null;
    case "gone":
      return new GoneError(words, reading.ending ?? null);
    case "blocked":
    case "captcha":
    case "login":
      return new BlockedError(reading.state, words);
    case "rate-limited":
      return new RateLimitedError("rate-limited", words, null);
    case "changed":
      return new LayoutChangedError("layout-changed", words);
  }
}

/** The one listing that a listing's page is about. @throws the error that the page amounts to when there is none on it. */
export function listingOnPage(reading: PageReading): { item: Item; details: ListingDetails | null } {
  const failure = failureOfPage(reading);
  if (failure !== null) throw failure;
  // Shops send who asks for a listing that is no more to a search; its first card is not the listing.
  if (reading.page !== "listing")
    throw new PermanentError("not-a-listing", `the listing's address leads to a ${reading.page} page`);
  const item = reading.items[0];
  if (item === undefined)
    throw new LayoutChangedError("layout-changed", "the listing's page has no listing on it");
  return { item, details: reading.details };
}
