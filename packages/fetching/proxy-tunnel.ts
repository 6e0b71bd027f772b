import { request as httpRequest } from "node:http";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { messageOf } from "@pricefleet/contracts";
import { SocksClient } from "socks";
import type { UpstreamProxy } from "./upstream-proxy.ts";

/** Why there is no tunnel. Its message holds no credential. */
export class TunnelError extends Error {
  override readonly name = "TunnelError";
  /** The proxy cannot be reached or will not have us; otherwise it works and the site beyond it was not reached. */
  readonly isProxysFault: boolean;
  constructor(message: string, isProxysFault: boolean) {
    super(message);
    this.isProxysFault = isProxysFault;
  }
}

/** Wrong or spent credentials, too many connections, or no proxy at all. Other answers are about the site. */
const statusesOfTheProxy = new Set([400, 401, 402, 405, 407, 429, 501]);

/**
 * A socket to host:port through the proxy, which resolves the name. HTTP proxies are always asked by CONNECT, so
 * one must let CONNECT pass to port 80 for plain http pages.
 * @param timeoutMs of reaching the proxy, and of its answer, each.
 * @throws TunnelError
 */
export async function tunnelThrough(
  proxy: UpstreamProxy,
  host: string,
  port: number,
  timeoutMs: number,
): Promise<Socket> {
  const socket = await reach(proxy, timeoutMs);
  return proxy.protocol === "socks5:"
    ? bySocks(socket, proxy, host, port, timeoutMs)
    : byConnect(socket, proxy, host, port, timeoutMs);
}

function reach(proxy: UpstreamProxy, timeoutMs: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const { host, port } = proxy;
  const isSecure = proxy.protocol === "https:";
  const socket = isSecure
    ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) })
    : connectTcp({ host, port, autoSelectFamily: true });
  const fail = (message: string) => {
    clearTimeout(timer);
    socket.destroy();
    reject(new TunnelError(message, true));
  };
  const timer = setTimeout(() => fail(`did not accept a connection in ${timeoutMs} ms`), timeoutMs);
  // Happy eyeballs gives an AggregateError with an empty message.
  socket.once("error", (error: Error & { code?: string }) =>
    fail(error.message === "" ? (error.code ?? "could not be reached") : messageOf(error)),
  );
  socket.once(isSecure ? "secureConnect" : "connect", () => {
    clearTimeout(timer);
    socket.removeAllListeners("error");
    resolve(socket);
  });
  return promise;
}

async function bySocks(
  existing: Socket,
  proxy: UpstreamProxy,
  host: string,
  port: number,
  timeoutMs: number,
): Promise<Socket> {
  try {
    const { socket } = await SocksClient.createConnection({
      command: "connect",
      destination: { host, port },
      timeout: timeoutMs,
      existing_socket: existing,
      proxy: {
        host: proxy.host,
        port: proxy.port,
        type: 5,
        ...(proxy.username === null ? {} : { userId: proxy.username, password: proxy.password ?? "" }),
      },
    });
    return socket;
  } catch (error) {
    existing.destroy();
    // The library's error holds its options, password included, so only the words go on.
    const words = messageOf(error);
    const isAboutTheSite = /rejected connection|timed out/i.test(words);
    // oxlint-disable-next-line preserve-caught-error -- the cause would carry the credential into logs
    throw new TunnelError(words, !isAboutTheSite);
  }
}

function byConnect(
  existing: Socket,
  proxy: UpstreamProxy,
  host: string,
  port: number,
  timeoutMs: number,
): Promise<Socket> {
  const target = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  const credential = Buffer.from(`${proxy.username ?? ""}:${proxy.password ?? ""}`).toString("base64");
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const request = httpRequest({
    method: "CONNECT",
    path: target,
    createConnection: () => existing,
    headers: {
      host: target,
      ...(proxy.username === null ? {} : { "proxy-authorization": `Basic ${credential}` }),
    },
  });
  const fail = (message: string, isProxysFault: boolean) => {
    clearTimeout(timer);
    existing.destroy();
    reject(new TunnelError(message, isProxysFault));
  };
  // It took the connection: slow is the site beyond it, as far as anybody can tell.
  const timer = setTimeout(() => fail(`did not answer CONNECT in ${timeoutMs} ms`, false), timeoutMs);
  request.once("connect", (response, socket, head) => {
    const status = response.statusCode ?? 0;
    if (status !== 200) {
      fail(`answered ${status} to CONNECT`, statusesOfTheProxy.has(status));
      return;
    }
    clearTimeout(timer);
    if (head.length > 0) socket.unshift(head);
    resolve(socket);
  });
  // A proxy that is none may answer CONNECT as any other request.
  request.once("response", (response) => {
    response.resume();
    fail(`answered ${response.statusCode} to CONNECT, as no proxy does`, true);
  });
  request.once("error", (error) => fail(messageOf(error), true));
  request.end();
  return promise;
}
