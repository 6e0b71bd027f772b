import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { BadEnvironmentError, messageOf, NoWayOutError, TemporaryError } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { TunnelError, tunnelThrough } from "./proxy-tunnel.ts";
import { bootstrapPhase, tellTor, TorControlError, type TorControlPort } from "./tor-control.ts";
import type { WayOut } from "./way-out.ts";

interface TorOptions {
  socks: { host: string; port: number };
  /** Null: Tor has no control port, so there are new circuits by isolation alone. */
  control: TorControlPort | null;
  logger: Logger;
  /** How often it is asked whether it is ready; 2 s by default. */
  askEveryMs?: number;
  connectTimeoutMs?: number;
  /** Between two NEWNYM; Tor itself takes one in ten seconds. */
  newCircuitsEveryMs?: number;
}

export interface Tor extends WayOut {
  /**
   * Waits until Tor is connected to its network, however long that takes; ends early, without a word, when `stopping` is.
   * @throws BadEnvironmentError when Tor does not take the password.
   */
  untilReady(stopping: AbortSignal): Promise<void>;
}

const ASK_EVERY_MS = 2_000;
/** A circuit is built over three machines before the site is even asked. */
const CONNECT_TIMEOUT_MS = 30_000;
const NEW_CIRCUITS_EVERY_MS = 10_000;
const HOSTS_REMEMBERED = 10_000;
/** Without a control port, Tor is ready when it reaches this. */
const PROBE = { host: "check.torproject.org", port: 443 };

/**
 * Tor as the way out: names are resolved by it, and every host has circuits of its own, for Tor keeps connections with
 * different SOCKS credentials apart (IsolateSOCKSAuth, which is its default).
 */
export function createTor(options: TorOptions): Tor {
  const { socks, control, logger, askEveryMs = ASK_EVERY_MS } = options;
  const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const newCircuitsEveryMs = options.newCircuitsEveryMs ?? NEW_CIRCUITS_EVERY_MS;
  const label = `${socks.host}:${socks.port}`;
  /** How often each host has moved: part of its credentials, so that a moved host leaves by new circuits at once. */
  const moves = new Map<string, { count: number; atMs: number }>();
  let isAway = false;
  let askedForCircuitsAtMs = Number.NEGATIVE_INFINITY;
  let waiting: NodeJS.Timeout | null = null;

  const tunnel = (host: string, port: number): Promise<Socket> =>
    tunnelThrough(
      {
        protocol: "socks5:",
        ...socks,
        label,
        username: host,
        password: String(moves.get(host)?.count ?? 0),
      },
      host,
      port,
      connectTimeoutMs,
    );

  /** What keeps Tor from being used; null when nothing does. @throws BadEnvironmentError */
  async function obstacle(): Promise<string | null> {
    try {
      if (control === null) {
        (await tunnel(PROBE.host, PROBE.port)).destroy();
        return null;
      }
      const { percent, at } = await bootstrapPhase(control);
      return percent === 100 ? null : `it has bootstrapped ${percent} %: ${at}`;
    } catch (error) {
      if (error instanceof TunnelError) return `${label} ${error.message}`;
      if (!(error instanceof TorControlError)) throw error;
      if (error.isRefused) {
        throw new BadEnvironmentError(
          "TOR_CONTROL_PASSWORD",
          "",
          `the password whose hash is Tor's HashedControlPassword; Tor said: ${error.message}`,
        );
      }
      return `its control port ${control?.host}:${control?.port} cannot be asked: ${error.message}`;
    }
  }

  function noteAway(because: string): NoWayOutError {
    if (!isAway) logger.warn("Tor is away; nothing leaves until it is back", { because });
    isAway = true;
    return new NoWayOutError("tor-down", `Tor cannot be used, and nothing leaves without it: ${because}`);
  }

  function noteBack(): void {
    if (isAway) logger.info("Tor is back");
    isAway = false;
  }

  /** At once, or when Tor takes the next one. All that ask meanwhile get the same. */
  function askForCircuits(): void {
    if (control === null || waiting !== null) return;
    const waitMs = askedForCircuitsAtMs + newCircuitsEveryMs - performance.now();
    waiting = setTimeout(
      () => {
        waiting = null;
        askedForCircuitsAtMs = performance.now();
        tellTor(control, "SIGNAL NEWNYM").then(
          () => logger.info("Tor makes new circuits"),
          (error: unknown) => logger.warn("Tor was not asked for new circuits", { error: messageOf(error) }),
        );
      },
      Math.max(0, waitMs),
    );
    waiting.unref();
  }

  return {
    async untilReady(stopping) {
      let last: string | null = null;
      while (!stopping.aborted) {
        const because = await obstacle();
        if (because === null) {
          logger.info("Tor is ready", { socks: label });
          return;
        }
        if (because !== last) logger.info("waiting for Tor", { because });
        last = because;
        await sleep(askEveryMs, undefined, { signal: stopping }).catch(() => undefined);
      }
    },
    async connect(host, port) {
      try {
        const socket = await tunnel(host, port);
        noteBack();
        return socket;
      } catch (error) {
        if (!(error instanceof TunnelError)) throw error;
        if (error.isProxysFault) throw noteAway(`${label} ${error.message}`);
        // A Tor that has lost its network answers as if the site were gone.
        const because = control === null ? null : await obstacle();
        if (because !== null) throw noteAway(because);
        noteBack();
        throw new TemporaryError("network", `${host}:${port} was not reached through Tor: ${error.message}`);
      }
    },
    moveHost(host, fetchBeganMs) {
      const last = moves.get(host) ?? { count: 0, atMs: 0 };
      if (last.atMs > fetchBeganMs) return false;
      moves.delete(host);
      moves.set(host, { count: last.count + 1, atMs: performance.now() });
      const oldest = moves.keys().next().value;
      if (moves.size > HOSTS_REMEMBERED && oldest !== undefined) moves.delete(oldest);
      logger.info("the host moves to new Tor circuits", { host });
      askForCircuits();
      return true;
    },
    close() {
      if (waiting !== null) clearTimeout(waiting);
    },
  };
}
