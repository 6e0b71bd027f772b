import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { pipeline } from "node:stream";
import { messageOf, PermanentError, PricefleetError, TemporaryError } from "@pricefleet/contracts";
import type { Egress } from "./egress.ts";

/** The proxy by which Chromium leaves, and its only way out. It listens on loopback and wants a credential. */
export interface EgressProxy {
  /** "http://127.0.0.1:41234" */
  readonly server: string;
  readonly username: string;
  readonly password: string;
  /** Why the last connection to this place failed; null if it did not, or was never tried. */
  failureOf(host: string, port: number): PricefleetError | null;
  close(): Promise<void>;
}

const FAILURES_REMEMBERED = 1_000;
/** Headers that speak about one connection, not about the page (RFC 9110, 7.6.1). */
const hopByHop =
  /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-(connection|authorization|authenticate))$/i;

export async function startEgressProxy(egress: Egress): Promise<EgressProxy> {
  const username = "chromium";
  const password = randomBytes(24).toString("base64url");
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const failures = new Map<string, PricefleetError>();
  const sockets = new Set<Socket>();

  async function connect(host: string, port: number): Promise<Socket> {
    const place = placeKey(host, port);
    failures.delete(place);
    try {
      const socket = await egress.connect(host, port);
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      return socket;
    } catch (error) {
      const failure =
        error instanceof PricefleetError ? error : new TemporaryError("network", messageOf(error));
      failures.set(place, failure);
      const oldest = failures.keys().next().value;
      if (failures.size > FAILURES_REMEMBERED && oldest !== undefined) failures.delete(oldest);
      throw failure;
    }
  }

  const agent = new Agent({ keepAlive: true, timeout: 15_000 });
  agent.createConnection = (options, callback) => {
    const { host, port } = options as { host?: string; port?: number | string };
    void handOver(connect(host ?? "", Number(port)), callback as ConnectionCallback);
    return undefined;
  };

  const server = createServer((incoming, outgoing) => {
    if (incoming.headers["proxy-authorization"] !== expected) {
      outgoing.writeHead(407, { "proxy-authenticate": 'Basic realm="egress"' }).end();
      return;
    }
    forward(incoming, outgoing, agent);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("connect", (incoming, client: Socket, head) => {
    client.on("error", () => client.destroy());
    if (incoming.headers["proxy-authorization"] !== expected) {
      client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="egress"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
      );
      return;
    }
    const { hostname, port } = placeOf(incoming.url ?? "");
    void tunnel(connect(hostname, port), client, head);
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    username,
    password,
    failureOf: (host, port) => failures.get(placeKey(host, port)) ?? null,
    async close() {
      server.close();
      agent.destroy();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, "close");
    },
  };
}

type ConnectionCallback = (error: Error | null, socket?: Socket) => void;

async function handOver(connecting: Promise<Socket>, callback: ConnectionCallback): Promise<void> {
  let socket: Socket;
  try {
    socket = await connecting;
  } catch (error) {
    callback(error as Error);
    return;
  }
  callback(null, socket);
}

async function tunnel(connecting: Promise<Socket>, client: Socket, head: Buffer): Promise<void> {
  let site: Socket;
  try {
    site = await connecting;
  } catch (error) {
    client.end(`HTTP/1.1 ${statusOf(error)} Refused\r\ncontent-length: 0\r\n\r\n`);
    return;
  }
  client.write("HTTP/1.1 200 Connection established\r\n\r\n");
  if (head.length > 0) site.write(head);
  pipeline(client, site, client, () => {
    client.destroy();
    site.destroy();
  });
}

/** Plain http comes as a whole request with an absolute address; all else comes by CONNECT. */
function forward(incoming: IncomingMessage, outgoing: ServerResponse, agent: Agent): void {
  const address = incoming.url ?? "";
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url?.protocol !== "http:") {
    outgoing.writeHead(400).end("This is a proxy.");
    return;
  }
  const onward = request(
    {
      agent,
      host: url.hostname,
      port: url.port === "" ? 80 : Number(url.port),
      path: `${url.pathname}${url.search}`,
      method: incoming.method,
      headers: withoutHopByHop(incoming.rawHeaders),
    },
    (response) => {
      outgoing.writeHead(response.statusCode ?? 502, withoutHopByHop(response.rawHeaders));
      // A body that breaks off must break off for Chromium too, or half a page would pass for a whole one.
      pipeline(response, outgoing, () => undefined);
    },
  );
  onward.once("error", (error) => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(statusOf(error)).end();
  });
  outgoing.once("close", () => onward.destroy());
  incoming.pipe(onward);
}

function withoutHopByHop(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_text, index) => !hopByHop.test(rawHeaders[index - (index % 2)] ?? ""));
}

/** "example.com:443" or "[::1]:443" */
function placeOf(authority: string): { hostname: string; port: number } {
  const [, hostname = "", port = "0"] = /^(.*):(\d{1,5})$/.exec(authority) ?? [];
  return { hostname, port: Number(port) };
}

/** IPv6 comes with brackets in URLs and without elsewhere. */
function placeKey(host: string, port: number): string {
  return `${host.replace(/^\[|\]$/g, "")} ${port}`;
}

function statusOf(error: unknown): 403 | 502 {
  return error instanceof PermanentError ? 403 : 502;
}
