import { TemporaryError } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { createBrowserContexts } from "./browser-contexts.ts";
import type { EgressProxy } from "./egress-proxy.ts";
import type { HostProfile } from "./host-profiles.ts";
import type { RawPage } from "./http-client.ts";
import { pageAddress } from "./page-address.ts";
import { PageVisit } from "./page-visit.ts";
import type { Timeouts } from "./timeouts.ts";
import { finishedWithin } from "./within-time.ts";

/** What a reader finds in a page as it stands. */
export interface PageVerdict {
  /** Its scripts may still make it better, so wait for them. */
  needsScripts: boolean;
  /** The site refused: the next page of this host starts in a fresh context. */
  isRefused: boolean;
  wantsScreenshot: boolean;
}

export interface BrowserGetOptions {
  signal?: AbortSignal | undefined;
  /** Called for each document of the main frame: the page, redirects on the way, and where its scripts lead. */
  onDocument?: ((url: URL) => void) | undefined;
  /** A context for this page alone, in place of the host's. */
  ownContext?: boolean | undefined;
}

export interface BrowserClient {
  /**
   * Opens a page, and waits within bounds until `judge` needs no more of its scripts.
   * @throws the same as HttpClient.get, and TemporaryError `browser-crashed`.
   */
  get(
    url: string,
    profile: HostProfile,
    judge: (page: RawPage) => PageVerdict,
    options: BrowserGetOptions,
  ): Promise<{ raw: RawPage; screenshot: Buffer | null }>;
  close(): Promise<void>;
}

interface BrowserClientOptions {
  chromiumPath: string;
  proxy: EgressProxy;
  pagesPerContext: number;
  maxMemoryBytes: number;
  timeouts: Timeouts;
  logger: Logger;
}

const CLOSE_TIMEOUT_MS = 5_000;
const SCREENSHOT_TIMEOUT_MS = 5_000;

export function createBrowserClient(options: BrowserClientOptions): BrowserClient {
  const { proxy, timeouts } = options;
  const contexts = createBrowserContexts(options);

  return {
    async get(text, profile, judge, { signal, onDocument, ownContext = false }) {
      const url = pageAddress(text);
      const lease = await contexts.lease(profile, ownContext);
      const total = AbortSignal.timeout(timeouts.browserTotalMs);
      const stop = signal === undefined ? total : AbortSignal.any([total, signal]);
      const visit = new PageVisit(lease.context, proxy, onDocument);
      let next: "reuse" | "fresh" | "broken" = "fresh";
      try {
        const raw = await untilStopped(
          visit.load(url, profile, timeouts.settleMs, (shown) => judge(shown).needsScripts),
          stop,
        );
        const verdict = judge(raw);
        profile.adopt(await untilStopped(visit.state(profile), stop));
        const screenshot = verdict.wantsScreenshot ? await visit.screenshot(SCREENSHOT_TIMEOUT_MS) : null;
        next = verdict.isRefused ? "fresh" : "reuse";
        return { raw, screenshot };
      } catch (error) {
        signal?.throwIfAborted();
        if (total.aborted) {
          throw new TemporaryError("timeout", `${url.href} took over ${timeouts.browserTotalMs} ms`, {
            cause: error,
          });
        }
        throw visit.failureOf(error, url);
      } finally {
        const isClosed = await finishedWithin(visit.close(), CLOSE_TIMEOUT_MS);
        await lease.release(isClosed ? next : "broken");
      }
    },
    close: () => contexts.close(),
  };
}

/** The work goes on behind, until closing its page ends it; nobody waits for it. */
async function untilStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
