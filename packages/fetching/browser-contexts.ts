import type { Logger } from "@pricefleet/logging";
import { messageOf, TemporaryError } from "@pricefleet/contracts";
import type { BrowserContext } from "playwright-core";
import { type Chromium, launchChromium } from "./chromium.ts";
import type { EgressProxy } from "./egress-proxy.ts";
import type { HostProfile } from "./host-profiles.ts";
import { finishedWithin, withinTime } from "./within-time.ts";

/** The right to open one page in its host's context. */
export interface ContextLease {
  readonly context: BrowserContext;
  /**
   * Gives it back. `fresh` starts the host's next page in a new context; `broken` gives up the whole browser, for
   * one that does not answer any more.
   */
  release(next: "reuse" | "fresh" | "broken"): Promise<void>;
}

/** One Chromium, started when first needed, and in it one context a host, or a page's own. */
export interface BrowserContexts {
  /** @throws TemporaryError `browser-crashed` when Chromium does not start. */
  lease(profile: HostProfile, ownContext: boolean): Promise<ContextLease>;
  close(): Promise<void>;
}

interface ContextsOptions {
  chromiumPath: string;
  proxy: EgressProxy;
  pagesPerContext: number;
  /** Over it, contexts are closed and Chromium is started anew. */
  maxMemoryBytes: number;
  logger: Logger;
}

interface HostContext {
  host: string;
  context: BrowserContext;
  pagesServed: number;
  pagesOpen: number;
  /** No new page is opened in it; it closes with its last one. */
  isRetired: boolean;
}

interface Running {
  chromium: Chromium;
  byHost: Map<string, Promise<HostContext>>;
  pagesOpen: number;
}

const MEMORY_CHECK_PAGES = 10;
/** A context that waits costs memory; the one used longest ago goes first. */
const MAX_CONTEXTS = 6;
const CLOSE_TIMEOUT_MS = 5_000;
const OPEN_TIMEOUT_MS = 15_000;

export function createBrowserContexts(options: ContextsOptions): BrowserContexts {
  const { chromiumPath, proxy, pagesPerContext, maxMemoryBytes, logger } = options;
  let current: Promise<Running> | null = null;
  let pagesSinceMemoryCheck = 0;

  async function start(profile: HostProfile): Promise<Running> {
    const { userAgent } = profile.identity;
    const chromium = await launchChromium({ path: chromiumPath, proxy, userAgent, logger });
    logger.info("Chromium started", { version: chromium.browser.version() });
    return { chromium, byHost: new Map(), pagesOpen: 0 };
  }

  /** The running browser; a new one where there is none, or it has died. */
  function running(profile: HostProfile): Promise<Running> {
    if (current !== null) return current;
    const starting = start(profile).then((started) => {
      started.chromium.browser.once("disconnected", () => giveUp(starting));
      return started;
    });
    starting.catch(() => giveUp(starting));
    current = starting;
    return starting;
  }

  function giveUp(browser: Promise<Running>): void {
    if (current === browser) current = null;
  }

  async function contextOf(browser: Running, profile: HostProfile): Promise<HostContext> {
    const known = browser.byHost.get(profile.host);
    if (known !== undefined) {
      // The last used one goes to the end.
      browser.byHost.delete(profile.host);
      browser.byHost.set(profile.host, known);
      return known;
    }
    const opening = openContext(browser.chromium, profile);
    browser.byHost.set(profile.host, opening);
    opening.catch(() => browser.byHost.delete(profile.host));
    const oldest = browser.byHost.values().next().value;
    if (browser.byHost.size > MAX_CONTEXTS && oldest !== undefined) await retire(browser, await oldest);
    return opening;
  }

  async function retire(browser: Running, hostContext: HostContext): Promise<void> {
    if (!hostContext.isRetired) browser.byHost.delete(hostContext.host);
    hostContext.isRetired = true;
    if (hostContext.pagesOpen > 0) return;
    await finishedWithin(hostContext.context.close(), CLOSE_TIMEOUT_MS);
  }

  /** Over its memory, Chromium first loses the contexts that wait, and is started anew once no page is open. */
  async function watchMemory(browser: Running): Promise<void> {
    pagesSinceMemoryCheck += 1;
    if (pagesSinceMemoryCheck < MEMORY_CHECK_PAGES) return;
    pagesSinceMemoryCheck = 0;
    if (!(await isOverMemory(browser))) return;
    for (const hostContext of await Promise.all(browser.byHost.values())) await retire(browser, hostContext);
    if (!(await isOverMemory(browser)) || browser.pagesOpen > 0) return;
    logger.info("Chromium is started anew, being over its memory");
    current = null;
    await browser.chromium.close();
  }

  async function isOverMemory(browser: Running): Promise<boolean> {
    const bytes = await browser.chromium.memoryBytes();
    return bytes !== null && bytes > maxMemoryBytes;
  }

  return {
    async lease(profile, ownContext) {
      const starting = running(profile);
      const browser = await starting;
      browser.pagesOpen += 1;
      let hostContext: HostContext;
      try {
        const open = () =>
          ownContext ? openContext(browser.chromium, profile) : contextOf(browser, profile);
        do hostContext = await withinTime(open(), OPEN_TIMEOUT_MS, "opening one");
        while (hostContext.isRetired);
        // Known to nobody else, it closes with its page.
        if (ownContext) hostContext.isRetired = true;
      } catch (error) {
        browser.pagesOpen -= 1;
        giveUp(starting);
        await browser.chromium.close();
        throw new TemporaryError("browser-crashed", `Chromium opens no context: ${messageOf(error)}`, {
          cause: error,
        });
      }
      hostContext.pagesOpen += 1;
      hostContext.pagesServed += 1;
      if (hostContext.pagesServed >= pagesPerContext && !hostContext.isRetired) {
        hostContext.isRetired = true;
        browser.byHost.delete(profile.host);
      }
      return {
        context: hostContext.context,
        async release(next) {
          browser.pagesOpen -= 1;
          hostContext.pagesOpen -= 1;
          if (next === "broken") {
            giveUp(starting);
            await browser.chromium.close();
            return;
          }
          if (next === "fresh" || hostContext.isRetired) await retire(browser, hostContext);
          // A Chromium that cannot say what it takes shows at the next page what is wrong with it.
          await finishedWithin(watchMemory(browser), CLOSE_TIMEOUT_MS);
        },
      };
    },
    async close() {
      const closing = current;
      current = null;
      // One that did not start has nothing to close.
      const browser = await closing?.catch(() => null);
      await browser?.chromium.close();
    },
  };
}

async function openContext(chromium: Chromium, profile: HostProfile): Promise<HostContext> {
  const { timeZone, viewport } = profile.identity;
  const context = await chromium.browser.newContext({
    timezoneId: timeZone,
    viewport,
    storageState: profile.state(),
    // A service worker's requests are seen by no page's guard.
    serviceWorkers: "block",
    acceptDownloads: false,
  });
  return { host: profile.host, context, pagesServed: 0, pagesOpen: 0, isRetired: false };
}
