import { createServer } from "node:http";
import { addressOf, type EbayTruth, ebayTruth, readCapture } from "../captures/index.ts";
import { serveLocally } from "./serve-locally.ts";

export interface EbayMirror {
  /** For EBAY_BASE_URL. */
  url: string;
  /** The address of the search whose page was captured in this file. */
  searchUrl(searchFile: string): string;
  close(): Promise<void>;
}

/**
 * A server with eBay's addresses: searches answer with the captured pages, items with their captured page where there
 * is one, and with a generated page in the same layout where there is none.
 */
export async function startEbayMirror(
  searchFiles: readonly string[],
  itemFiles: readonly string[],
): Promise<EbayMirror> {
  const searchPages = new Map(searchFiles.map((file) => [capturedSearch(file), readCapture(file)]));
  const itemPages = new Map(itemFiles.map((file) => [new URL(addressOf(file)).pathname, readCapture(file)]));
  for (const truth of searchFiles.flatMap(ebayTruth)) {
    const path = `/itm/${truth.item_id}`;
    if (!itemPages.has(path)) itemPages.set(path, itemPage(truth));
  }

  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://mirror");
    const page = searchPages.get(pathname + search) ?? itemPages.get(pathname);
    response
      .writeHead(page === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" })
      .end(page ?? "Not found");
  });
  const { url, close } = await serveLocally(server);
  return {
    url,
    searchUrl: (file) => url + capturedSearch(file),
    close,
  };
}

function capturedSearch(file: string): string {
  const { pathname, search } = new URL(addressOf(file));
  return pathname + search;
}

/** In the layout of the captured item page of 2025, with what the search's truth says of the item. */
function itemPage({ title, price_text: prices, bids, ended }: EbayTruth): string {
  const isAuction = bids !== null && bids !== undefined;
  const [first = "", second = null] = prices;
  const isRange = prices.length === 3;
  const priceBox = (name: string, text: string) =>
    `<div class="${name}"><div class="x-price-primary"><span class="ux-textspans">${text}</span></div></div>`;
  return `<!doctype html><html><head><title>${escaped(title)} | eBay</title></head><body>
    <h1 class="x-item-title__mainTitle"><span class="ux-textspans ux-textspans--BOLD">${escaped(title)}</span></h1>
    ${ended === true ? '<div class="d-statusmessage">This listing ended</div>' : ""}
    <div class="x-price-section">
      ${isAuction ? `${priceBox("x-bid-price", first)}<div class="x-bid-count">${bids}</div>` : ""}
      ${isAuction && second !== null ? priceBox("x-bin-price", second) : ""}
      ${isAuction ? "" : priceBox("x-bin-price", isRange ? prices.join(" ") : first)}
    </div>
    <div class="x-item-description-child">Generated for a test.</div>
  </body></html>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
