import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { NoWayOutError, TemporaryError } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { TunnelError, tunnelThrough } from "./proxy-tunnel.ts";
import { parseProxyUrl, type UpstreamProxy } from "./upstream-proxy.ts";
import type { WayOut } from "./way-out.ts";

interface PoolOptions {
  connectTimeoutMs: number;
  logger: Logger;
  /** Of a proxy that failed once; doubled with each failure in a row. */
  firstPauseMs?: number;
}

interface PooledProxy {
  proxy: UpstreamProxy;
  /** For people and logs. */
  name: string;
  /** What a host's rank of it is made from: the same in every process, whatever the order of PROXY_URL. */
  identity: string;
  failuresInARow: number;
  /** Not used before this, in performance.now()'s milliseconds. */
  pausedUntilMs: number;
  lastFault: string;
  /** Hosts in a row that it did not reach. */
  unreached: Set<string>;
}

interface HostPlace {
  current: PooledProxy;
  movedAtMs: number;
  /** Proxies that the host was walled off at, with the time until which it stays away from them. */
  shunned: Map<PooledProxy, number>;
}

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** How long a host stays away from the proxy that it was walled off at. */
const SHUN_MS = 30 * 60_000;
/** A proxy that reaches none of so many hosts in a row is taken for dead, though it takes connections. */
const UNREACHED_HOSTS = 3;
const HOSTS_REMEMBERED = 10_000;

/** PROXY_URL, split; null without one. @throws TypeError when one cannot be read. */
export function proxiesByUrl(
  urls: readonly string[],
  connectTimeoutMs: number,
  logger: Logger,
): WayOut | null {
  return urls.length === 0 ? null : createProxyPool(urls.map(parseProxyUrl), { connectTimeoutMs, logger });
}

/**
 * Several proxies as one way out. A host keeps its proxy, so that its cookies and its address stay together: the first
 * of its ranking by rendezvous hashing, so that when a proxy fails only that proxy's hosts move, and all processes agree.
 */
export function createProxyPool(proxies: readonly UpstreamProxy[], options: PoolOptions): WayOut {
  const { connectTimeoutMs, logger, firstPauseMs = FIRST_PAUSE_MS } = options;
  const pool = proxies.map((proxy, index): PooledProxy => {
    const sharesLabel = proxies.some((other, at) => at !== index && other.label === proxy.label);
    return {
      proxy,
      name: sharesLabel ? `${proxy.label} (number ${index + 1})` : proxy.label,
      identity: `${proxy.label} ${proxy.username ?? ""}`,
      failuresInARow: 0,
      pausedUntilMs: 0,
      lastFault: "",
      unreached: new Set(),
    };
  });
  const places = new Map<string, HostPlace>();

  /** The proxies that are not paused, the host's own first, those it was walled off at last. */
  function inOrderFor(host: string): PooledProxy[] {
    const now = performance.now();
    const shunned = places.get(host)?.shunned;
    const shunnedUntil = (one: PooledProxy): number => {
      const until = shunned?.get(one) ?? 0;
      return until > now ? until : 0;
    };
    return pool
      .filter((one) => one.pausedUntilMs <= now)
      .toSorted((a, b) => shunnedUntil(a) - shunnedUntil(b) || rank(host, b) - rank(host, a));
  }

  function settle(host: string, current: PooledProxy): void {
    const place = places.get(host) ?? { current, movedAtMs: 0, shunned: new Map() };
    place.current = current;
    // The one met last goes to the end.
    places.delete(host);
    places.set(host, place);
    const oldest = places.keys().next().value;
    if (places.size > HOSTS_REMEMBERED && oldest !== undefined) places.delete(oldest);
  }

  function shun(host: string, one: PooledProxy): void {
    const place = places.get(host);
    if (place === undefined) return;
    place.shunned.set(one, performance.now() + SHUN_MS);
    place.movedAtMs = performance.now();
  }

  function noteSuccess(one: PooledProxy): void {
    if (one.failuresInARow > 0) logger.info("proxy is back", { proxy: one.name });
    one.failuresInARow = 0;
    one.unreached.clear();
  }

  function pause(one: PooledProxy, fault: string): void {
    one.lastFault = fault;
    // Others failed at it in the same moment; that is one failure.
    if (one.pausedUntilMs > performance.now()) return;
    one.failuresInARow += 1;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, firstPauseMs * 2 ** (one.failuresInARow - 1));
    one.pausedUntilMs = performance.now() + pauseMs;
    one.unreached.clear();
    const usable = pool.filter(({ pausedUntilMs }) => pausedUntilMs <= performance.now()).length;
    logger.warn("proxy is down; its hosts move to others", {
      proxy: one.name,
      because: fault,
      pause_ms: pauseMs,
      proxies_usable: usable,
      proxies: pool.length,
    });
  }

  async function connect(host: string, port: number): Promise<Socket> {
    for (const one of inOrderFor(host)) {
      settle(host, one);
      try {
        const socket = await tunnelThrough(one.proxy, host, port, connectTimeoutMs);
        noteSuccess(one);
        logger.debug("connected by proxy", { host, proxy: one.name });
        return socket;
      } catch (error) {
        if (!(error instanceof TunnelError)) throw error;
        if (!error.isProxysFault) {
          one.unreached.add(host);
          if (one.unreached.size >= UNREACHED_HOSTS) {
            pause(
              one,
              `reached none of ${UNREACHED_HOSTS} hosts in a row; the last time it ${error.message}`,
            );
          }
          // Perhaps another proxy reaches it: the next try leaves by that.
          shun(host, one);
          throw new TemporaryError(
            "network",
            `${host}:${port} was not reached: proxy ${one.name} ${error.message}`,
          );
        }
        pause(one, error.message);
      }
    }
    throw allAreDown();
  }

  function allAreDown(): NoWayOutError {
    const soonestMs = Math.min(...pool.map(({ pausedUntilMs }) => pausedUntilMs)) - performance.now();
    const faults = pool.map(({ name, lastFault }) => `${name}: ${lastFault}`).join("; ");
    return new NoWayOutError(
      "proxies-down",
      `No proxy can be used, and nothing leaves without one; the next is tried in ${Math.max(0, Math.ceil(soonestMs / 1_000))} s (${faults})`,
    );
  }

  return {
    connect,
    moveHost(host, fetchBeganMs) {
      const place = places.get(host);
      if (place === undefined || pool.length < 2 || place.movedAtMs > fetchBeganMs) return false;
      const from = place.current;
      shun(host, from);
      const [to] = inOrderFor(host);
      if (to === undefined || to === from) return false;
      logger.info("the host moves to another proxy", { host, from: from.name, to: to.name });
      return true;
    },
    close: () => undefined,
  };
}

/** Rendezvous (highest random weight) hashing, Thaler and Ravishankar 1998. */
function rank(host: string, { identity }: PooledProxy): number {
  return createHash("sha1").update(`${host} ${identity}`).digest().readUIntBE(0, 6);
}
