import { type PageState, type RobotsFile, TemporaryError } from "@pricefleet/contracts";
import { type Logger, withoutLogFields } from "@pricefleet/logging";
import type { Dispatcher } from "undici";
import { type BrowserClient, createBrowserClient, type PageVerdict } from "./browser-client.ts";
import { createEgress, type Resolve } from "./egress.ts";
import { dispatcherOver } from "./egress-dispatcher.ts";
import { type EgressProxy, startEgressProxy } from "./egress-proxy.ts";
import { isEmptyShell } from "./empty-shell.ts";
import { createHostProfiles, type HostProfile, strangerLike } from "./host-profiles.ts";
import { createHttpClient, type PhotoOptions, type RawPage } from "./http-client.ts";
import { chromiumMajorVersion } from "./identity.ts";
import { pageAddress } from "./page-address.ts";
import { proxiesByUrl } from "./proxy-pool.ts";
import { MAX_ROBOTS_BYTES, readRobotsFile } from "./robots-file.ts";
import { refuseServerError } from "./response-status.ts";
import { defaultTimeouts, type Timeouts } from "./timeouts.ts";
import type { WayOut } from "./way-out.ts";

export const fetchModes = ["auto", "http", "browser"] as const;
export type FetchMode = (typeof fetchModes)[number];
export type FetchedBy = "http" | "browser";

export interface FetchedPage {
  /** After redirects. */
  url: string;
  requestedUrl: string;
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  html: string;
  fetchedBy: FetchedBy;
  /** Of the page after decompression. */
  sizeBytes: number;
  durationMs: number;
  fetchedAt: Date;
  /** A PNG of a page that the browser fetched and that did not read well; null for all others. */
  screenshot: Buffer | null;
}

export interface FetchRequest<R extends { state: PageState }> {
  url: string;
  mode: FetchMode;
  /** What `hosts` remembers of an earlier fetch's learnedMode. */
  rememberedMode: FetchedBy | null;
  /** Pure. In the browser it is asked again as scripts change the page. */
  read(page: { url: string; html: string; status: number }): R;
  signal?: AbortSignal;
  /** Beside or in place of a browser's; only over HTTP, so with mode http. */
  headers?: (url: URL) => Record<string, string>;
  /** As a visitor whom the host does not know: nothing of its profile but the identity goes in, and nothing comes out. */
  asStranger?: boolean;
  /** Called for each document that is asked for; a page's subresources are none. */
  onDocument?: (url: URL) => void;
}

export interface FetchResult<R> {
  page: FetchedPage;
  reading: R;
  /** How to fetch this host's pages from now on; to be kept in `hosts`. */
  learnedMode: FetchedBy;
}

export interface Fetcher {
  /**
   * Fetches a page and reads it: over HTTP first, unless the host is known to need the browser. In mode auto a page
   * that reads as changed, blocked or captcha, or is an empty shell, gets one more try by the browser.
   * @throws PermanentError `url-too-long`, `not-http`, `private-address`, `too-large`, `too-many-redirects`,
   * `not-a-page`; TemporaryError `network`, `timeout`, `server-error`, `overloaded`, `truncated`, `browser-crashed`,
   * `no-browser`; NoWayOutError; RateLimitedError; the reason of the signal when it stops the fetch.
   */
  fetchAndRead<R extends { state: PageState }>(request: FetchRequest<R>): Promise<FetchResult<R>>;
  /**
   * Fetches the robots.txt of an origin, at most its first 500 KiB (RFC 9309). What the site answers with decides the
   * state: 4xx is absent, 5xx and a site out of reach are unreachable.
   * @throws RateLimitedError; the reason of the signal when it stops the fetch.
   */
  fetchRobots(origin: string, signal?: AbortSignal): Promise<RobotsFile>;
  /** For what is no page: it leaves by the same way. Closed with the fetcher. */
  readonly dispatcher: Dispatcher;
  /**
   * Fetches a picture over HTTP, by the same way out and under the same rules as pages.
   * @throws PermanentError `url-too-long`, `not-http`, `private-address`, `too-large`, `too-many-redirects`, `not-a-photo`;
   * TemporaryError `network`, `timeout`, `server-error`, `overloaded`, `truncated`; NoWayOutError; RateLimitedError.
   */
  fetchPhoto(url: string, options: PhotoOptions): Promise<Buffer>;
  /** Ends Chromium and all connections, and saves the profiles. */
  close(): Promise<void>;
}

