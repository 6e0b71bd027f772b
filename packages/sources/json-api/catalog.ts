import { type Catalog, type CatalogPrice, LayoutChangedError } from "@pricefleet/contracts";
import { currencyOf, normalizeAmount } from "@pricefleet/pricing";
import { addressTemplate } from "./address-template.ts";
import { listAt, parseJson, textAt, valueAt } from "./json-text.ts";
import type { JsonApiSettings } from "./settings.ts";

/** A JSON API as a catalog, by nothing but its settings. */
export function createJsonApiCatalog(settings: JsonApiSettings): Catalog {
  const { base_url, markets, products, price } = settings;
  const productsAt = addressTemplate(base_url, products.url);
  const priceAt = addressTemplate(base_url, price.url);
  const marketsAt = Array.isArray(markets)
    ? null
    : { ...markets, at: addressTemplate(base_url, markets.url) };

  return {
    markets: Array.isArray(markets) ? markets : null,
    marketsUrl: marketsAt?.at.addressFor({}) ?? null,
    readMarkets(text) {
      if (marketsAt === null) return Array.isArray(markets) ? markets : [];
      return listAt(parseJson(text), marketsAt.items).map((item) => textAt(item, marketsAt.id));
    },
    productsUrl: (market, pageNumber) => productsAt.addressFor({ market, page: String(pageNumber) }),
    readProducts({ url, html }) {
      const document = parseJson(html);
      const items = listAt(document, products.items).map((item) => {
        const id = textAt(item, products.id);
        return { id, name: products.name === undefined ? id : textAt(item, products.name) };
      });
      const next = products.next === undefined ? null : nextAddress(document, products.next, url);
      return {
        products: items,
        hasNextPage:
          next !== null || (products.next === undefined && productsAt.has("page") && items.length > 0),
        nextUrl: next,
        total: products.total === undefined ? null : wholeNumberAt(document, products.total),
      };
    },
    priceUrl: (market, product) => priceAt.addressFor({ market, product }),
    readPrice: (text) => readPrice(parseJson(text), price),
    place(url) {
      const { market, product } = priceAt.match(url) ?? {};
      if (market !== undefined && product !== undefined) return { kind: "price", market, product };
      const ofProducts = productsAt.match(url)?.["market"];
      if (ofProducts !== undefined) return { kind: "products", market: ofProducts };
      return marketsAt?.at.match(url) ? { kind: "markets" } : null;
    },
  };
}

function readPrice(
  document: unknown,
  { amount: amountPath, ...where }: JsonApiSettings["price"],
): CatalogPrice {
  const name = where.name === undefined ? null : textAt(document, where.name);
  const said = valueAt(document, amountPath);
  if (said === undefined) {
    throw new LayoutChangedError(
      "layout-changed",
      `the path "${amountPath}" did not match: there is nothing`,
    );
  }
  // The product is there and has no price now: that is known, and no zero.
  if (said === null || said === "") return { amount: null, currency: null, name };
  const amount = typeof said === "string" ? normalizeAmount(said) : null;
  if (amount === null || !/^-?\d{1,18}(\.\d{1,8})?$/.test(amount)) {
    throw new LayoutChangedError(
      "layout-changed",
      `the path "${amountPath}" leads to ${JSON.stringify(said).slice(0, 60)}, which is no amount`,
    );
  }
  return { amount, currency: where.currency ?? currencyAt(document, where.currency_path ?? "."), name };
}

function currencyAt(document: unknown, path: string): string {
  const said = textAt(document, path);
  const known = /^[A-Z]{3}$/i.test(said) ? said.toUpperCase() : currencyOf(said);
  if (known !== null) return known;
  throw new LayoutChangedError(
    "layout-changed",
    `the path "${path}" leads to "${said}", which is no currency`,
  );
}

/** Absolute, or as seen from the page it stands on. Absent, null or empty on the last page. */
function nextAddress(document: unknown, path: string, pageUrl: string): string | null {
  const said = valueAt(document, path);
  if (said === undefined || said === null || said === "") return null;
  const url = typeof said === "string" ? URL.parse(said, pageUrl) : null;
  if (url !== null) return url.href;
  throw new LayoutChangedError(
    "layout-changed",
    `the path "${path}" leads to ${JSON.stringify(said)}, no address`,
  );
}

function wholeNumberAt(document: unknown, path: string): number | null {
  const said = valueAt(document, path);
  return typeof said === "string" && /^\d{1,9}$/.test(said) ? Number(said) : null;
}
