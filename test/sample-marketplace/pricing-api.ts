import type { Catalogue } from "./catalogue.ts";
import type { Answer } from "./delivery.ts";
import { decimalOf } from "./money.ts";

/** Each a search of the catalogue. In `gaps` every third product has no price. */
export const apiMarkets = ["swift", "slow", "gaps"] as const;
const PRODUCTS_A_PAGE = 5;
const prefix = "/api/v1/markets";

interface PricingApiOptions {
  catalogue: Catalogue;
  now: () => Date;
  /** Callers name it in Authorization: Bearer …; null: anybody may ask. */
  token: string | null;
}

/**
 * A small JSON API: GET /api/v1/markets, …/{market}/products?page=n, …/{market}/products/{product}/price. Null for an
 * address outside of it.
 */
export function createPricingApi({ catalogue, now, token }: PricingApiOptions) {
  function products(market: string, page: number): Answer {
    const { exact } = catalogue.search(market);
    const first = (page - 1) * PRODUCTS_A_PAGE + 1;
    const last = Math.min(exact.total, first + PRODUCTS_A_PAGE - 1);
    const ids = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
      exact.idAt(first + index),
    );
    return json({
      data: ids.map((id) => ({ sku: id, name: catalogue.listing(id, now())?.title })),
      meta: {
        total: exact.total,
        next: last < exact.total ? `${prefix}/${market}/products?page=${page + 1}` : null,
      },
    });
  }

  function price(market: string, product: string): Answer {
    const listing = catalogue.listing(product, now());
    if (listing === null) return json({ error: "no such product" }, 404);
    const hasPrice = market !== "gaps" || Number(product.split("-").at(-1)) % 3 !== 0;
    // By hand, for 1234.50 is another number of digits than 1234.5, and a client has to keep them.
    const amount = hasPrice ? decimalOf(listing.cents) : "null";
    const body = `{"price":{"amount":${amount},"currency":"${listing.currency}"}}`;
    return { status: 200, contentType: "application/json", body };
  }

  return function answer(url: URL, authorization: string | undefined): Answer | null {
    if (!url.pathname.startsWith(prefix)) return null;
    if (token !== null && authorization !== `Bearer ${token}`) return json({ error: "who are you?" }, 401);
    const [market, folder, product, field, ...rest] = url.pathname.slice(prefix.length + 1).split("/");
    if (rest.length > 0) return json({ error: "no such thing" }, 404);
    if (!market) return json({ markets: apiMarkets.map((id) => ({ id })) });
    if (!apiMarkets.some((id) => id === market) || folder !== "products")
      return json({ error: "no such market" }, 404);
    if (product === undefined) return products(market, Number(url.searchParams.get("page") ?? 1));
    return field === "price" ? price(market, product) : json({ error: "no such thing" }, 404);
  };
}

function json(value: unknown, status = 200): Answer {
  return { status, contentType: "application/json", body: JSON.stringify(value) };
}
