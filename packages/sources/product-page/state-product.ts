import { type Html, isObject, type Json, parseLenientJson } from "../reading/index.ts";
import { type PageFacts, type ProductSays, saysNothing } from "./product-says.ts";
import { amountIn, availabilityIn, currencyIn, gtinIn, isSameName, realAmount, textIn } from "./values.ts";

/** A page's own state can be larger than all that is shown; so much of it is looked at. */
const MOST_SCRIPT_CHARACTERS = 3_000_000;
const MOST_OBJECTS = 100_000;
const MOST_LEVELS = 40;

const nameKeys = ["name", "title", "productName", "displayName", "product_name"];
const priceKeys = [
  "salePrice",
  "sale_price",
  "currentPrice",
  "sellingPrice",
  "finalPrice",
  "final_price",
  "specialPrice",
  "offerPrice",
  "priceWithTax",
  "price",
  "priceInfo",
  "pricing",
  "prices",
];
const innerPriceKeys = [
  "sale",
  "current",
  "selling",
  "final",
  "now",
  "value",
  "amount",
  "price",
  "priceValue",
  "centAmount",
  "min",
];
const listKeys = [
  "listPrice",
  "regularPrice",
  "originalPrice",
  "compare_at_price",
  "oldPrice",
  "wasPrice",
  "rrp",
  "basePrice",
];
const currencyKeys = ["currency", "currencyCode", "priceCurrency", "currency_code", "currencyIso"];

/**
 * What the state that a page's own scripts start from says: Next.js and the like as JSON scripts, Shopify's product,
 * assignments such as `window.__STATE__ = {…}`, and pushes to the data layer. Only an object that carries the
 * page's own name beside a price is its product.
 */
export function readStateProduct(html: Html, page: PageFacts): ProductSays | null {
  for (const script of html("script:not([src])").toArray()) {
    const type = script.attribs["type"] ?? "";
    if (/ld\+json|html|template/.test(type)) continue;
    const text = html(script).text();
    if (text.length > MOST_SCRIPT_CHARACTERS || !/pric/i.test(text)) continue;
    for (const state of /json/.test(type) ? [parseLenientJson(text)] : statesIn(text)) {
      const product = productIn(state, page);
      if (product !== null) return product;
    }
  }
  return null;
}

/** The JSON in a script: what is assigned to a name, or given to `push` or `parse`. */
function* statesIn(script: string): Generator {
  const starts = /(?:=|push\(|meta\s*=)\s{0,10}(?=[{[]\s{0,10}["{[])/g;
  let past = 0;
  let tries = 0;
  for (const match of script.matchAll(starts)) {
    const start = match.index + match[0].length;
    if (start < past) continue;
    if (++tries > 50) return;
    const end = endOfJson(script, start);
    if (end === null) continue;
    const state = parseLenientJson(script.slice(start, end));
    if (state === undefined) continue;
    past = end;
    yield state;
  }
}

/** The index after the bracket that closes the one at `start`, strings considered; null if none does. */
function endOfJson(script: string, start: number): number | null {
  let depth = 0;
  for (let index = start; index < script.length; index++) {
    const char = script[index];
    if (char === '"') {
      for (index++; index < script.length && script[index] !== '"'; index++)
        if (script[index] === "\\") index++;
    } else if (char === "{" || char === "[") depth++;
    else if ((char === "}" || char === "]") && --depth === 0) return index + 1;
  }
  return null;
}

function productIn(state: unknown, page: PageFacts): ProductSays | null {
  const waiting: { value: unknown; level: number }[] = [{ value: state, level: 0 }];
  for (let looked = 0; looked < waiting.length && looked < MOST_OBJECTS; looked++) {
    const { value, level } = waiting[looked] ?? { value: null, level: 0 };
    if (isObject(value)) {
      const product = asProduct(value, page);
      if (product !== null) return product;
    }
    if (level >= MOST_LEVELS || typeof value !== "object" || value === null) continue;
    for (const inner of Object.values(value)) {
      if (typeof inner === "object" && inner !== null) waiting.push({ value: inner, level: level + 1 });
    }
  }
  return null;
}

function asProduct(object: Json, page: PageFacts): ProductSays | null {
  const name = textIn(nameKeys.map((key) => object[key]).find((value) => typeof value === "string"));
  if (name === null || name.length < 4 || !isSameName(name, page.titles)) return null;
  const { amount, currency } = priceOf(object, page);
  if (amount === null) return null;
  return {
    ...saysNothing,
    name,
    amount,
    currency,
    listPrice: first(listKeys, object, (value) => amountOf(value, object, page)),
    availability: availabilityIn(
      object["availability"] ??
        object["stockStatus"] ??
        object["available"]?.toString().replace("false", "outofstock"),
    ),
    brand: textIn(object["brand"]) ?? textIn(object["vendor"]),
    gtin: gtinIn(object["gtin"], object["ean"], object["gtin13"], object["barcode"]),
    sku: textIn(object["sku"]),
  };
}

function priceOf(object: Json, page: PageFacts): { amount: string | null; currency: string | null } {
  for (const key of priceKeys) {
    const value = Array.isArray(object[key]) ? object[key][0] : object[key];
    const currency =
      first(currencyKeys, isObject(value) ? value : object, (found) => currencyIn(found, page)) ??
      first(currencyKeys, object, (found) => currencyIn(found, page));
    const amount = isObject(value)
      ? first(innerPriceKeys, value, (inner) => amountOf(inner, object, page))
      : amountOf(value, object, page);
    if (amount !== null)
      return { amount, currency: currency ?? (typeof value === "string" ? currencyIn(value, page) : null) };
  }
  return { amount: null, currency: null };
}

/** Shopify keeps its own products' prices in hundredths; its products are known by their handle and variants. */
function amountOf(value: unknown, product: Json, page: PageFacts): string | null {
  if (typeof value !== "string" && typeof value !== "number") return null;
  const isInCents =
    typeof value === "number" &&
    Number.isInteger(value) &&
    Array.isArray(product["variants"]) &&
    product["price_min"] !== undefined;
  return isInCents ? realAmount((value / 100).toFixed(2)) : amountIn(value, page);
}

function first<T>(keys: readonly string[], object: Json, read: (value: unknown) => T | null): T | null {
  for (const key of keys) {
    const found = object[key] === undefined ? null : read(object[key]);
    if (found !== null) return found;
  }
  return null;
}
