import { PermanentError, type SearchRequest } from "@pricefleet/contracts";

/** Parameters that only tell where a visitor came from; all others may choose what is sold, a size or a colour. */
const trackingParameter =
  /^(utm_\w+|gclid|gclsrc|gbraid|wbraid|dclid|fbclid|msclkid|yclid|ysclid|twclid|ttclid|igshid|srsltid|mc_cid|mc_eid|_ga|_gl|_hsenc|_hsmi|ref|ref_|referrer|referer|campaign_?id|cmpid|affid|aff_id|pk_\w+|mtm_\w+|spm|scid|zanpid|awc|irclickid)$/i;

/** One product, one address: without tracking, fragment and default port, its parameters in order. Null for no web address. */
export function normalizedAddress(address: string, base?: URL): URL | null {
  const url = URL.parse(address, base);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  url.hash = "";
  url.username = "";
  url.password = "";
  for (const name of url.searchParams.keys().toArray()) {
    if (trackingParameter.test(name)) url.searchParams.delete(name);
  }
  url.searchParams.sort();
  return url;
}

/** The listing's name in the book: its address, without the scheme that a site may change. */
export function externalIdOf(url: URL): string {
  return url.host.replace(/^www\./, "") + url.pathname.replace(/(?<=.)\/$/, "") + url.search;
}

/** @throws PermanentError reason `bad-search`: a product page is found by its address, and by nothing else. */
export function productAddress(search: SearchRequest): URL {
  const url = search.url === null ? null : normalizedAddress(search.url);
  if (url !== null) return url;
  const given = search.url ?? search.term ?? "";
  throw new PermanentError(
    "bad-search",
    `"${given}" is no address of a product's page; one looks like https://shop.example/kettle`,
  );
}
