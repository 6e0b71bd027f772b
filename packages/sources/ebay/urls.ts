import { type PageKind, PermanentError, type SearchRequest } from "@pricefleet/contracts";

/** Where eBay sells. A country's languages are subdomains: benl.ebay.be, befr.ebay.be, cafr.ebay.ca. */
const domains = [
  "ebay.com",
  "ebay.de",
  "ebay.co.uk",
  "ebay.ie",
  "ebay.fr",
  "ebay.it",
  "ebay.es",
  "ebay.pl",
  "ebay.nl",
  "ebay.at",
  "ebay.ch",
  "ebay.be",
  "ebay.ca",
  "ebay.com.au",
  "ebay.com.hk",
  "ebay.com.sg",
  "ebay.com.my",
  "ebay.com.tw",
  "ebay.ph",
  "ebay.vn",
  "ebay.in",
];

/** Item numbers have 9 digits or more; the placeholder card that eBay puts before the results has 123456. */
const itemPath = /^\/itm\/(?:[^/]*\/)?(\d{9,15})\/?$/;
const searchPath = /^\/(sch|shop)\//;

export function isEbayHost(hostname: string): boolean {
  return domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`));
}

export function kindOfEbayPage(url: URL): PageKind | null {
  if (itemPath.test(url.pathname)) return "listing";
  if (searchPath.test(url.pathname)) return "search";
  return null;
}

/** The item number in an item's address, absolute or as a page links to it; null if it is not an item's. */
export function itemIdOf(href: string, pageUrl: string): string | null {
  const path = URL.parse(href, pageUrl)?.pathname ?? "";
  return itemPath.exec(path)?.[1] ?? null;
}

/** The one address of an item, on the host of the page that shows it, so that a mirror's items stay on the mirror. */
export function itemUrl(itemId: string, pageUrl: string): string {
  return new URL(`/itm/${itemId}`, pageUrl).href;
}

/**
 * The address of page `pageNumber` (from 1) of a search. A pasted address keeps its domain and filters;
 * a mirror takes the place of the domain.
 * @throws PermanentError reason `bad-search` when there are neither words nor an eBay search address.
 */
export function ebaySearchUrl(search: SearchRequest, pageNumber: number, mirrorUrl: string | null): string {
  const url = search.url === null ? searchForWords(search.term) : pastedSearch(search.url, mirrorUrl);
  const address = mirrorUrl === null ? url : new URL(url.pathname + url.search, mirrorUrl);
  address.hash = "";
  address.searchParams.delete("_pgn");
  if (pageNumber > 1) address.searchParams.set("_pgn", String(pageNumber));
  return address.href;
}

function searchForWords(term: string | null): URL {
  if (term === null || term.trim() === "") {
    throw new PermanentError("bad-search", "An eBay search needs words, or the address of a search page");
  }
  const url = new URL("https://www.ebay.com/sch/i.html");
  url.searchParams.set("_nkw", term.trim());
  return url;
}

function pastedSearch(address: string, mirrorUrl: string | null): URL {
  const url = URL.parse(address.trim());
  const isOurs =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    (isEbayHost(url.hostname) || (mirrorUrl !== null && url.host === new URL(mirrorUrl).host));
  if (!isOurs || kindOfEbayPage(url) !== "search") {
    throw new PermanentError(
      "bad-search",
      `"${address}" is not an eBay search page; one looks like https://www.ebay.de/sch/i.html?_nkw=thinkpad`,
    );
  }
  return url;
}
