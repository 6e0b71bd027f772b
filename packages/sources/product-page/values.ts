import { amount as amountContract, type Availability } from "@pricefleet/contracts";
import { currencyOf, normalizeAmount, parsePrice } from "@pricefleet/pricing";
import { isObject, type Json } from "../reading/index.ts";
import type { PageFacts } from "./product-says.ts";

/** The first text in what may be a text, a number, a list, or an object that names itself. Null if there is none. */
export function textIn(value: unknown): string | null {
  if (typeof value === "string") return value.replace(/\s+/g, " ").trim() || null;
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) {
    for (const inner of value.slice(0, 20)) {
      const text = Array.isArray(inner) ? null : textIn(inner);
      if (text !== null) return text;
    }
  }
  if (!isObject(value)) return null;
  for (const key of ["@value", "name", "url", "contentUrl", "@id"]) {
    const inner = value[key];
    if (typeof inner === "string" || typeof inner === "number") return textIn(inner);
  }
  return null;
}

/** The address in a value, beside the page's own; null if there is none. */
export function addressIn(value: unknown, page: PageFacts): URL | null {
  const text = textIn(value);
  return text === null ? null : URL.parse(text, page.url);
}

/** The objects in what may be one or a list of them. */
export function objectsIn(value: unknown): Json[] {
  return [value].flat().filter(isObject);
}

/** An amount that a machine wrote, or else one as printed. Shops write 0 for a price that they do not tell. */
export function amountIn(value: unknown, page: PageFacts): string | null {
  const text = textIn(value);
  if (text === null || text.length > 100) return null;
  const hints = { domain: page.url.hostname, locale: page.locale };
  const printed = currencyOf(text, hints) === null ? null : parsePrice(text, hints);
  return realAmount(printed?.amount ?? normalizeAmount(text) ?? parsePrice(text, hints)?.amount ?? null);
}

/** The amount if it is one that can be a price: above nought, and of a length that is kept. */
export function realAmount(amount: string | null): string | null {
  const isPrice = amount !== null && amountContract.safeParse(amount).success && /^[\d.]*[1-9]/.test(amount);
  return isPrice ? amount : null;
}

/** ISO 4217 of a code or a sign. */
export function currencyIn(value: unknown, page: PageFacts): string | null {
  const text = textIn(value);
  if (text === null || text.length > 100) return null;
  const known = currencyOf(text, { domain: page.url.hostname, locale: page.locale });
  if (known !== null) return known;
  return /^[A-Za-z]{3}$/.test(text) ? text.toUpperCase() : null;
}

/** schema.org's words, and those of OpenGraph, Shopify and others that mean the same. */
export function availabilityIn(value: unknown): Availability | null {
  const word = (textIn(value) ?? "")
    .replace(/^.*[/:#]/, "")
    .replace(/[\s_-]/g, "")
    .toLowerCase();
  if (
    /^(outofstock|soldout|discontinued|unavailable|oos|notavailable|notinstock|backorderclosed)$/.test(word)
  ) {
    return "out-of-stock";
  }
  if (
    /^(instock|available|onlineonly|limitedavailability|instoreonly|backorder|availablefororder|instockonline|true)$/.test(
      word,
    )
  ) {
    return "in-stock";
  }
  return /^(preorder|presale|pending)$/.test(word) ? "pre-order" : null;
}

/** A GTIN is 8, 12, 13 or 14 digits; anything else in its place is the shop's own number. */
export function gtinIn(...values: unknown[]): string | null {
  for (const value of values) {
    const digits = textIn(value)
      ?.replace(/^(gtin|ean|isbn|upc):?/i, "")
      .replace(/[\s-]/g, "");
    if (digits !== undefined && /^(\d{8}|\d{12,14})$/.test(digits)) return digits;
  }
  return null;
}

/** Letters and digits only, so that punctuation and case never part two writings of one name. */
export function comparable(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "");
}

/** Do two writings name one thing? One may say more: "Kettle | Shop" names the kettle. */
export function isSameName(name: string | null, titles: readonly string[]): boolean {
  const wanted = comparable(name ?? "");
  if (wanted === "") return false;
  return titles.some((title) => {
    const other = comparable(title);
    return (
      other !== "" &&
      (wanted === other ||
        (wanted.length > 3 && other.includes(wanted)) ||
        (other.length > 3 && wanted.includes(other)))
    );
  });
}
