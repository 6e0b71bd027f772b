import type { Catalogue } from "./catalogue.ts";
import { type Answer, html } from "./delivery.ts";
import { htmlDocument, type Page, shellScript } from "./pages/layout.ts";
import { listingPage } from "./pages/listing-page.ts";
import { favicon, picture, styleSheet } from "./pages/pictures.ts";
import { homePage, notFoundPage, quotePage } from "./pages/plain-pages.ts";
import { searchPage } from "./pages/search-page.ts";

export interface SiteOptions {
  catalogue: Catalogue;
  seed: number;
  perPage: number;
  /** The whole of robots.txt, as it is now. */
  robots: () => string;
  now: () => Date;
}

export interface Site {
  /** The shop's page at the address; `asEnded` shows a listing as ended whatever it is. */
  page(url: URL, asEnded?: boolean): Page;
  /** The page or file at the address, as it is sent. */
  answer(url: URL): Answer;
}

/** Other listings of the same search that a listing's page shows below it. */
const OTHERS_SHOWN = 4;

export function createSite({ catalogue, seed, perPage, robots, now }: SiteOptions): Site {
  function page(url: URL, asEnded = false): Page {
    const [, folder = "", name = "", ...rest] = url.pathname.split("/").map(decodeSegment);
    if (rest.length > 0) return notFoundPage();
    if (folder === "" && name === "") return homePage();
    if (folder === "search") return search(url.searchParams);
    if (folder === "item") return item(name, asEnded);
    if (folder === "quotes" && name !== "") return quotePage(name, seed, now());
    return notFoundPage();
  }

  function search(parameters: URLSearchParams): Page {
    const moment = now();
    const pageNumber = Math.max(1, Math.trunc(Number(parameters.get("page"))) || 1);
    return searchPage(catalogue.search(parameters.get("q") ?? ""), {
      pageNumber,
      perPage,
      listing: (id) => catalogue.listing(id, moment),
    });
  }

  function item(id: string, asEnded: boolean): Page {
    const moment = now();
    const listing = catalogue.listing(id, moment);
    if (listing === null) return notFoundPage();
    const others = catalogue
      .neighbours(id, OTHERS_SHOWN)
      .flatMap((otherId) => catalogue.listing(otherId, moment) ?? []);
    return listingPage(asEnded ? { ...listing, availability: "ended", endsAt: moment } : listing, others);
  }

  function answer(url: URL): Answer {
    const file = fileAt(url.pathname);
    if (file) return file;
    const found = page(url);
    return { status: found.status, contentType: html, body: htmlDocument(found) };
  }

  function fileAt(path: string): Answer | null {
    if (path === "/robots.txt") return { status: 200, contentType: "text/plain", body: robots() };
    if (path === "/style.css") return cachedFile("text/css", styleSheet);
    if (path === "/shell.js") return cachedFile("text/javascript", shellScript);
    if (path === "/favicon.svg") return cachedFile("image/svg+xml", favicon);
    if (!path.startsWith("/pictures/")) return null;
    return cachedFile("image/svg+xml", picture(decodeSegment(path.slice("/pictures/".length))));
  }

  return { page, answer };
}

function cachedFile(contentType: string, body: string): Answer {
  return { status: 200, contentType, body, headers: { "cache-control": "max-age=3600" } };
}

/** An address that is not valid percent-encoding names nothing, so it is taken as it is. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return segment;
    throw error;
  }
}
