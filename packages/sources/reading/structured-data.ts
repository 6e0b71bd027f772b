import { isObject, type Json, readJsonLd } from "./json-ld.ts";
import type { Html, Selection } from "./parse-html.ts";

/** What a page's structured data says about the thing it sells: raw strings as the page has them. */
export interface StructuredOffer {
  price: string;
  currency: string | null;
  availability: string | null;
  condition: string | null;
}

/** The product's offer as JSON-LD, microdata and OpenGraph give it; a method that names no price is null. */
export function readStructuredOffer(html: Html): {
  jsonLd: StructuredOffer | null;
  microdata: StructuredOffer | null;
  openGraph: StructuredOffer | null;
  /** JSON-LD scripts that do not parse and were skipped. */
  brokenJsonLd: number;
} {
  const { nodes, broken } = readJsonLd(html);
  return {
    jsonLd: firstProductOffer(nodes),
    microdata: readMicrodata(html),
    openGraph: readOpenGraph(html),
    brokenJsonLd: broken,
  };
}

/** As a reading keeps it. */
export function countedBroken(brokenJsonLd: number): { broken_json_ld?: number } {
  return brokenJsonLd === 0 ? {} : { broken_json_ld: brokenJsonLd };
}

function firstProductOffer(nodes: readonly Json[]): StructuredOffer | null {
  for (const node of nodes) {
    if (![node["@type"]].flat().includes("Product")) continue;
    const offer = offerOf(node["offers"]);
    if (offer !== null) return offer;
  }
  return null;
}

function offerOf(offers: unknown): StructuredOffer | null {
  const offer = [offers].flat().find(isObject);
  const price = offer === undefined ? null : priceOf(offer);
  if (offer === undefined || price === null) return null;
  return {
    price,
    currency: stringOrNull(offer["priceCurrency"]),
    availability: stringOrNull(offer["availability"]),
    condition: stringOrNull(offer["itemCondition"]),
  };
}

/**
 * The lowest price of an AggregateOffer is that of some offer among several, not of the thing on the page, unless it is
 * the highest as well or there is but one offer.
 */
function priceOf(offer: Json): string | null {
  const price = textOrNull(offer["price"]);
  if (price !== null) return price;
  const lowest = textOrNull(offer["lowPrice"]);
  const isOnlyOne = String(offer["offerCount"]) === "1" || lowest === textOrNull(offer["highPrice"]);
  return isOnlyOne ? lowest : null;
}

function readMicrodata(html: Html): StructuredOffer | null {
  const price = propertyOf(html, "price");
  if (price === null) return null;
  return {
    price,
    currency: propertyOf(html, "priceCurrency"),
    availability: propertyOf(html, "availability"),
    condition: propertyOf(html, "itemCondition"),
  };
}

function propertyOf(html: Html, name: string): string | null {
  const element: Selection = html(`[itemprop="${name}"]`).first();
  const value = element.attr("content") ?? element.attr("href") ?? element.text().trim();
  return value === "" ? null : value;
}

/** Some sites write the tags' names into `name` in place of `property`. */
function readOpenGraph(html: Html): StructuredOffer | null {
  const property = (name: string): string | null =>
    html(`meta[property="product:${name}"], meta[property="og:${name}"], meta[name="product:${name}"]`).attr(
      "content",
    ) ?? null;
  const price = property("price:amount");
  if (price === null) return null;
  return {
    price,
    currency: property("price:currency"),
    availability: property("availability"),
    condition: property("condition"),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

function stringOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
