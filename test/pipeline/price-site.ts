import { createServer, type ServerResponse } from "node:http";
import { serveLocally } from "./serve-locally.ts";

export interface PriceSite {
  /** For SAMPLE_BASE_URL. */
  url: string;
  /** How often each listing's page was asked for. */
  asked: ReadonlyMap<string, number>;
  /** Lets those go on who wait for a third page of a listing, and all who come after. */
  release(): void;
  close(): Promise<void>;
}

/** A site in the sample marketplace's layout: each listing's page prints the next of its prices, and then the last for good. */
export async function startPriceSite(prices: Record<string, readonly string[]>): Promise<PriceSite> {
  const asked = new Map<string, number>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://prices");
    const id = pathname.replace("/item/", "");
    const printed = prices[id];
    if (pathname === "/search") sendHtml(response, searchPage(Object.keys(prices)));
    else if (printed === undefined) response.writeHead(404).end();
    else void sendListing(id, printed, response);
  });

  async function sendListing(
    id: string,
    printed: readonly string[],
    response: ServerResponse,
  ): Promise<void> {
    const count = (asked.get(id) ?? 0) + 1;
    asked.set(id, count);
    if (count > 2) await released;
    sendHtml(response, listingPage(id, printed[count - 1] ?? printed.at(-1) ?? ""));
  }

  const { url, close } = await serveLocally(server);
  return {
    url,
    asked,
    release,
    async close() {
      release();
      await close();
    },
  };
}

function sendHtml(response: ServerResponse, body: string): void {
  response
    .writeHead(200, { "content-type": "text/html; charset=utf-8" })
    .end(`<!doctype html><title>Prices</title><main>${body}</main>`);
}

/** Cards without a price: the listings' own pages have it. */
function searchPage(ids: readonly string[]): string {
  const cards = ids.map(
    (id) =>
      `<li class="card" data-listing-id="${id}"><a class="card-title" href="/item/${id}">${id}</a></li>`,
  );
  return `<p class="result-count">${ids.length} results</p>
    <ul class="results">${cards.join("\n")}</ul><nav class="pager"></nav>`;
}

function listingPage(id: string, price: string): string {
  return `<article class="listing" data-listing-id="${id}"><section class="offer">
    <h1 class="title">${id}</h1><p class="price">${price}</p></section></article>`;
}
