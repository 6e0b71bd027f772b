import type { IncomingMessage, Server } from "node:http";
import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { LiveEvent } from "../market/index.ts";
import { Problem } from "../problem.ts";
import type { FeedEvent } from "./event-feed.ts";
import { type EventFilter, readEventFilter } from "./event-filter.ts";
import { type EventStreams, MAX_UNREAD_BYTES, tooManyListen } from "./event-stream.ts";

interface SocketOptions {
  streams: EventStreams;
  /** Web pages of these origins may connect, beside those of the API's own. */
  corsOrigins: readonly string[];
  logger: Logger;
}

/** Codes of RFC 6455, section 7.4. */
const CLOSE_GOING_AWAY = 1001;
const CLOSE_POLICY = 1008;
const CLOSE_TRY_AGAIN = 1013;
const MAX_MESSAGE_BYTES = 65_536;

/** /ws and /api/ws: what /events tells, as a WebSocket's messages `{"event","data"}`. */
export function serveEventSockets(server: Server, { streams, corsOrigins, logger }: SocketOptions): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", (error) => logger.debug("a connection broke", { error: messageOf(error) }));
    const path = new URL(request.url ?? "/", "http://api").pathname;
    if (path !== "/ws" && path !== "/api/ws") return void socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
    // A browser asks nobody before it connects a page of another origin: that page would read what its user may.
    if (!isOriginAllowed(request, corsOrigins)) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", (error) => logger.debug("a WebSocket broke", { error: messageOf(error) }));
      tellEvents(webSocket, request, streams);
    });
  });
}

function isOriginAllowed({ headers }: IncomingMessage, corsOrigins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || corsOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function tellEvents(socket: WebSocket, request: IncomingMessage, streams: EventStreams): void {
  if (streams.open.size >= streams.maxStreams) {
    tellProblem(socket, tooManyListen(streams));
    return socket.close(CLOSE_TRY_AGAIN);
  }
  let filter: EventFilter;
  try {
    filter = readEventFilter(Object.fromEntries(new URL(request.url ?? "/", "http://api").searchParams));
  } catch (error) {
    tellProblem(socket, error);
    return socket.close(CLOSE_POLICY);
  }
  const stream = { end: () => socket.close(CLOSE_GOING_AWAY) };
  streams.open.add(stream);
  const subscriptions = [
    ...streams.live.map((feed) => feed.subscribe((events) => tellLive(feed.name, events))),
    ...streams.feeds.map((feed) => feed.subscribe((event) => tellRecorded(feed.kind.name, event))),
  ];
  let isAlive = true;
  socket.on("pong", () => {
    isAlive = true;
  });
  const heartbeat = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, streams.heartbeatMs);
  socket.on("close", () => {
    clearInterval(heartbeat);
    streams.open.delete(stream);
    for (const unsubscribe of subscriptions) unsubscribe();
  });
  socket.on("message", (message) => changeFilter(message));
  tellNewest();

  function changeFilter(message: RawData): void {
    try {
      filter = readEventFilter(JSON.parse(textOf(message)));
      tellNewest();
    } catch (error) {
      tellProblem(socket, error instanceof Problem ? error : notJson());
    }
  }

  function tellNewest(): void {
    for (const feed of streams.live) tellLive(feed.name, feed.newest());
  }

  function tellLive(name: string, events: readonly LiveEvent[]): void {
    if (!filter.wants(name)) return;
    for (const event of events) if (filter.wantsLive(event)) send(name, event.data);
  }

  function tellRecorded(name: string, { data }: FeedEvent): void {
    if (!filter.wants(name) || (filter.runId !== null && data.run_id !== filter.runId)) return;
    send(name, JSON.stringify(data));
  }

  function send(name: string, data: string): void {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(`{"event":"${name}","data":${data}}`);
    if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.close(CLOSE_TRY_AGAIN);
  }
}

function notJson(): Problem {
  const message = 'should be JSON such as {"kinds":"quote","instruments":"TVC:GOLD"}';
  return new Problem("bad-request", `the message ${message}`, { errors: [{ field: "message", message }] });
}

function tellProblem(socket: WebSocket, error: unknown): void {
  if (!(error instanceof Problem)) throw error;
  const { status, message: detail, extras } = error;
  socket.send(JSON.stringify({ event: "problem", data: { status, detail, ...extras } }));
}

/** ws gives a message as one buffer, an ArrayBuffer or the parts of one. */
function textOf(message: RawData): string {
  return (Array.isArray(message) ? Buffer.concat(message) : Buffer.from(message as Buffer)).toString();
}
