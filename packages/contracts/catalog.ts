/**
 * What a source without pages exports: markets, the products of a market and the price of a product, each at an address.
 * Pure: it makes addresses, and reads the text that was there.
 */
export interface Catalog {
  /** The markets that are known beforehand; null: they are read from `marketsUrl`. */
  readonly markets: readonly string[] | null;
  readonly marketsUrl: string | null;
  /** @throws LayoutChangedError saying what was looked for in vain. */
  readMarkets(text: string): string[];
  /** @param pageNumber from 1. */
  productsUrl(market: string, pageNumber: number): string;
  /** @throws LayoutChangedError */
  readProducts(page: { url: string; html: string }): CatalogProducts;
  priceUrl(market: string, product: string): string;
  /** @throws LayoutChangedError */
  readPrice(text: string): CatalogPrice;
  /** What an address of this catalog leads to; null for any other. */
  place(url: URL): CatalogPlace | null;
}

export type CatalogPlace =
  | { kind: "markets" }
  | { kind: "products"; market: string }
  | { kind: "price"; market: string; product: string };

export interface CatalogProducts {
  products: { id: string; name: string }[];
  hasNextPage: boolean;
  /** Null: the next page's address follows from its number. */
  nextUrl: string | null;
  /** Null if it is not said. */
  total: number | null;
}

/** Null where the catalog has no price for the product. */
export interface CatalogPrice {
  amount: string | null;
  currency: string | null;
  /** Null: the price comes without the product's name. */
  name: string | null;
}

/** The term of a search that stands for every market of a catalog. */
export const ALL_MARKETS = "*";
