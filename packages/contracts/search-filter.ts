import { z } from "zod";
import { amount, currency, type Item, type ListingDetails } from "./listing.ts";

const MOST_WORDS = 50;
const wordsError = `a list of 1 to ${MOST_WORDS} words or phrases, each of 1 to 100 characters with a letter or digit`;
const words = z
  .array(
    z
      .string({ error: wordsError })
      .max(100, { error: wordsError })
      .refine((text) => wordsOf(text).length > 0, { error: wordsError }),
    { error: wordsError },
  )
  .min(1, { error: wordsError })
  .max(MOST_WORDS, { error: wordsError });
const bound = amount.refine((text) => !text.startsWith("-"), {
  error: "an amount such as 19.99, not below 0",
});

/**
 * What a search keeps of what it finds. Words match as whole words, in any case and with or without accents; a phrase's
 * words stand together. What is not known of a listing (its price, its condition, its location) does not keep it out.
 */
export const searchFilter = z
  .strictObject(
    {
      must_contain: words.optional().describe("The title holds each of these"),
      must_not_contain: words.optional().describe("The title holds none of these"),
      min_price: bound.optional().describe("In `currency`"),
      max_price: bound.optional().describe("In `currency`"),
      currency: currency.optional(),
      conditions: words.optional().describe("The condition, as the site words it, holds one of these"),
      locations: words
        .optional()
        .describe("The location, as the listing's own page words it, holds one of these"),
    },
    {
      error:
        "an object with must_contain, must_not_contain, min_price, max_price, currency, conditions or locations; or null",
    },
  )
  .refine(
    ({ min_price, max_price, currency: named }) =>
      (min_price ?? max_price) === undefined || named !== undefined,
    {
      error: "an ISO 4217 currency such as EUR, which min_price and max_price are in",
      path: ["currency"],
    },
  )
  .refine(
    ({ min_price: least, max_price: most }) =>
      least === undefined || most === undefined || Number(least) <= Number(most),
    { error: "an amount not below min_price", path: ["max_price"] },
  );
export type SearchFilter = z.infer<typeof searchFilter>;

/** Why a listing is filtered out. */
export const filterReasons = [
  "must-contain",
  "must-not-contain",
  "price-too-low",
  "price-too-high",
  "condition",
  "location",
] as const;
export type FilterReason = (typeof filterReasons)[number];

/**
 * Why a filter keeps an item out, the first reason that holds; null: it does not.
 * @param details of the listing's own page; null: only its card is known.
 * @param rateTo what one of a currency is worth in the filter's; null: not known, and then no price is too low or high.
 */
export function whyFilteredOut(
  filter: SearchFilter,
  item: Pick<Item, "title" | "amount" | "currency" | "condition">,
  details: Pick<ListingDetails, "location"> | null,
  rateTo: (currency: string) => number | null,
): FilterReason | null {
  const title = wordsOf(item.title);
  // A price may come without its product's name.
  const isNamed = title.length > 0;
  if (isNamed && !(filter.must_contain ?? []).every((phrase) => holds(title, phrase))) return "must-contain";
  if (isNamed && (filter.must_not_contain ?? []).some((phrase) => holds(title, phrase)))
    return "must-not-contain";
  if (item.amount !== null && item.currency !== null && filter.currency !== undefined) {
    const rate = item.currency === filter.currency ? 1 : rateTo(item.currency);
    const price = rate === null ? null : Number(item.amount) * rate;
    if (price !== null && filter.min_price !== undefined && price < Number(filter.min_price))
      return "price-too-low";
    if (price !== null && filter.max_price !== undefined && price > Number(filter.max_price))
      return "price-too-high";
  }
  if (isNoneOf(filter.conditions, item.condition)) return "condition";
  if (isNoneOf(filter.locations, details?.location ?? null)) return "location";
  return null;
}

function isNoneOf(phrases: readonly string[] | undefined, text: string | null): boolean {
  if (phrases === undefined || text === null) return false;
  const held = wordsOf(text);
  return held.length > 0 && !phrases.some((phrase) => holds(held, phrase));
}

function holds(text: readonly string[], phrase: string): boolean {
  const wanted = wordsOf(phrase);
  return text.some((_, start) => wanted.every((word, offset) => text[start + offset] === word));
}

/** Letters and digits that stand together, in lower case and without accents. */
function wordsOf(text: string): string[] {
  return (
    text
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .replace(/ł/gi, "l")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}
