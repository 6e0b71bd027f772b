import { createServer, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { serveLocally } from "./serve-locally.ts";

export interface HostileSite {
  /** For SAMPLE_BASE_URL. */
  url: string;
  close(): Promise<void>;
}

const MEGABYTE = 1024 * 1024;
const listing = (id: string, title: string): string =>
  `<article class="listing" data-listing-id="${id}"><section class="offer"><h1 class="title">${title}</h1>
   <p class="price">€10.00</p></section></article>`;

/** 100 MB in 100 kB, and in 100 bytes. */
const bomb = (compress: (body: Buffer) => Buffer): Buffer => compress(Buffer.alloc(100 * MEGABYTE, "<p>"));
const gzipBomb = bomb((body) => gzipSync(body));
const brotliBomb = bomb((body) =>
  brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
);

interface Answer {
  contentType?: string;
  encoding?: string;
  body: (id: string) => Buffer | Iterable<Buffer>;
}

function* repeated(text: string, sizeBytes: number): Generator<Buffer> {
  const piece = Buffer.from(text.repeat(Math.ceil(MEGABYTE / text.length)));
  for (let sent = 0; sent < sizeBytes; sent += piece.length) yield piece;
}

const windows1251 = (html: string): Buffer =>
  Buffer.from(
    html.replaceAll("Чайник", "\u00d7\u00e0\u00e9\u00ed\u00e8\u00ea").replaceAll("€", "\u0088"),
    "latin1",
  );
const utf16 = (html: string): Buffer =>
  Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(html, "utf16le")]);
/** Every byte there is, in an order that is no text in any encoding. */
const binary = (sizeBytes: number): Buffer =>
  Buffer.from(Array.from({ length: sizeBytes }, (_, index) => (index * 7919) % 256));

/** What is served as the page of a listing, by the listing's id. */
export const hostilePages: Record<string, Answer> = {
  "fifty-megabytes": { body: () => repeated("<p>£1</p>", 50 * MEGABYTE) },
  endless: { body: () => repeated("<p>£1</p>", 5_000 * MEGABYTE) },
  "gzip-bomb": { encoding: "gzip", body: () => gzipBomb },
  "brotli-bomb": { encoding: "br", body: () => brotliBomb },
  "bomb-in-a-bomb": { encoding: "gzip, gzip", body: () => gzipSync(gzipBomb) },
  "million-tags": { body: () => repeated("<div>", 5 * MEGABYTE) },
  "million-elements": { body: () => repeated("<main><p>£1</p></main>", 7 * MEGABYTE) },
  "million-brackets": { body: () => repeated("<", 7 * MEGABYTE) },
  "million-entities": { body: () => repeated("&lt;", 7 * MEGABYTE) },
  "million-json-brackets": {
    body: () => [
      Buffer.from('<article class="listing"><script type="application/ld+json">'),
      ...repeated("[", 7 * MEGABYTE),
    ],
  },
  "binary-as-html": { body: () => binary(7 * MEGABYTE) },
  "binary-as-picture": { contentType: "image/jpeg", body: () => binary(MEGABYTE) },
  "no-gzip-at-all": { encoding: "gzip", body: () => binary(1_000) },
  "unknown-coding": { encoding: "rot13", body: (id) => Buffer.from(listing(id, "Kettle")) },
  "broken-utf-8": {
    body: (id) => Buffer.concat([Buffer.from([0xff, 0xc0, 0x80]), Buffer.from(listing(id, "Kettle"))]),
  },
  "encoding-in-header": {
    contentType: "text/html; charset=windows-1251",
    body: (id) => windows1251(listing(id, "Чайник")),
  },
  "encoding-in-meta": {
    contentType: "text/html",
    body: (id) => windows1251(`<meta charset="windows-1251">${listing(id, "Чайник")}`),
  },
  "encoding-by-mark": {
    contentType: "text/html; charset=windows-1251",
    body: (id) => utf16(listing(id, "Чайник")),
  },
  "encoding-unknown": {
    contentType: "text/html; charset=klingon",
    body: (id) => Buffer.from(listing(id, "Чайник")),
  },
  fine: { body: (id) => Buffer.from(listing(id, "Чайник")) },
};

/** A site in the sample marketplace's layout, whose listings' pages are made to hurt whoever reads them. */
export async function startHostileSite(): Promise<HostileSite> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://hostile");
    const id = pathname.replace("/item/", "");
    const page = hostilePages[id];
    if (pathname === "/search") response.writeHead(200, { "content-type": "text/html" }).end(searchPage());
    else if (page === undefined) response.writeHead(404).end();
    else send(id, page, response);
  });
  const { url, close } = await serveLocally(server);
  return {
    url,
    close,
  };
}

function send(
  id: string,
  { contentType = "text/html; charset=utf-8", encoding, body }: Answer,
  response: ServerResponse,
): void {
  response.writeHead(200, {
    "content-type": contentType,
    ...(encoding !== undefined && { "content-encoding": encoding }),
  });
  const content = body(id);
  // Whoever reads hangs up in the middle of it.
  if (Buffer.isBuffer(content)) response.end(content);
  else pipeline(Readable.from(content), response).catch(() => response.destroy());
}

function searchPage(): string {
  const cards = Object.keys(hostilePages).map(
    (id) =>
      `<li class="card" data-listing-id="${id}"><a class="card-title" href="/item/${id}">${id}</a><p class="price">€10.00</p></li>`,
  );
  return `<p class="result-count">${cards.length} results</p><ul class="results">${cards.join("")}</ul><nav class="pager"></nav>`;
}
