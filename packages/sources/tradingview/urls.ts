import type { PageKind } from "@pricefleet/contracts";

export const sourceName = "tradingview";
export const defaultBaseUrl = "https://www.tradingview.com";

/** A symbol's own page, or an overview of a market with many. */
export function kindOf({ pathname }: URL): PageKind | null {
  return /^\/symbols\/[^/]+\/?$/.test(pathname) || /^\/markets(\/|$)/.test(pathname) ? "quote" : null;
}

/** "/symbols/GOLD/?exchange=TVC" and "/symbols/TVC-GOLD/" are TVC:GOLD; "/symbols/SPX/" names no exchange. Null for an overview. */
export function symbolIn(url: URL): string | null {
  const path = /^\/symbols\/([^/]+)/.exec(url.pathname)?.[1];
  if (path === undefined) return null;
  const name = decoded(path).toUpperCase();
  const exchange = url.searchParams.get("exchange")?.toUpperCase();
  if (exchange) return `${exchange}:${name}`;
  return name.replace("-", ":");
}

/** What is not valid percent-encoding is taken as it is. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return segment;
    throw error;
  }
}
