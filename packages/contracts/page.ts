import { z } from "zod";
import type { Catalog } from "./catalog.ts";
import type { Item, ListingDetails } from "./listing.ts";

/**
 * What a page turned out to be. `ok` has items; `empty` is a search that found nothing; `changed` is a page
 * whose layout is not understood; the others are served in place of what was asked for and never give a price.
 */
export const pageStates = [
  "ok",
  "empty",
  "gone",
  "blocked",
  "captcha",
  "login",
  "rate-limited",
  "changed",
] as const;
export const pageState = z.enum(pageStates);
export type PageState = z.infer<typeof pageState>;

export const pageKinds = ["search", "listing", "quote"] as const;
export type PageKind = (typeof pageKinds)[number];

/** A page as a pure extractor gets it. `status` is the HTTP status, null for a saved file. */
export interface PageInput {
  url: string;
  html: string;
  status: number | null;
}

/** A value of a quote page. */
export interface PageQuote {
  /** EXCHANGE:SYMBOL, or less where the page tells less. */
  symbol: string;
  /** As printed. */
  text: string;
  /** null: what is printed is no number. */
  amount: string | null;
  /** ISO 4217; null where the page does not tell it. */
  currency: string | null;
}

/** What reading one page gave. Only `ok` carries items. */
export interface PageReading {
  page: PageKind;
  state: PageState;
  /** Name of the source that read it; null when none knows the address. */
  source: string | null;
  /** Why the state is what it is, in words, for every state but ok. */
  reason: string | null;
  /** Of a listing's page that is `gone`: how the listing ended, where the page still says it; left out otherwise. */
  ending?: "sold" | "ended";
  items: Item[];
  /** Of a quote page, which has no items: what it shows, also what is no number. */
  quotes?: PageQuote[];
  /** Of a search page: is there a page after this one? */
  has_next_page: boolean;
  /** Of a search page that names the next one's address; left out where the source knows it by its number. */
  next_url?: string;
  /** Of a search page: how many results the site says there are, null if it does not say. */
  total_results: number | null;
  /** Of a listing page, beside its single item. */
  details: ListingDetails | null;
  /** How many JSON-LD scripts of a listing page do not parse, so that they say nothing; left out where all do. */
  broken_json_ld?: number;
}

/** A search as a person asks for it: words, or the address of a search page pasted from a browser. */
export interface SearchRequest {
  term: string | null;
  url: string | null;
}

/** A site. One folder in packages/sources exports one of these; nothing else knows the site. */
export interface Source {
  /** kebab-case, as in SOURCE=ebay. */
  readonly name: string;
  /** How polite to be to a host of this site until its `hosts` row says otherwise. */
  readonly politeness: { minDelayMs: number; maxInFlight: number };
  /** Left out where listings can be searched for; false of a site of quotes. */
  readonly hasListings?: false;
  /** Is this address one of the site's own pages? */
  matches(url: URL): boolean;
  /** Which kind of page this address is; null if it is none that can be read. */
  kindOf(url: URL): PageKind | null;
  /** Where a page of this site is asked for, when another address stands in for the site. */
  relocated?(url: URL): URL;
  /**
   * The address of page `pageNumber` (from 1) of a search.
   * @throws PermanentError reason `bad-search` when the pasted address is not a search page of this site.
   */
  searchUrl(search: SearchRequest, pageNumber: number): string;
  /**
   * Of a source without search pages: what a search finds by itself, without a page being fetched.
   * @throws as searchUrl.
   */
  readSearch?(search: SearchRequest): PageReading;
  /** How its addresses are asked for, where that is not as a browser does. */
  readonly request?: { mode: "http"; headers(url: URL): Record<string, string> };
  /** Of a source without pages: its markets, their products and prices. */
  readonly catalog?: Catalog;
  /**
   * Can the page of a listing at this address be read? Left out where all of them can. Some sites list the ads of sister
   * sites too: what their card says is all that is known of those.
   */
  readsListingAt?(url: URL): boolean;
  /** Reads a page of the given kind. Pure; never throws on any HTML: what is not understood is `changed`. */
  read(page: PageInput, kind: PageKind): PageReading;
}
