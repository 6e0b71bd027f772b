import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import { messageOf, PermanentError, TemporaryError } from "@pricefleet/contracts";
import { allowPrivateHosts, canonicalHost, isLoopbackName, isPublicAddress } from "./address-rules.ts";
import type { WayOut } from "./way-out.ts";
import { withinTime } from "./within-time.ts";

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<string[]>;

/** The one way out of a process: whatever connects to a site, HTTP client or Chromium, gets its socket here. */
export interface Egress {
  /**
   * Opens a TCP connection to a host that is public or allowed; by the way out if there is one, and never past it.
   * @throws PermanentError `private-address`; NoWayOutError; TemporaryError `network` or `timeout`.
   */
  connect(host: string, port: number): Promise<Socket>;
  /** As connect, but only checks. With a way out a name passes, for that resolves it. */
  check(host: string, port: number): Promise<void>;
  /** As WayOut's; what is open to the host ends, for it would go on by the old way. */
  moveHost(hostname: string, fetchBeganMs: number): void;
}

interface EgressOptions {
  allowedPrivateHosts: readonly string[];
  /** Null: directly. */
  wayOut: WayOut | null;
  connectTimeoutMs: number;
  resolve?: Resolve;
}

interface Destination {
  host: string;
  port: number;
  /** Checked addresses to connect to; null when the way out resolves the name. */
  addresses: string[] | null;
}

/** @throws TypeError when an allowed host cannot be read. */
export function createEgress(options: EgressOptions): Egress {
  const { wayOut, connectTimeoutMs, resolve = resolveByDns } = options;
  const isAllowed = allowPrivateHosts(options.allowedPrivateHosts);
  /** Open connections by host; only kept where a host can move. */
  const open = new Map<string, Set<Socket>>();

  async function destinationOf(hostText: string, port: number): Promise<Destination> {
    const host = canonicalHost(hostText);
    if (host === null || port < 1 || port > 65_535) {
      throw new PermanentError("not-http", `"${hostText}:${port}" is not a host and port`);
    }
    const allowed = isAllowed(host, port);
    const isLiteral = isIP(host) !== 0;
    if (!allowed && (isLiteral ? !isPublicAddress(host) : isLoopbackName(host))) throw refused(host, null);
    if (isLiteral) return { host, port, addresses: [host] };
    if (wayOut !== null) return { host, port, addresses: null };
    const addresses = await resolved(host);
    // One private address among public ones is how rebinding starts, so it spoils the name.
    const privateAddress = addresses.find((address) => !isPublicAddress(address));
    if (!allowed && privateAddress !== undefined) throw refused(host, privateAddress);
    return { host, port, addresses };
  }

  async function resolved(host: string): Promise<string[]> {
    try {
      const addresses = await withinTime(resolve(host), connectTimeoutMs, `resolving ${host}`);
      if (addresses.length > 0) return addresses;
    } catch (error) {
      if (error instanceof TemporaryError) throw error;
      throw new TemporaryError("network", `${host} could not be resolved: ${messageOf(error)}`, {
        cause: error,
      });
    }
    throw new TemporaryError("network", `${host} has no address`);
  }

  function keepTrack(host: string, socket: Socket): void {
    const sockets = open.get(host) ?? new Set();
    open.set(host, sockets.add(socket));
    socket.once("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0 && open.get(host) === sockets) open.delete(host);
    });
  }

  return {
    async check(host, port) {
      await destinationOf(host, port);
    },
    async connect(host, port) {
      const destination = await destinationOf(host, port);
      if (wayOut === null) return connectDirectly(destination, connectTimeoutMs);
      const socket = await wayOut.connect(destination.host, port);
      keepTrack(destination.host, socket);
      return socket;
    },
    moveHost(hostname, fetchBeganMs) {
      const host = canonicalHost(hostname) ?? hostname;
      if (wayOut === null || !wayOut.moveHost(host, fetchBeganMs)) return;
      for (const socket of open.get(host) ?? []) socket.destroy();
    },
  };
}

/** Connects to the checked addresses and no others: the socket's lookup answers with them. */
function connectDirectly({ host, port, addresses }: Destination, timeoutMs: number): Promise<Socket> {
  const answers = (addresses ?? []).map((address) => ({ address, family: isIP(address) }));
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({
    host,
    port,
    autoSelectFamily: true,
    lookup: (_hostname, _options, callback) => callback(null, answers),
  });
  const timer = setTimeout(() => {
    socket.destroy();
    reject(new TemporaryError("timeout", `${host}:${port} did not accept a connection in ${timeoutMs} ms`));
  }, timeoutMs);
  socket.once("error", (error) => {
    clearTimeout(timer);
    reject(
      new TemporaryError("network", `${host}:${port} refused the connection: ${connectionFault(error)}`, {
        cause: error,
      }),
    );
  });
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.removeAllListeners("error");
    resolve(socket);
  });
  return promise;
}

/** Happy eyeballs gives an AggregateError with an empty message. */
function connectionFault(error: Error & { code?: string }): string {
  return error.message === "" ? (error.code ?? "no address answered") : error.message;
}

function refused(host: string, address: string | null): PermanentError {
  const where = address === null ? host : `${host} (${address})`;
  return new PermanentError(
    "private-address",
    `${where} is not a public address; add it to ALLOW_PRIVATE_HOSTS if it is meant`,
  );
}

async function resolveByDns(hostname: string): Promise<string[]> {
  const answers = await lookup(hostname, { all: true });
  return answers.map(({ address }) => address);
}
