import {
  type PageInput,
  type PageKind,
  type PageReading,
  PermanentError,
  type Source,
} from "@pricefleet/contracts";
import { createAmazonSource } from "./amazon/index.ts";
import { createCatalogSource } from "./catalog-source.ts";
import { createEbaySource } from "./ebay/index.ts";
import { createJsonApiCatalog, type JsonApiSettings } from "./json-api/index.ts";
import { createMercariSource } from "./mercari/index.ts";
import { createOlxSource, type OlxCountry } from "./olx/index.ts";
import { detectPageState } from "./page-state.ts";
import { createProductPageSource } from "./product-page/index.ts";
import { createQuotePageSource } from "./quote-page/index.ts";
import { readWantedQuote, type WantedQuote } from "./read-wanted-quote.ts";
import { unreadable } from "./reading/index.ts";
import { createSampleSource } from "./sample/index.ts";
import { withStorableText } from "./storable-text.ts";
import { createTradingviewSource } from "./tradingview/index.ts";
import { createYahooAuctionsSource } from "./yahoo-auctions/index.ts";

/** The sites that Pricefleet reads. */
export interface Sources {
  readonly all: readonly Source[];
  /** Those that can be searched, and not the sites of quotes. */
  readonly withListings: readonly Source[];
  /** @throws PermanentError reason `unknown-source`, naming the known ones. */
  byName(name: string): Source;
  /** The source whose site this address belongs to; null for any other text. */
  forUrl(url: string): Source | null;
  /**
   * Reads a page: first whether it is a wall, then by the rules of its site (`source`, or the one the address
   * belongs to). Pure; never throws on any bytes. An address or page that nobody knows is `changed`.
   */
  read(page: PageInput, source?: Source): PageReading;
  /**
   * The source that reads the quotes at this address (of any site: `quote-page` where none knows better), and where
   * the page is asked for. Null for what is no http address.
   */
  forQuotes(url: string): { source: Source; url: URL } | null;
  /** As `read`, of one value: its quotes are the wanted one, or none. */
  readQuote(page: PageInput, source: Source, wanted: WantedQuote): PageReading;
}

export interface SourcesOptions {
  /** Another address for the site, a test server or a mirror: EBAY_BASE_URL. */
  ebayBaseUrl?: string;
  /** The same for OLX: OLX_BASE_URL. */
  olxBaseUrl?: string;
  /** Which of OLX's countries is searched by words alone: OLX_COUNTRY. */
  olxCountry?: OlxCountry;
  /** The same for Amazon's shops, Mercari and Yahoo! Auctions: AMAZON_BASE_URL and so on. */
  amazonBaseUrl?: string;
  mercariBaseUrl?: string;
  yahooAuctionsBaseUrl?: string;
  /** Where the sample marketplace is. */
  sampleBaseUrl?: string;
  /** What to ask which API for: JSON_API_CONFIG. */
  jsonApi?: JsonApiSettings;
  tradingviewBaseUrl?: string;
}

export function createSources(options: SourcesOptions): Sources {
  const anyQuotePage = createQuotePageSource();
  const all = [
    createEbaySource(options.ebayBaseUrl ?? null),
    createOlxSource({ mirrorUrl: options.olxBaseUrl ?? null, country: options.olxCountry ?? "pl" }),
    createAmazonSource(options.amazonBaseUrl ?? null),
    createMercariSource(options.mercariBaseUrl ?? null),
    createYahooAuctionsSource(options.yahooAuctionsBaseUrl ?? null),
    createSampleSource(options.sampleBaseUrl ?? null),
    createJsonApiSource(options.jsonApi ?? null),
    createTradingviewSource(options.tradingviewBaseUrl ?? null),
    anyQuotePage,
    // Last, for it takes any address of the web that no site of its own has claimed.
    createProductPageSource(),
  ];

  function forUrl(address: string): Source | null {
    const url = URL.parse(address);
    return url === null ? null : (all.find((source) => source.matches(url)) ?? null);
  }

  return {
    all,
    withListings: all.filter(({ hasListings }) => hasListings !== false),
    forUrl,
    byName(name) {
      const found = all.find((source) => source.name === name);
      if (found !== undefined) return found;
      const known = all.map((source) => source.name).join(", ");
      throw new PermanentError("unknown-source", `There is no source "${name}"; known are ${known}`);
    },
    read: (page, source) => withStorableText(readPage(page, source ?? forUrl(page.url))),
    forQuotes(address) {
      const url = URL.parse(address);
      if (url === null || !/^https?:$/.test(url.protocol)) return null;
      const source = all.find((known) => known.matches(url) && known.kindOf(url) === "quote") ?? anyQuotePage;
      return { source, url: source.relocated?.(url) ?? url };
    },
    readQuote(page, source, wanted) {
      const wall = wallOf(page, source, "quote");
      return withStorableText(wall ?? readWantedQuote(page, wanted, source, readPage));
    },
  };
}

/** What walls say in their markup may well stand in an API's answer. */
function isJsonOf(source: Source | null, page: PageInput): boolean {
  return source?.catalog !== undefined && /^\s*[[{]/.test(page.html);
}

function createJsonApiSource(settings: JsonApiSettings | null): Source {
  if (settings === null) return notSetUp("json-api", "JSON_API_CONFIG names the file of its settings");
  const { origin } = new URL(settings.base_url);
  return createCatalogSource(createJsonApiCatalog(settings), {
    name: "json-api",
    politeness: { minDelayMs: settings.min_delay_ms, maxInFlight: settings.at_once },
    // A redirect or a next page elsewhere does not get the token.
    headers: (url) => (url.origin === origin ? { accept: "application/json", ...settings.headers } : {}),
  });
}

/** A source that is known by name, and that can do nothing before somebody says how. */
function notSetUp(name: string, how: string): Source {
  return {
    name,
    politeness: { minDelayMs: 0, maxInFlight: 1 },
    matches: () => false,
    kindOf: () => null,
    searchUrl: () => {
      throw new PermanentError("bad-search", `${name} is not set up: ${how}`);
    },
    read: (_page, kind) => unreadable(name, kind, "changed", `${name} is not set up: ${how}`),
  };
}

function readPage(page: PageInput, source: Source | null): PageReading {
  const url = URL.parse(page.url);
  const kind = url === null || source === null ? null : source.kindOf(url);

  const wall = wallOf(isJsonOf(source, page) ? { ...page, html: "" } : page, source, kind ?? "listing");
  if (wall !== null) return wall;
  if (source === null) return unreadable(null, "listing", "changed", `no source knows ${page.url}`);
  if (kind === null) {
    return unreadable(source.name, "listing", "changed", `${source.name} has no page to read at ${page.url}`);
  }
  return source.read(page, kind);
}

function wallOf(page: PageInput, source: Source | null, kind: PageKind): PageReading | null {
  const wall = detectPageState(page);
  return wall && unreadable(source?.name ?? null, kind, wall.state, wall.reason);
}
