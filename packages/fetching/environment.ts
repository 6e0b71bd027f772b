import { listVariable, messageOf, switchVariable, wholeNumber } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import type { Dispatcher } from "undici";
import { z } from "zod";
import { createEgress } from "./egress.ts";
import { dispatcherOver } from "./egress-dispatcher.ts";
import { createFetcher, type Fetcher, fetchModes } from "./fetcher.ts";
import { findChromium, isProgram } from "./find-chromium.ts";
import { allowPrivateHosts } from "./address-rules.ts";
import { proxiesByUrl } from "./proxy-pool.ts";
import { defaultTimeouts } from "./timeouts.ts";
import { createTor, type Tor } from "./tor.ts";
import { parseProxyUrl } from "./upstream-proxy.ts";

const hostAndPort = z
  .string()
  .regex(/^(\[[\da-f:]+\]|[^\s:/@[\]]+):\d{1,5}$/i, { error: "a host and port such as 127.0.0.1:9050" })
  .transform((text) => {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port >= 1 && port <= 65_535, { error: "a host and port such as 127.0.0.1:9050" });

const proxyUrlForm = "URLs such as http://user:password@host:port or socks5://host:port";

/** How a service's connections to sites leave. */
export const wayOutEnvironment = z.object({
  PROXY_URL: listVariable
    .superRefine((urls, context) => {
      for (const [index, url] of urls.entries()) {
        const fault = faultOf(() => parseProxyUrl(url));
        if (fault !== null) context.addIssue(`${proxyUrlForm}; number ${index + 1} ${fault}`);
      }
    })
    .default([]),
  TOR_ENABLED: switchVariable.default(false),
  TOR_SOCKS_ADDRESS: hostAndPort.default({ host: "127.0.0.1", port: 9050 }),
  /** off: Tor has none, and is ready when it reaches a site. */
  TOR_CONTROL_ADDRESS: z
    .union([z.literal("off").transform(() => null), hostAndPort], {
      error: "off, or a host and port such as 127.0.0.1:9051",
    })
    .default({ host: "127.0.0.1", port: 9051 }),
  TOR_CONTROL_PASSWORD: z
    .string()
    .regex(/^[^\r\n]*$/, { error: "one line" })
    .default(""),
  ALLOW_PRIVATE_HOSTS: listVariable
    .refine((entries) => faultOf(() => allowPrivateHosts(entries)) === null, {
      error: "hosts such as 127.0.0.1:4001;localhost",
    })
    .default([]),
});
type WayOutEnvironment = z.infer<typeof wayOutEnvironment>;

/** What every service that fetches reads. */
export const fetchingEnvironment = wayOutEnvironment.extend({
  FETCH_MODE: z.enum(fetchModes, { error: "auto, http or browser" }).default("auto"),
  /** The least time between two requests of this process to a host, whatever is known of the host. */
  HOST_MIN_DELAY_MS: wholeNumber(0, 3_600_000).optional(),
  PROFILE_DIR: z.string().optional(),
  CHROMIUM_PATH: z
    .string()
    .refine(isProgram, { error: "the path of a Chromium or of its headless shell, which may be run" })
    .optional(),
});
type FetchingEnvironment = z.infer<typeof fetchingEnvironment>;

/** Where pages are kept. Those that fetch write there, the dispatcher prunes: with two defaults nobody would. */
export const keptPagesEnvironment = z.object({
  SNAPSHOT_DIR: z.string().default(".local/snapshots"),
  DEBUG_DIR: z.string().default(".local/debug"),
});

/**
 * Waits for Tor where that is the way out, and ends the wait early when `stopping` is.
 * @param baseUrls the sites' other addresses (EBAY_BASE_URL …): whoever names one means it, so its host is allowed.
 * @throws BadEnvironmentError when Tor does not take the password.
 */
export async function fetcherFromEnvironment(
  env: FetchingEnvironment,
  baseUrls: readonly string[],
  logger: Logger,
  stopping: AbortSignal,
): Promise<Fetcher> {
  const tor = await torOf(env, logger, stopping);
  return createFetcher({
    logger,
    profileDir: env.PROFILE_DIR ?? null,
    chromiumPath: env.FETCH_MODE === "http" ? null : findChromium(),
    allowedPrivateHosts: allowedHosts(env, baseUrls),
    proxyUrls: env.PROXY_URL,
    tor,
  });
}

/**
 * The way out of a service that fetches no pages, such as the streamer: as a fetcher's, and waited for as that is.
 * @param urls addresses that were named in place of a site's own: their hosts are allowed.
 * @throws BadEnvironmentError when Tor does not take the password.
 */
export async function dispatcherFromEnvironment(
  env: WayOutEnvironment,
  urls: readonly string[],
  logger: Logger,
  stopping: AbortSignal,
): Promise<{ dispatcher: Dispatcher; close: () => Promise<void> }> {
  const { connectMs } = defaultTimeouts;
  const wayOut = (await torOf(env, logger, stopping)) ?? proxiesByUrl(env.PROXY_URL, connectMs, logger);
  const egress = createEgress({
    allowedPrivateHosts: allowedHosts(env, urls),
    wayOut,
    connectTimeoutMs: connectMs,
  });
  const dispatcher = dispatcherOver(egress, connectMs);
  return {
    dispatcher,
    async close() {
      await dispatcher.destroy();
      wayOut?.close();
    },
  };
}

const allowedHosts = (env: WayOutEnvironment, urls: readonly string[]): string[] => [
  ...env.ALLOW_PRIVATE_HOSTS,
  ...urls.map((url) => new URL(url).host),
];

/** Ready, or `stopping`; null when it is not the way out. */
async function torOf(env: WayOutEnvironment, logger: Logger, stopping: AbortSignal): Promise<Tor | null> {
  if (!env.TOR_ENABLED) return null;
  if (env.PROXY_URL.length > 0) {
    logger.warn("PROXY_URL is not used: all leaves by Tor, for TOR_ENABLED is on");
  }
  const { TOR_SOCKS_ADDRESS: socks, TOR_CONTROL_ADDRESS: address, TOR_CONTROL_PASSWORD: password } = env;
  const tor = createTor({ socks, control: address === null ? null : { ...address, password }, logger });
  await tor.untilReady(stopping);
  return tor;
}

/** What is wrong, in the words of whoever reads it; null when nothing is. */
function faultOf(read: () => unknown): string | null {
  try {
    read();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
