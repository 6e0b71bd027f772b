import { z } from "zod";
import { parseLenientJson } from "../reading/index.ts";

const text = z.string().nullish().catch(null);
const flag = z.boolean().catch(false);

const price = z.object({
  budget: flag,
  free: flag,
  exchange: flag,
  regularPrice: z
    .object({ value: z.number(), currencyCode: text, currencySymbol: text, negotiable: flag })
    .nullish()
    .catch(null),
});

/** An ad in the data that the page brings along for its scripts: what it prints, and more exactly. */
const stateAd = z.object({
  id: z.number().int().positive(),
  title: z.string(),
  url: text,
  /** Where the card leads if the ad is a sister site's. */
  externalUrl: text,
  description: text,
  price: price.nullish().catch(null),
  itemCondition: text,
  isJob: flag,
  isActive: z.boolean().nullish().catch(null),
  searchReason: text,
  createdTime: text,
  validToTime: text,
  photos: z.array(z.string()).catch([]),
  user: z.object({ name: text }).nullish().catch(null),
  location: z.object({ cityName: text, districtName: text }).nullish().catch(null),
  params: z.array(z.object({ name: z.string(), value: z.string() }).nullable().catch(null)).catch([]),
});
export type StateAd = z.infer<typeof stateAd>;

const ads = z
  .array(stateAd.nullable().catch(null))
  .catch([])
  .transform((list) => list.filter((ad) => ad !== null));

const searchState = z.object({
  listing: z.object({
    listing: z.object({
      ads,
      /** What OLX adds when it has found too little. */
      expansionListing: z.object({ ads }).nullish().catch(null),
      /** From 0. */
      pageNumber: z.number().int().nullish().catch(null),
      totalPages: z.number().int().nullish().catch(null),
      totalElements: z.number().int().nonnegative().nullish().catch(null),
    }),
  }),
});
export type SearchState = z.infer<typeof searchState>["listing"]["listing"];

const adState = z.object({ ad: z.object({ ad: stateAd }) });

/** The state of a search page; null if the page has none that can be read. */
export function searchStateOf(source: string): SearchState | null {
  const state = searchState.safeParse(stateIn(source));
  return state.success ? state.data.listing.listing : null;
}

/** The state of an ad's own page. */
export function adStateOf(source: string): StateAd | null {
  const state = adState.safeParse(stateIn(source));
  return state.success ? state.data.ad.ad : null;
}

const marker = "window.__PRERENDERED_STATE__";

/** The state is JSON inside a string literal that is JSON too. A page without it, or with a broken one, says nothing by it. */
function stateIn(source: string): unknown {
  const place = source.indexOf(marker);
  const start = place === -1 ? -1 : source.indexOf('"', place + marker.length);
  if (start === -1) return null;
  try {
    const literal: unknown = JSON.parse(source.slice(start, endOfString(source, start)));
    return typeof literal === "string" ? parseLenientJson(literal) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The position after the quote that ends the string which begins at `start`: one before which no backslash stands open. */
function endOfString(source: string, start: number): number {
  for (let end = start + 1; ; end += 1) {
    end = source.indexOf('"', end);
    if (end === -1) return source.length;
    let backslashes = 0;
    while (source[end - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
}
