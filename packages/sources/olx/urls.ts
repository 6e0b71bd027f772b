import { type PageKind, PermanentError, type SearchRequest } from "@pricefleet/contracts";
import { adNumberOf } from "./ad-number.ts";
import { countryOfHost, listPathOf, type OlxCountry, olxCountries } from "./countries.ts";

/** Which of OLX's sites is meant where an address does not say it. */
export interface OlxSite {
  /** A test server or mirror that answers for OLX. */
  mirrorUrl: string | null;
  /** Of a search by words alone, and of the mirror. */
  country: OlxCountry;
}

/** First parts of paths at which there is neither a search nor an ad. */
const otherPaths = new Set(
  "account adding api app cont konto myaccount obserwowane pomoc purchase".split(" "),
);

/** The country whose site this host is; null for a host that is neither OLX's nor the mirror. */
export function countryAt(url: URL, site: OlxSite): OlxCountry | null {
  const isMirror = site.mirrorUrl !== null && url.host === new URL(site.mirrorUrl).host;
  return countryOfHost(url.hostname) ?? (isMirror ? site.country : null);
}

/** Ads end in .html; all other paths are categories, regions and words to filter by, except the site's own rooms. */
export function kindOfOlxPage(url: URL): PageKind | null {
  if (adNumberOf(url.pathname) !== null) return "listing";
  const parts = url.pathname.split("/").filter((part) => part !== "");
  // Until 2023 each path began with /d/.
  const first = parts[0] === "d" ? parts[1] : parts[0];
  const isSearch = first !== undefined && !otherPaths.has(first) && !url.pathname.includes(".");
  return isSearch ? "search" : null;
}

/**
 * The one identity of an ad. Each country counts for itself, and they have come to the same numbers (806118067 was an
 * ad of olx.pl in 2023 and 801842123 one of olx.ua), so the country belongs to it.
 */
export function externalIdOf(number: string, country: OlxCountry): string {
  return `${number}-${country}`;
}

/**
 * The one address of an ad, without what a search adds to it. An ad of OLX is on the host of the page that shows it, so
 * that a mirror's ads stay on the mirror; one of a sister site (otodom.pl) is where the card leads.
 */
export function adUrl(href: string, pageUrl: string): string | null {
  const url = URL.parse(href, pageUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  return countryOfHost(url.hostname) === null
    ? `${url.origin}${url.pathname}`
    : (URL.parse(url.pathname, pageUrl)?.href ?? null);
}

/**
 * The address of page `pageNumber` (from 1) of a search. A pasted address keeps its country, category and filters; a
 * mirror takes the place of the host.
 * @throws PermanentError reason `bad-search` when there are neither words nor an OLX search address.
 */
export function olxSearchUrl(search: SearchRequest, pageNumber: number, site: OlxSite): string {
  const url = search.url === null ? searchForWords(search.term, site) : pastedSearch(search.url, site);
  const address = site.mirrorUrl === null ? url : new URL(url.pathname + url.search, site.mirrorUrl);
  address.hash = "";
  address.searchParams.delete("page");
  if (pageNumber > 1) address.searchParams.set("page", String(pageNumber));
  return address.href;
}

/** OLX writes the words of a search into the path, joined by hyphens: /oferty/q-rower-dzieciecy/ */
function searchForWords(term: string | null, { country }: OlxSite): URL {
  const words = (term ?? "").split(/[\s/?#\\]+/).filter((word) => word !== "");
  if (words.length === 0) {
    throw new PermanentError("bad-search", "An OLX search needs words, or the address of a search page");
  }
  return new URL(
    `https://www.olx.${country}${listPathOf(country)}q-${words.map(encodeURIComponent).join("-")}/`,
  );
}

function pastedSearch(address: string, site: OlxSite): URL {
  const url = URL.parse(address.trim());
  const isOurs = url !== null && /^https?:$/.test(url.protocol) && countryAt(url, site) !== null;
  if (!isOurs || kindOfOlxPage(url) !== "search") {
    throw new PermanentError(
      "bad-search",
      `"${address}" is not a search page of OLX (${olxCountries.join(", ")}); one looks like https://www.olx.pl/oferty/q-rower/`,
    );
  }
  return url;
}
