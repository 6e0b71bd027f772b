import { type PageKind, PermanentError, type SearchRequest } from "@pricefleet/contracts";

export const sourceName = "sample";

/** Where the sample marketplace stands when nobody says otherwise. */
export const defaultBaseUrl = "http://127.0.0.1:30081";

export function kindOf(url: URL): PageKind | null {
  if (url.pathname === "/search") return "search";
  if (url.pathname.startsWith("/item/")) return "listing";
  if (url.pathname.startsWith("/quotes/")) return "quote";
  return null;
}

/** @throws PermanentError reason `bad-search` when the request names neither words nor a search page of the site. */
export function searchUrl(baseUrl: URL, search: SearchRequest, pageNumber: number): string {
  const url = search.url === null ? searchForTerm(baseUrl, search.term) : pastedSearch(baseUrl, search.url);
  url.searchParams.set("page", String(pageNumber));
  return url.href;
}

function searchForTerm(baseUrl: URL, term: string | null): URL {
  if (!term?.trim()) throw new PermanentError("bad-search", "A search needs words or an address.");
  const url = new URL("/search", baseUrl);
  url.searchParams.set("q", term.trim());
  return url;
}

function pastedSearch(baseUrl: URL, address: string): URL {
  const url = URL.parse(address);
  if (url?.host === baseUrl.host && kindOf(url) === "search") return url;
  const example = new URL("/search?q=thinkpad", baseUrl).href;
  throw new PermanentError("bad-search", `"${address}" is not a search page; one looks like ${example}`);
}

/** The one address of a listing, without what only tells where a visitor came from. Null for what is no address. */
export function canonicalUrl(href: string, pageUrl: string): string | null {
  const url = URL.parse(href, pageUrl);
  return url && url.origin + url.pathname;
}
