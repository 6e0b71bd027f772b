import { type PageKind, PermanentError, type SearchRequest } from "@pricefleet/contracts";

/** What follows "amazon." in the shops' domains. */
const marketplaces = [
  "com",
  "de",
  "co.uk",
  "fr",
  "it",
  "es",
  "nl",
  "pl",
  "se",
  "com.be",
  "ie",
  "com.tr",
  "ae",
  "sa",
  "eg",
  "co.za",
  "in",
  "co.jp",
  "sg",
  "com.au",
  "ca",
  "com.mx",
  "com.br",
];

/** /Some-Title/dp/B013JF5F0C/ref=…, with a language before it: /-/en/dp/… */
const productPath =
  /^(?:\/-\/[a-z]{2})?\/(?:(?:[^/]+\/)?dp|gp\/product|gp\/aw\/d)\/([A-Z0-9]{10})(?:[/?]|$)/i;
const searchPath = /^(?:\/-\/[a-z]{2})?\/(?:s|b)(?:\/|$)/;

/** Tell where a visitor came from, and when; the rest of a pasted address filters and sorts. */
const visitParameters = ["page", "ref", "qid", "crid", "sprefix", "xpid"];

/** "de" for www.amazon.de; null for a host that is not Amazon's. */
export function marketplaceOfHost(hostname: string): string | null {
  const domain = /^(?:(?:www|smile|m)\.)?amazon\.([a-z.]+)$/.exec(hostname)?.[1];
  return marketplaces.find((known) => known === domain) ?? null;
}

/** The shop that an address belongs to; a mirror stands in for amazon.com. */
export function marketplaceAt(url: URL, mirrorUrl: string | null): string | null {
  const isMirror = mirrorUrl !== null && url.host === new URL(mirrorUrl).host;
  return marketplaceOfHost(url.hostname) ?? (isMirror ? "com" : null);
}

export function kindOfAmazonPage(url: URL): PageKind | null {
  if (productPath.test(url.pathname)) return "listing";
  return searchPath.test(url.pathname) ? "search" : null;
}

/** The product's number, "B013JF5F0C", in the address of its page; null for any other address. */
export function asinOf(url: string): string | null {
  return productPath.exec(URL.parse(url)?.pathname ?? "")?.[1]?.toUpperCase() ?? null;
}

/** The shops share their products' numbers and not their prices, so the shop belongs to the identity: "B013JF5F0C-de". */
export function externalIdOf(asin: string, marketplace: string): string {
  return `${asin}-${marketplace}`;
}

/** The one address of a product, without title, language and the way that led to it, on the host of the page that shows it. */
export function productUrl(asin: string, pageUrl: string): string {
  return new URL(`/dp/${asin}`, pageUrl).href;
}

/**
 * The address of page `pageNumber` (from 1) of a search. A pasted address keeps its shop, language and filters; a mirror
 * takes the place of the shop. Words alone are searched at amazon.com.
 * @throws PermanentError reason `bad-search` when there are neither words nor an Amazon search address.
 */
export function amazonSearchUrl(search: SearchRequest, pageNumber: number, mirrorUrl: string | null): string {
  const url = search.url === null ? searchForWords(search.term) : pastedSearch(search.url, mirrorUrl);
  const address = mirrorUrl === null ? url : new URL(url.pathname + url.search, mirrorUrl);
  address.hash = "";
  for (const name of visitParameters) address.searchParams.delete(name);
  if (pageNumber > 1) address.searchParams.set("page", String(pageNumber));
  return address.href;
}

function searchForWords(term: string | null): URL {
  if (term === null || term.trim() === "") {
    throw new PermanentError("bad-search", "An Amazon search needs words, or the address of a search page");
  }
  const url = new URL("https://www.amazon.com/s");
  url.searchParams.set("k", term.trim());
  return url;
}

function pastedSearch(address: string, mirrorUrl: string | null): URL {
  const url = URL.parse(address.trim());
  const isOurs = url !== null && /^https?:$/.test(url.protocol) && marketplaceAt(url, mirrorUrl) !== null;
  if (!isOurs || kindOfAmazonPage(url) !== "search") {
    throw new PermanentError(
      "bad-search",
      `"${address}" is not an Amazon search page; one looks like https://www.amazon.de/s?k=katzenfutter`,
    );
  }
  return url;
}
