import { type CatalogueOptions, type Listing, makeListing } from "./make-listing.ts";

export interface SearchResult {
  term: string;
  /** Ids of the things that have every word. */
  exact: { total: number; idAt(position: number): string };
  /** Ids of a few things that lack the last word. */
  related: string[];
}

/** Endless: any words make a search. Nothing is stored; the seed, the words and the time make every listing. */
export interface Catalogue {
  search(term: string): SearchResult;
  /** The listing as it is at the moment; null for an id that no search leads to. */
  listing(id: string, now: Date): Listing | null;
  /** Ids of listings of the same search that follow this one. */
  neighbours(id: string, count: number): string[];
}

const RELATED_RESULTS = 6;

export function createCatalogue(options: CatalogueOptions): Catalogue {
  const totalOf = (slug: string): number =>
    slug === "" || slug === "nothing" || slug.includes("no-results") ? 0 : options.listings;

  return {
    search(term) {
      const slug = slugOf(term);
      const total = totalOf(slug);
      const fewerWords = slug.split("-").slice(0, -1).join("-");
      const relatedCount = total === 0 ? 0 : Math.min(RELATED_RESULTS, totalOf(fewerWords));
      return {
        term: term.trim(),
        exact: { total, idAt: (position) => `${slug}-${position}` },
        related: Array.from({ length: relatedCount }, (_, index) => `${fewerWords}-${index + 1}`),
      };
    },

    listing(id, now) {
      const { slug, position } = partsOf(id);
      if (slug !== slugOf(slug) || position > totalOf(slug)) return null;
      return makeListing(id, slug, options, now);
    },

    neighbours(id, count) {
      const { slug, position } = partsOf(id);
      const total = totalOf(slug);
      return Array.from(
        { length: Math.min(count, total - 1) },
        (_, index) => `${slug}-${((position + index) % total) + 1}`,
      );
    },
  };
}

/** An id names its search and its place in it. What is no id has an empty search, which has no listings. */
function partsOf(id: string): { slug: string; position: number } {
  const [, slug = "", position] = /^(.+)-([1-9]\d{0,8})$/.exec(id) ?? [];
  return { slug, position: Number(position ?? 1) };
}

/** "ThinkPad X1" and "thinkpad  x1" are the same search. */
function slugOf(term: string): string {
  return term
    .normalize("NFC")
    .toLowerCase()
    .slice(0, 80)
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
}
