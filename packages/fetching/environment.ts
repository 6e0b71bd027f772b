import { listVariable, switchVariable } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { z } from "zod";
import { createFetcher, type Fetcher, fetchModes } from "./fetcher.ts";
import { findChromium, isProgram } from "./find-chromium.ts";
import { allowPrivateHosts } from "./address-rules.ts";
import { parseProxyUrl } from "./upstream-proxy.ts";

/** Where Tor's own SOCKS port is; elsewhere it is given by PROXY_URL. */
const TOR_PROXY_URL = "socks5://127.0.0.1:9050";

/** What every service that fetches reads. */
export const fetchingEnvironment = z.object({
  FETCH_MODE: z.enum(fetchModes, { error: "auto, http or browser" }).default("auto"),
  PROXY_URL: listVariable
    .refine(isRead(parseProxyUrl), {
      error: "URLs such as http://user:password@host:port or socks5://host:port",
    })
    .default([]),
  TOR_ENABLED: switchVariable.default(false),
  ALLOW_PRIVATE_HOSTS: listVariable
    .refine(
      isRead((entry) => allowPrivateHosts([entry])),
      { error: "hosts such as 127.0.0.1:4001;localhost" },
    )
    .default([]),
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
 * @param baseUrls the sites' other addresses (EBAY_BASE_URL …): whoever names one means it, so its host is allowed.
 */
export function fetcherFromEnvironment(
  env: FetchingEnvironment,
  baseUrls: readonly string[],
  logger: Logger,
): Fetcher {
  return createFetcher({
    logger,
    profileDir: env.PROFILE_DIR ?? null,
    chromiumPath: env.FETCH_MODE === "http" ? null : findChromium(),
    allowedPrivateHosts: [...env.ALLOW_PRIVATE_HOSTS, ...baseUrls.map((url) => new URL(url).host)],
    proxyUrls: env.TOR_ENABLED ? [TOR_PROXY_URL] : env.PROXY_URL,
  });
}

function isRead(read: (text: string) => unknown): (texts: readonly string[]) => boolean {
  return (texts) =>
    texts.every((text) => {
      try {
        read(text);
        return true;
      } catch {
        // The schema says what is right in its own words.
        return false;
      }
    });
}
