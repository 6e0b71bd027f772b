import { PermanentError, type SearchRequest } from "@pricefleet/contracts";

const host = "jp.mercari.com";
/** /item/m73194523815, and /en/item/… in another language. */
const itemPath = /^\/(?:[a-z]{2}(?:-[A-Z]{2})?\/)?item\/(m\d{6,15})\/?$/;

/** Shops on Mercari ("/shops/product/…") have pages of another kind, which any product's page reader takes. */
export function isMercari(url: URL, mirrorUrl: string | null): boolean {
  const isHost = url.hostname === host || (mirrorUrl !== null && url.host === new URL(mirrorUrl).host);
  return isHost && !url.pathname.startsWith("/shops/");
}

/** "m73194523815"; null for an address that is not an item's. */
export function itemIdOf(url: URL | null): string | null {
  return itemPath.exec(url?.pathname ?? "")?.[1] ?? null;
}

/** The one address of an item, in the site's own language, on the host of the page that shows it. */
export function itemUrl(itemId: string, pageUrl: string): string {
  return new URL(`/item/${itemId}`, pageUrl).href;
}

/**
 * The address of an item; a mirror takes the place of the host. Result pages are not read.
 * @throws PermanentError reason `bad-search` for anything that is not the address of an item.
 */
export function itemAddress(search: SearchRequest, mirrorUrl: string | null): { id: string; url: string } {
  const given = URL.parse(search.url?.trim() ?? "");
  const id = itemIdOf(given);
  if (given === null || id === null || !isMercari(given, mirrorUrl)) {
    throw new PermanentError(
      "bad-search",
      `"${search.url ?? search.term ?? ""}" is not the address of an item of Mercari; one looks like https://${host}/item/m73194523815`,
    );
  }
  return { id, url: itemUrl(id, mirrorUrl ?? `https://${host}`) };
}
