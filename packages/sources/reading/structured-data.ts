import type { Html, Selection } from "./parse-html.ts";

/** What a page's structured data says about the thing it sells: raw strings as the page has them. */
export interface StructuredOffer {
  price: string;
  currency: string | null;
  availability: string | null;
  condition: string | null;
}

type Json = Record<string, unknown>;

/** The product's offer as JSON-LD, microdata and OpenGraph give it; a method that names no price is null. */
export function readStructuredOffer(html: Html): {
  jsonLd: StructuredOffer | null;
  microdata: StructuredOffer | null;
  openGraph: StructuredOffer | null;
} {
  return { jsonLd: readJsonLd(html), microdata: readMicrodata(html), openGraph: readOpenGraph(html) };
}

function readJsonLd(html: Html): StructuredOffer | null {
  for (const script of html('script[type="application/ld+json"]').toArray()) {
    for (const product of productsIn(parseJson(html(script).text()))) {
      const offer = offerOf(product["offers"]);
      if (offer !== null) return offer;
    }
  }
  return null;
}

/** Pages carry broken JSON-LD often enough that it is not an error of ours: it says nothing, then. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** JSON-LD comes as one node, a list of them, or a list under "@graph". */
function productsIn(data: unknown): Json[] {
  const nodes = (Array.isArray(data) ? data : [data]).filter(isObject);
  return nodes.flatMap((node) => {
    const graph = Array.isArray(node["@graph"]) ? node["@graph"].filter(isObject) : [];
    return [node, ...graph].filter((candidate) => [candidate["@type"]].flat().includes("Product"));
  });
}

function offerOf(offers: unknown): StructuredOffer | null {
  const offer = [offers].flat().find(isObject);
  const price = offer?.["price"] ?? offer?.["lowPrice"];
  if (offer === undefined || (typeof price !== "string" && typeof price !== "number")) return null;
  return {
    price: String(price),
    currency: stringOrNull(offer["priceCurrency"]),
    availability: stringOrNull(offer["availability"]),
    condition: stringOrNull(offer["itemCondition"]),
  };
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

function readOpenGraph(html: Html): StructuredOffer | null {
  const property = (name: string): string | null =>
    html(`meta[property="product:${name}"], meta[property="og:${name}"]`).attr("content") ?? null;
  const price = property("price:amount");
  if (price === null) return null;
  return {
    price,
    currency: property("price:currency"),
    availability: property("availability"),
    condition: property("condition"),
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function stringOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
