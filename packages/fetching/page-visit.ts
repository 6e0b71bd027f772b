import { messageOf, PermanentError, PricefleetError, TemporaryError } from "@pricefleet/contracts";
import type { BrowserContext, Page, Request, Response } from "playwright-core";
import type { EgressProxy } from "./egress-proxy.ts";
import type { HostProfile } from "./host-profiles.ts";
import { MAX_PAGE_BYTES, type RawPage } from "./http-client.ts";
import { portOf } from "./page-address.ts";
import { guardPage } from "./page-guard.ts";
import { isText } from "./response-body.ts";
import { rateLimitOf } from "./response-status.ts";
import type { StorageState } from "./storage-state.ts";

const POLL_MS = 250;
/** Scripts that have changed nothing for this long will not. */
const QUIET_MS = 2_000;
/** More than this in localStorage is a cache of the site's own, not a session. */
const MAX_LOCAL_STORAGE_CHARACTERS = 64 * 1024;

/** One page of a browser context, from opening to closing. */
export class PageVisit {
  readonly #context: BrowserContext;
  readonly #proxy: EgressProxy;
  readonly #breakdown = Promise.withResolvers<never>();
  readonly #onDocument: ((url: URL) => void) | null;
  #opening: Promise<Page> | null = null;
  /** Of the main frame's newest document: a challenge replaces itself by the page. */
  #document: Response | null = null;
  #address: string | null = null;

  constructor(context: BrowserContext, proxy: EgressProxy, onDocument?: (url: URL) => void) {
    this.#context = context;
    this.#proxy = proxy;
    this.#onDocument = onDocument ?? null;
    // Only heard by what races against it.
    this.#breakdown.promise.catch(() => undefined);
  }

