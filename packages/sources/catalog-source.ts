import {
  ALL_MARKETS,
  type Catalog,
  type CatalogPlace,
  type Item,
  LayoutChangedError,
  type PageInput,
  type PageReading,
  PermanentError,
  type Source,
} from "@pricefleet/contracts";
import { settleVotes } from "@pricefleet/pricing";
import { emptyItem, keptVotes, unreadable, voteOf } from "./reading/index.ts";

interface CatalogSourceOptions {
  name: string;
  politeness: Source["politeness"];
  /** Of a request to this address. */
  headers: (url: URL) => Record<string, string>;
}

/**
 * A catalog as a source that collector and worker know how to go about: a market is a search whose term is its name, a
 * page of its products is a search page, and a product's price is a listing. The list of markets reads as a search, too.
 */
export function createCatalogSource(catalog: Catalog, options: CatalogSourceOptions): Source {
  const { name, politeness, headers } = options;
  return {
    name,
    politeness,
    catalog,
    request: { mode: "http", headers },
    matches: (url) => catalog.place(url) !== null,
    kindOf(url) {
      const place = catalog.place(url);
      if (place === null) return null;
      return place.kind === "price" ? "listing" : "search";
    },
    searchUrl({ term }, pageNumber) {
      if (!term?.trim()) {
        throw new PermanentError(
          "bad-search",
          `${name} is searched by term: the name of a market, or ${ALL_MARKETS} for all of them`,
        );
      }
      if (term === ALL_MARKETS) return catalog.marketsUrl ?? catalog.productsUrl(ALL_MARKETS, pageNumber);
      return catalog.productsUrl(term, pageNumber);
    },
    read(page, kind) {
      const url = URL.parse(page.url);
      const place = url && catalog.place(url);
      if (!place) return unreadable(name, kind, "changed", `${page.url} is no address of ${name}`);
      try {
        return readPlace(catalog, name, page, place);
      } catch (error) {
        if (!(error instanceof LayoutChangedError)) throw error;
        return unreadable(name, kind, "changed", error.message);
      }
    },
  };
}

function readPlace(catalog: Catalog, source: string, page: PageInput, place: CatalogPlace): PageReading {
  switch (place.kind) {
    case "markets": {
      const items = catalog
        .readMarkets(page.html)
        .map((id) => emptyItem({ external_id: id, url: catalog.productsUrl(id, 1), title: id }));
      return readingOf(source, "search", items);
    }
    case "products": {
      const { products, hasNextPage, nextUrl, total } = catalog.readProducts(page);
      const items = products.map(({ id, name }) =>
        emptyItem({
          external_id: `${place.market}/${id}`,
          url: catalog.priceUrl(place.market, id),
          title: name,
        }),
      );
      return {
        ...readingOf(source, "search", items),
        has_next_page: hasNextPage,
        ...(nextUrl === null ? {} : { next_url: nextUrl }),
        total_results: total,
      };
    }
    case "price": {
      const { amount, currency, name } = catalog.readPrice(page.html);
      const item: Item = {
        ...emptyItem({
          external_id: `${place.market}/${place.product}`,
          url: catalog.priceUrl(place.market, place.product),
          title: name ?? "",
        }),
        amount,
        currency,
        ...keptVotes(settleVotes(voteOf("api", { amount, currency }), "site"), amount),
      };
      return readingOf(source, "listing", [item]);
    }
  }
}

function readingOf(source: string, page: "search" | "listing", items: Item[]): PageReading {
  if (items.length === 0) return unreadable(source, page, "empty", "the list is empty");
  return {
    page,
    state: "ok",
    source,
    reason: null,
    items,
    has_next_page: false,
    total_results: null,
    details: null,
  };
}
