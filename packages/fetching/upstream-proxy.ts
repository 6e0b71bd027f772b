import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type Socket } from "node:net";
import { SocksClient } from "socks";

/** One value of PROXY_URL. */
export interface UpstreamProxy {
  protocol: "http:" | "https:" | "socks5:";
  host: string;
  port: number;
  username: string | null;
  password: string | null;
  /** Host and port, for people: never the credential. */
  label: string;
}

const defaultPorts: Record<string, number> = { "http:": 80, "https:": 443, "socks5:": 1080 };

/**
 * Reads `http://user:password@host:port`, also https, socks5 and socks5h (a SOCKS proxy always resolves names here).
 * @throws TypeError that does not print the credential.
 */
export function parseProxyUrl(text: string): UpstreamProxy {
  const url = URL.canParse(text) ? new URL(text) : null;
  const protocol = url?.protocol === "socks5h:" ? "socks5:" : url?.protocol;
  if (url === null || url.hostname === "" || !isProxyProtocol(protocol)) {
    throw new TypeError("A proxy URL should be like http://user:password@host:port (http, https or socks5)");
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (defaultPorts[protocol] ?? 0) : Number(url.port);
  return {
    protocol,
    host,
    port,
    username: url.username === "" ? null : decodeURIComponent(url.username),
    password: url.password === "" ? null : decodeURIComponent(url.password),
    label: `${host}:${port}`,
  };
}

function isProxyProtocol(protocol: string | undefined): protocol is UpstreamProxy["protocol"] {
  return protocol === "http:" || protocol === "https:" || protocol === "socks5:";
}

/**
 * A socket to host:port through the proxy, which resolves the name. HTTP proxies are always asked by CONNECT, so
 * one must let CONNECT pass to port 80 for plain http pages.
 * @throws Error saying what the proxy answered, without its credential.
 */
export function tunnelThrough(
  proxy: UpstreamProxy,
  host: string,
  port: number,
  timeoutMs: number,
): Promise<Socket> {
  return proxy.protocol === "socks5:"
    ? throughSocks(proxy, host, port, timeoutMs)
    : throughHttp(proxy, host, port, timeoutMs);
}

async function throughSocks(
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
      proxy: {
        host: proxy.host,
        port: proxy.port,
        type: 5,
        ...(proxy.username === null ? {} : { userId: proxy.username, password: proxy.password ?? "" }),
      },
    });
    return socket;
  } catch (error) {
    // The library's error holds its options, password included, so only the words go on.
    const reason = error instanceof Error ? error.message : "unknown";
    // oxlint-disable-next-line preserve-caught-error -- the cause would carry the credential into logs
    throw new Error(`SOCKS proxy ${proxy.label}: ${reason}`);
  }
}

function throughHttp(proxy: UpstreamProxy, host: string, port: number, timeoutMs: number): Promise<Socket> {
  const target = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  const credential = Buffer.from(`${proxy.username ?? ""}:${proxy.password ?? ""}`).toString("base64");
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const request = (proxy.protocol === "https:" ? httpsRequest : httpRequest)({
    host: proxy.host,
    port: proxy.port,
    method: "CONNECT",
    path: target,
    agent: false,
    timeout: timeoutMs,
    headers: {
      host: target,
      ...(proxy.username === null ? {} : { "proxy-authorization": `Basic ${credential}` }),
    },
  });
  request.once("connect", (response, socket, head) => {
    if (response.statusCode !== 200) {
      socket.destroy();
      reject(new Error(`proxy ${proxy.label} answered ${response.statusCode} to CONNECT`));
      return;
    }
    socket.setTimeout(0);
    if (head.length > 0) socket.unshift(head);
    resolve(socket);
  });
  // A proxy that is none answers CONNECT as any other request.
  request.once("response", (response) => {
    response.resume();
    request.destroy();
    reject(new Error(`proxy ${proxy.label} answered ${response.statusCode} to CONNECT`));
  });
  request.once("timeout", () => request.destroy(new Error(`proxy ${proxy.label} did not answer in time`)));
  request.once("error", (error) => reject(new Error(`proxy ${proxy.label}: ${error.message}`)));
  request.end();
  return promise;
}