  /**
   * Loads the page and goes on reading it until it needs no more of its scripts, or they do nothing any more.
   * @throws PricefleetError, or what Playwright throws; `failureOf` makes it ours.
   */
  async load(
    url: URL,
    profile: HostProfile,
    settleMs: number,
    needsScripts: (page: RawPage) => boolean,
  ): Promise<RawPage> {
    const { cookies } = profile.state();
    if (cookies.length > 0) await this.#context.addCookies(cookies);
    this.#opening = this.#context.newPage();
    const page = await this.#opening;
    this.#watch(page);
    await guardPage(page, profile.identity, this.#proxy);
    const loading = page.goto(url.href, { waitUntil: "domcontentloaded", timeout: 0 });
    await Promise.race([loading, this.#breakdown.promise]);
    return Promise.race([this.#settle(page, settleMs, needsScripts), this.#breakdown.promise]);
  }

  /** Cookies, and what the page's own origin keeps in localStorage. */
  async state(profile: HostProfile): Promise<StorageState> {
    const cookies = await this.#context.cookies();
    const page = await this.#opening;
    const kept = await page?.evaluate(localStorageOf, MAX_LOCAL_STORAGE_CHARACTERS);
    const others = profile.state().origins.filter(({ origin }) => origin !== kept?.origin);
    return { cookies, origins: kept == null ? others : [...others, kept] };
  }

  /** As the page stands, in a PNG. Null if Chromium cannot make one now. */
  async screenshot(timeoutMs: number): Promise<Buffer | null> {
    try {
      return (await (await this.#opening)?.screenshot({ timeout: timeoutMs })) ?? null;
    } catch {
      // It is only an aid for whoever looks into a failure, and must not become one.
      return null;
    }
  }

  async close(): Promise<void> {
    await (await this.#opening)?.close();
  }

  /** What went wrong, as one of our classes. */
  failureOf(error: unknown, url: URL): PricefleetError {
    if (error instanceof PricefleetError) return error;
    return this.#egressFailure() ?? browserFailure(error, this.#address ?? url.href);
  }

  #watch(page: Page): void {
    page.on("crash", () =>
      this.#breakdown.reject(new TemporaryError("browser-crashed", `Chromium crashed on ${this.#address}`)),
    );
    page.on("requestfailed", (request) => {
      // After its first bytes Chromium shows what it has of a page, and tells nobody but its network log.
      const fault = request.failure()?.errorText ?? "";
      if (isMainDocument(request, page) && isTruncation(fault)) this.#breakdown.reject(new Error(fault));
    });
    page.on("popup", (popup) => void popup.close().catch(() => undefined));
    page.on("request", (request) => {
      if (!isMainDocument(request, page)) return;
      this.#address = request.url();
      const url = URL.parse(this.#address);
      if (url !== null) this.#onDocument?.(url);
    });
    page.on("response", (response) => {
      if (isMainDocument(response.request(), page)) this.#document = response;
    });
  }

  async #settle(page: Page, settleMs: number, needsScripts: (page: RawPage) => boolean): Promise<RawPage> {
    const deadlineMs = performance.now() + settleMs;
    let shown = await this.#read(page);
    while (needsScripts(shown)) {
      const next = await this.#nextAfter(shown, page, Math.min(deadlineMs, performance.now() + QUIET_MS));
      if (next === null) return shown;
      shown = next;
    }
    return shown;
  }

  /** The page once it has changed; null if it does not by then. */
  async #nextAfter(shown: RawPage, page: Page, deadlineMs: number): Promise<RawPage | null> {
    while (performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const next = await this.#read(page);
      if (next.html !== shown.html) return next;
    }
    return null;
  }

  async #read(page: Page): Promise<RawPage> {
    const html = await contentOf(page);
    const egressFailure = this.#egressFailure();
    if (egressFailure !== null) throw egressFailure;
    const status = this.#document?.status() ?? 200;
    const headers = this.#document?.headers() ?? {};
    const url = page.url();
    const refusal = rateLimitOf(status, headers, url);
    if (refusal !== null) throw refusal;
    if (status < 400 && !isText(headers["content-type"])) throw notAPage(url);
    const sizeBytes = Buffer.byteLength(html);
    if (sizeBytes > MAX_PAGE_BYTES) {
      throw new PermanentError("too-large", `${url} is larger than ${MAX_PAGE_BYTES} bytes`);
    }
    return { url, status, headers, html, sizeBytes };
  }

  /** The way out knows better than Chromium why the main document did not come. */
  #egressFailure(): PricefleetError | null {
    const url = this.#address !== null && URL.canParse(this.#address) ? new URL(this.#address) : null;
    return url === null ? null : this.#proxy.failureOf(url.hostname, portOf(url));
  }
}

function isMainDocument(request: Request, page: Page): boolean {
  return request.isNavigationRequest() && request.frame() === page.mainFrame();
}

function isTruncation(fault: string): boolean {
  return /ERR_(CONTENT_LENGTH_MISMATCH|INCOMPLETE_CHUNKED_ENCODING|CONTENT_DECODING_FAILED)/.test(fault);
}

/** A page that is just leaving for another has no content; the other one will. */
async function contentOf(page: Page): Promise<string> {
  for (;;) {
    try {
      return await page.content();
    } catch (error) {
      if (!/navigating|context was destroyed/i.test(messageOf(error))) throw error;
      await page.waitForLoadState("domcontentloaded", { timeout: 0 });
    }
  }
}

/** Runs in the page. Null where it has no storage (a sandboxed frame, about:blank) or too much. */
function localStorageOf(
  maxCharacters: number,
): { origin: string; localStorage: { name: string; value: string }[] } | null {
  try {
    const localStorage = Object.keys(window.localStorage).map((name) => ({
      name,
      value: window.localStorage.getItem(name) ?? "",
    }));
    const isSmall = JSON.stringify(localStorage).length <= maxCharacters;
    return isSmall && localStorage.length > 0 ? { origin: window.location.origin, localStorage } : null;
  } catch {
    return null;
  }
}

/** Chromium's net errors, https://source.chromium.org/chromium/chromium/src/+/main:net/base/net_error_list.h */
function browserFailure(error: unknown, url: string): PricefleetError {
  const words = messageOf(error).split("\n")[0] ?? "";
  const options = { cause: error };
  if (/Download is starting/.test(words)) return notAPage(url);
  if (/ERR_TOO_MANY_REDIRECTS/.test(words)) {
    return new PermanentError("too-many-redirects", `${url} redirects too often`, options);
  }
  if (/ERR_(UNSAFE_REDIRECT|UNKNOWN_URL_SCHEME|DISALLOWED_URL_SCHEME)/.test(words)) {
    return new PermanentError("not-http", `${url} leads to an address that is not http or https`, options);
  }
  if (isTruncation(words)) {
    return new TemporaryError("truncated", `${url} ended early: ${words}`, options);
  }
  if (/crash|has been closed|Target closed|disconnected/i.test(words)) {
    return new TemporaryError("browser-crashed", `Chromium went away on ${url}: ${words}`, options);
  }
  return new TemporaryError("network", `${url} could not be opened: ${words}`, options);
}

function notAPage(url: string): PermanentError {
  return new PermanentError("not-a-page", `${url} is a file, not a page`);
}
