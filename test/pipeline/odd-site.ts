import { createServer, type ServerResponse } from "node:http";
import { serveLocally } from "./serve-locally.ts";

export interface OddSite {
  /** For SAMPLE_BASE_URL. */
  url: string;
  close(): Promise<void>;
}

/** What stands in a card's link, by the listing's id; a path is one of this site. */
export const oddLinks = {
  "leads-inside": "/item/leads-inside",
  "leads-to-this-machine": "/item/leads-to-this-machine",
  "leads-in-circles": "/item/leads-in-circles",
  "leads-to-a-search": "/item/leads-to-a-search",
  "is-a-document": "/item/is-a-document",
  "is-a-script": "javascript:alert(1)",
  "is-a-mail": "mailto:seller@shop.example",
  "is-on-ftp": "ftp://files.example/item/1",
  "is-inside": "http://192.168.0.1/item/1",
  "is-too-long": `/item/${"long".repeat(600)}`,
  "is-fine": "/item/is-fine",
} as const;

const redirects: Record<string, string> = {
  "/item/leads-inside": "http://169.254.169.254/latest/meta-data/",
  "/item/leads-to-this-machine": "http://localhost:5432/",
  "/item/leads-in-circles": "/item/leads-in-circles",
  "/item/leads-to-a-search": "/search?q=odd",
};

/** A site in the sample marketplace's layout, one search of which finds listings with every kind of bad address. */
export async function startOddSite(): Promise<OddSite> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://odd");
    const location = redirects[pathname];
    if (location !== undefined) response.writeHead(302, { location }).end();
    else if (pathname === "/search") sendHtml(response, searchPage());
    else if (pathname === "/item/is-fine") sendHtml(response, listingPage("is-fine"));
    else if (pathname === "/item/is-a-document")
      response.writeHead(200, { "content-type": "application/pdf" }).end("%PDF-1.7");
    else response.writeHead(404).end();
  });
  const { url, close } = await serveLocally(server);
  return {
    url,
    close,
  };
}

function sendHtml(response: ServerResponse, body: string): void {
  response
    .writeHead(200, { "content-type": "text/html; charset=utf-8" })
    .end(`<!doctype html><title>Odd</title><main>${body}</main>`);
}

function searchPage(): string {
  const cards = Object.entries(oddLinks).map(
    ([id, link]) => `<li class="card" data-listing-id="${id}">
      <a class="card-title" href="${link}">${titleOf(id)}</a><p class="price">$10.00</p></li>`,
  );
  return `<p class="result-count">${cards.length} results</p>
    <ul class="results">${cards.join("\n")}</ul><nav class="pager"></nav>`;
}

function listingPage(id: string): string {
  return `<article class="listing" data-listing-id="${id}"><section class="offer">
    <h1 class="title">${titleOf(id)}</h1><p class="price">$10.00</p></section></article>`;
}

/** With a character that no PostgreSQL text may hold, and one that is half of a pair. */
function titleOf(id: string): string {
  return `The listing\0 that ${id.replaceAll("-", " ")} &#xD83D;`;
}