export interface FetcherOptions {
  logger: Logger;
  /** Folder of the host profiles, shared by all workers; null keeps them in memory. */
  profileDir: string | null;
  /** Null: there is no browser, and mode auto is HTTP. */
  chromiumPath: string | null;
  /** "127.0.0.1:4001", or "127.0.0.1" for all its ports. */
  allowedPrivateHosts: readonly string[];
  /** PROXY_URL, split. */
  proxyUrls: readonly string[];
  /** Leaves by Tor instead. */
  tor?: WayOut | null;
  /** After so many pages a host gets a fresh context; 50 unless told. */
  browserPagesPerContext?: number;
  /** Chromium's memory, above which it is started anew; 240 MiB unless told. */
  browserMaxMemoryBytes?: number;
  timeouts?: Partial<Timeouts>;
  resolve?: Resolve;
}

/** Beside the 230 MB that Node has with Playwright, this keeps a worker under 500 MB. */
const MAX_CHROMIUM_BYTES = 240 * 1024 * 1024;

/** @throws TypeError when a proxy URL or an allowed host cannot be read. */
export function createFetcher(options: FetcherOptions): Fetcher {
  const {
    logger,
    chromiumPath,
    browserPagesPerContext = 50,
    browserMaxMemoryBytes = MAX_CHROMIUM_BYTES,
  } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const wayOut = options.tor ?? proxiesByUrl(options.proxyUrls, timeouts.connectMs, logger);
  const egress = createEgress({ ...options, wayOut, connectTimeoutMs: timeouts.connectMs });
  const dispatcher = dispatcherOver(egress, timeouts.connectMs);
  const chromiumMajor =
    chromiumPath === null ? Promise.resolve(null) : chromiumMajorVersion(chromiumPath, logger);
  const profiles = createHostProfiles({ dir: options.profileDir, chromiumMajor, logger });
  const http = createHttpClient({ egress, timeouts });
  let browser: Promise<{ client: BrowserClient; proxy: EgressProxy }> | null = null;

  /** Opened when first needed. */
  async function openBrowser(path: string): Promise<{ client: BrowserClient; proxy: EgressProxy }> {
    const proxy = await startEgressProxy(egress);
    const client = createBrowserClient({
      chromiumPath: path,
      proxy,
      pagesPerContext: browserPagesPerContext,
      maxMemoryBytes: browserMaxMemoryBytes,
      timeouts,
      logger,
    });
    return { client, proxy };
  }

  async function byHttp<R extends { state: PageState }>(request: FetchRequest<R>, profile: HostProfile) {
    const started = startClock();
    const raw = await http.get(request.url, profile, request.signal, {
      onDocument: request.onDocument,
      headers: request.headers,
    });
    const reading = request.read(raw);
    refuseUnlessWall(raw, reading.state);
    return { page: finished(raw, request.url, "http", started, null), reading };
  }

  async function byBrowser<R extends { state: PageState }>(
    request: FetchRequest<R>,
    profile: HostProfile,
    path: string,
  ) {
    const started = startClock();
    // It outlives the target that needs it first, so its later lines are not about that one.
    browser ??= withoutLogFields(() => openBrowser(path));
    const { client } = await browser;
    const readings = new WeakMap<RawPage, R>();
    const readOnce = (raw: RawPage): R => {
      const reading = readings.get(raw) ?? request.read(raw);
      readings.set(raw, reading);
      return reading;
    };
    const { screenshot, raw } = await client.get(
      request.url,
      profile,
      (shown) => verdictOn(shown, readOnce(shown).state),
      { signal: request.signal, onDocument: request.onDocument, ownContext: request.asStranger },
    );
    const reading = readOnce(raw);
    refuseUnlessWall(raw, reading.state);
    return { page: finished(raw, request.url, "browser", started, screenshot), reading };
  }

  async function byBestMeans<R extends { state: PageState }>(
    request: FetchRequest<R>,
  ): Promise<FetchResult<R>> {
    const { mode, rememberedMode } = request;
    const known = await profiles.get(pageAddress(request.url).host);
    const profile = request.asStranger ? strangerLike(known) : known;
    if (mode === "browser" && chromiumPath === null) {
      throw new TemporaryError("no-browser", "No Chromium was found; set CHROMIUM_PATH or install one");
    }
    const path = mode === "http" ? null : chromiumPath;
    if (path !== null && (mode === "browser" || rememberedMode === "browser")) {
      return { ...(await byBrowser(request, profile, path)), learnedMode: "browser" };
    }
    const overHttp = await byHttp(request, profile);
    if (path === null || !mayReadBetter(overHttp.page, overHttp.reading.state)) {
      return { ...overHttp, learnedMode: "http" };
    }
    logger.debug("a page gets a try by the browser", { url: request.url, state: overHttp.reading.state });
    const byScripts = await byBrowser(request, profile, path);
    // What the browser reads no better is no reason to render all the host's pages.
    const helped = !mayReadBetter(byScripts.page, byScripts.reading.state);
    return { ...byScripts, learnedMode: helped ? "browser" : "http" };
  }

  return {
    dispatcher,
    async fetchAndRead(request) {
      const beganMs = performance.now();
      const result = await byBestMeans(request);
      // Neither the client nor the browser got past the wall: the host is asked from another address next time.
      if (result.reading.state === "blocked" || result.reading.state === "captcha") {
        for (const url of [request.url, result.page.url]) egress.moveHost(new URL(url).hostname, beganMs);
      }
      return result;
    },
    async fetchRobots(origin, signal) {
      const profile = await profiles.get(new URL(origin).host);
      return readRobotsFile(() =>
        http.get(`${origin}/robots.txt`, profile, signal, { cutAfterBytes: MAX_ROBOTS_BYTES }),
      );
    },
    async fetchPhoto(url, options) {
      return http.getPhoto(url, await profiles.get(pageAddress(url).host), options);
    },
    async close() {
      const opened = await browser;
      await opened?.client.close();
      await opened?.proxy.close();
      await http.close();
      await dispatcher.destroy();
      wayOut?.close();
      await profiles.close();
    },
  };
}

