import { createProxyPool } from "../proxy-pool.ts";
import { parseProxyUrl } from "../upstream-proxy.ts";
import { listeningLogger } from "./local-site.ts";

/** A pool of these proxies, with a pause short enough to be waited for. */
export function poolOf(...urls: string[]) {
  return createProxyPool(urls.map(parseProxyUrl), {
    connectTimeoutMs: 500,
    firstPauseMs: 50,
    logger: listeningLogger().logger,
  });
}
