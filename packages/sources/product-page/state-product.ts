import type { ListingDetails } from "@pricefleet/contracts";
import { type Html, isObject, type Json } from "../reading/index.ts";
import { type PageFacts, type ProductSays, saysNothing } from "./product-says.ts";
import { shopifyCurrency, statesOf } from "./state-scripts.ts";
import { amountIn, availabilityIn, currencyIn, gtinIn, isSameName, realAmount, textIn } from "./values.ts";

const MOST_OBJECTS = 100_000;
const MOST_LEVELS = 40;
const MOST_VARIANTS = 200;
/** { price: { current: { value: 19.99 } } } */
const MOST_LEVELS_OF_A_PRICE = 3;

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
  "priceRange",
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
  "minVariantPrice",
  "min",
];
const listKeys = [
  "listPrice",
  "regularPrice",
  "originalPrice",
  "compare_at_price",
  "compareAtPrice",
  "oldPrice",
  "wasPrice",
  "rrp",
  "basePrice",
];
const currencyKeys = ["currency", "currencyCode", "priceCurrency", "currency_code", "currencyIso"];
const availabilityKeys = ["availability", "stockStatus"];
const availableKeys = ["available", "availableForSale", "inStock", "isInStock", "isAvailable"];
const gtinKeys = ["gtin", "ean", "gtin13", "gtin14", "gtin12", "upc", "isbn", "barcode"];

/** What the page's embedded state says. Only an object that carries the page's own name beside a price is its product. */
export function readStateProduct(html: Html, page: PageFacts): ProductSays | null {
  for (const state of statesOf(html)) {
    const product = productIn(state, page);
    if (product !== null) return { ...product, currency: product.currency ?? shopifyCurrency(html) };
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
  if (!priceKeys.some((key) => object[key] !== undefined)) return null;
  const name = textIn(nameKeys.map((key) => object[key]).find((value) => typeof value === "string"));
  if (name === null || name.length < 4 || !isSameName(name, page.titles)) return null;
  const { amount, currency } = priceOf(object, page);
  if (amount === null) return null;
  return {
    ...saysNothing,
    name: withoutVariant(name, object),
    amount,
    currency,
    listPrice: listPriceOf(object, page),
    availability: availabilityOf(object),
    brand: textIn(object["brand"]) ?? textIn(object["vendor"]),
    gtin: gtinIn(...gtinKeys.map((key) => object[key])),
    sku: textIn(object["sku"]),
    variants: variantsOf(object, page),
  };
}

/** Shopify calls a product's form "Steel kettle - Red" and says what of it is the form. */
function withoutVariant(name: string, object: Json): string {
  const form = textIn(object["public_title"]);
  return form !== null && name.endsWith(` - ${form}`) ? name.slice(0, -form.length - 3) : name;
}

interface Money {
  amount: string | null;
  currency: string | null;
}

function priceOf(object: Json, page: PageFacts): Money {
  const ownCurrency = first(currencyKeys, object, (found) => currencyIn(found, page));
  for (const key of priceKeys) {
    const { amount, currency } = moneyIn(object[key], object, page, MOST_LEVELS_OF_A_PRICE);
    if (amount !== null) return { amount, currency: currency ?? ownCurrency };
  }
  return { amount: null, currency: null };
}

/** An amount, as it is or inside objects that name which of several prices is paid; the innermost currency is its. */
function moneyIn(value: unknown, product: Json, page: PageFacts, levels: number): Money {
  if (Array.isArray(value)) return moneyIn(value[0], product, page, levels - 1);
  if (!isObject(value)) {
    return {
      amount: amountOf(value, product, page),
      currency: typeof value === "string" ? currencyIn(value, page) : null,
    };
  }
  if (levels <= 0) return { amount: null, currency: null };
  const outer = first(currencyKeys, value, (found) => currencyIn(found, page));
  for (const key of innerPriceKeys) {
    if (value[key] === undefined) continue;
    const { amount, currency } =
      key === "centAmount" ? centsIn(value) : moneyIn(value[key], product, page, levels - 1);
    if (amount !== null) return { amount, currency: currency ?? outer };
  }
  return { amount: null, currency: null };
}

/** { centAmount: 1999, fractionDigits: 2 }, as commercetools and its like have it. */
function centsIn({ centAmount, fractionDigits }: Json): Money {
  const digits = Number.isInteger(fractionDigits) ? Math.min(8, Math.max(0, Number(fractionDigits))) : 2;
  const isWhole = typeof centAmount === "number" && Number.isSafeInteger(centAmount);
  return {
    amount: isWhole ? realAmount((centAmount / 10 ** digits).toFixed(digits)) : null,
    currency: null,
  };
}

function listPriceOf(object: Json, page: PageFacts): string | null {
  return first(listKeys, object, (value) => moneyIn(value, object, page, MOST_LEVELS_OF_A_PRICE).amount);
}

/** Shopify keeps prices in whole hundredths; its products are known by their variants, and those by a title of their own. */
function amountOf(value: unknown, product: Json, page: PageFacts): string | null {
  if (typeof value !== "string" && typeof value !== "number") return null;
  const isShopifys =
    (Array.isArray(product["variants"]) && product["price_min"] !== undefined) ||
    product["public_title"] !== undefined;
  const isInCents = isShopifys && typeof value === "number" && Number.isInteger(value);
  return isInCents ? realAmount((value / 100).toFixed(2)) : amountIn(value, page);
}

function availabilityOf(object: Json): ProductSays["availability"] {
  const said = first(availabilityKeys, object, availabilityIn);
  if (said !== null) return said;
  const isAvailable = availableKeys.map((key) => object[key]).find((value) => typeof value === "boolean");
  if (isAvailable === undefined) return null;
  return isAvailable ? "in-stock" : "out-of-stock";
}

function variantsOf(object: Json, page: PageFacts): NonNullable<ListingDetails["variants"]> {
  const variants = Array.isArray(object["variants"]) ? object["variants"] : [];
  return variants
    .slice(0, MOST_VARIANTS)
    .filter(isObject)
    .map((variant) => ({
      name: textIn(variant["public_title"]) ?? first(nameKeys, variant, textIn),
      sku: textIn(variant["sku"]),
      gtin: gtinIn(...gtinKeys.map((key) => variant[key])),
      amount: priceOf(variant, page).amount,
      availability: availabilityOf(variant),
    }));
}

function first<T>(keys: readonly string[], object: Json, read: (value: unknown) => T | null): T | null {
  for (const key of keys) {
    const found = object[key] === undefined ? null : read(object[key]);
    if (found !== null) return found;
  }
  return null;
}