/** Could running its scripts turn this page into one that reads well? */
function mayReadBetter(page: { html: string }, state: PageState): boolean {
  if (state === "changed" || state === "blocked" || state === "captcha") return true;
  return state === "empty" && isEmptyShell(page.html);
}

function verdictOn(page: RawPage, state: PageState): PageVerdict {
  return {
    needsScripts: mayReadBetter(page, state),
    isRefused: state === "blocked" || state === "captcha",
    wantsScreenshot: state !== "ok" && state !== "empty",
  };
}

/** Some walls are served as 503: those the reader recognises are the site's answer, not its breakdown. */
function refuseUnlessWall(page: RawPage, state: PageState): void {
  if (state !== "blocked" && state !== "captcha") refuseServerError(page.status, page.url);
}

function startClock(): { at: Date; startedMs: number } {
  return { at: new Date(), startedMs: performance.now() };
}

function finished(
  { url, status, headers, html, sizeBytes }: RawPage,
  requestedUrl: string,
  fetchedBy: FetchedBy,
  { at, startedMs }: { at: Date; startedMs: number },
  screenshot: Buffer | null,
): FetchedPage {
  const durationMs = Math.round(performance.now() - startedMs);
  return {
    url,
    requestedUrl,
    status,
    headers,
    html,
    fetchedBy,
    sizeBytes,
    durationMs,
    fetchedAt: at,
    screenshot,
  };
}
