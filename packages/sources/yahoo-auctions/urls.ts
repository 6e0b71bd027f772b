import { type PageKind, PermanentError, type SearchRequest } from "@pricefleet/contracts";

const host = "auctions.yahoo.co.jp";
/** What Yahoo shows on a page where the address does not say it is left to Yahoo; ours says it, or pages would overlap. */
const RESULTS_A_PAGE = 50;

export function isYahooAuctions(url: URL, mirrorUrl: string | null): boolean {
  return url.hostname === host || (mirrorUrl !== null && url.host === new URL(mirrorUrl).host);
}

/** Of running auctions: what has ended stands elsewhere and in another layout. */
export function kindOfYahooPage(url: URL): PageKind | null {
  return /^\/search\/search(\/|$)/.test(url.pathname) ? "search" : null;
}

/** "g1241079425" out of the address of an auction; null for any other address. */
export function auctionIdOf(address: string): string | null {
  return /^\/jp\/auction\/([a-z]?\d{6,12})\/?$/.exec(URL.parse(address)?.pathname ?? "")?.[1] ?? null;
}

/**
 * The address of page `pageNumber` (from 1) of a search. Yahoo counts results, not pages: b=51 begins the second page
 * of fifty. A pasted address keeps its filters; a mirror takes the place of the host.
 * @throws PermanentError reason `bad-search` when there are neither words nor the address of a search.
 */
export function yahooSearchUrl(search: SearchRequest, pageNumber: number, mirrorUrl: string | null): string {
  const url = search.url === null ? searchForWords(search.term) : pastedSearch(search.url, mirrorUrl);
  const address = mirrorUrl === null ? url : new URL(url.pathname + url.search, mirrorUrl);
  address.hash = "";
  const stated = Number(address.searchParams.get("n"));
  const resultsAPage = Number.isInteger(stated) && stated >= 1 && stated <= 100 ? stated : RESULTS_A_PAGE;
  address.searchParams.set("n", String(resultsAPage));
  address.searchParams.set("b", String((pageNumber - 1) * resultsAPage + 1));
  return address.href;
}

function searchForWords(term: string | null): URL {
  if (term === null || term.trim() === "") {
    throw new PermanentError(
      "bad-search",
      "A Yahoo! Auctions search needs words, or the address of a search page",
    );
  }
  const url = new URL(`https://${host}/search/search`);
  url.searchParams.set("p", term.trim());
  url.searchParams.set("va", term.trim());
  return url;
}

function pastedSearch(address: string, mirrorUrl: string | null): URL {
  const url = URL.parse(address.trim());
  const isOurs = url !== null && /^https?:$/.test(url.protocol) && isYahooAuctions(url, mirrorUrl);
  if (!isOurs || kindOfYahooPage(url) !== "search") {
    throw new PermanentError(
      "bad-search",
      `"${address}" is not a search page of Yahoo! Auctions; one looks like https://${host}/search/search?p=vita`,
    );
  }
  return url;
}
