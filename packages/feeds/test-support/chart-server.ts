import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { frame } from "../tradingview/frames.ts";
import { createMessageReader, type Message, write } from "../tradingview/messages.ts";

/** What a symbol's chart does, beside giving all bars at once. */
export interface ChartManners {
  /** Bars in one answer; the rest has to be asked for. */
  atOnce?: number;
  /** An answer comes in updates of so many bars. */
  barsAnUpdate?: number;
  /** No bars older than these. */
  most?: number;
  /** Says nothing, but for heartbeats. */
  stalls?: boolean;
  /** Ends the connection so often, in the middle of the bars, before it goes well. */
  cuts?: number;
  /** Refuses the series with these words. */
  seriesError?: string;
  /** When a bar opens, in seconds after where UTC's does. */
  offsetSeconds?: number;
}

export interface ChartServer {
  socketUrl: string;
  /** The site that people sign in at. */
  siteUrl: string;
  /** By EXCHANGE:SYMBOL; a symbol that is not there is unknown. */
  symbols: Map<string, ChartManners>;
  /** Of every session, what was asked of it. */
  sessions: { symbol: string; resolution: string; bars: number }[];
  /** Tokens that sockets began with, in order. */
  tokens: string[];
  signIns: number;
  credentials: { username: string; password: string };
  close(): Promise<void>;
}

export const TOKEN = "a-token-for-signed-in-users";
const secondsOf: Record<string, number> = { "1D": 86_400, "1W": 7 * 86_400 };

/** The newest bar is the one of now, so it is not complete. Its numbers follow from when it opens, so tests know them. */
export function barOf(
  time: number,
): [time: number, open: number, high: number, low: number, close: number, volume: number] {
  const base = 1_000 + ((time / 60) % 997);
  return [time, base, base + 2.5, base - 1.25, base + 0.5, 10 + (time % 7)];
}

/** The chart side of the site: seeded bars, its ways of saying no, and its faults. */
export async function startChartServer(): Promise<ChartServer> {
  const http = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      server.signIns++;
      const given = new URLSearchParams(body);
      const isRight =
        request.url === "/accounts/signin/" &&
        given.get("username") === server.credentials.username &&
        given.get("password") === server.credentials.password;
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify(
          isRight
            ? { user: { auth_token: TOKEN } }
            : { error: "Invalid username or password", code: "invalid_credentials" },
        ),
      );
    });
  });
  const sockets = new WebSocketServer({ server: http });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const server: ChartServer = {
    socketUrl: `ws://127.0.0.1:${port}/socket.io/websocket`,
    siteUrl: `http://127.0.0.1:${port}`,
    symbols: new Map(),
    sessions: [],
    tokens: [],
    signIns: 0,
    credentials: { username: "someone", password: "right" },
    async close() {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  sockets.on("connection", (socket) => serveChart(socket, server));
  return server;
}

function serveChart(socket: WebSocket, server: ChartServer): void {
  const reader = createMessageReader();
  let symbol = "";
  let manners: ChartManners = {};
  let resolution = "";
  let oldest = 0;
  let given = 0;

  socket.send(frame(JSON.stringify({ session_id: "<0.1.2>_test", protocol: "json" })));
  const beats = setInterval(() => socket.send(frame("~h~1")), 100);
  socket.on("close", () => clearInterval(beats));
  socket.on("message", (data: Buffer) => {
    for (const message of reader.read(data.toString(), () => undefined)) answer(message);
  });

  function answer({ name, parameters }: Message): void {
    const [session] = parameters;
    if (name === "set_auth_token") server.tokens.push(String(session));
    if (name === "resolve_symbol") {
      symbol = (JSON.parse(String(parameters[2]).slice(1)) as { symbol: string }).symbol;
      const known = server.symbols.get(symbol);
      if (known === undefined) return say("symbol_error", session, parameters[1], "invalid symbol");
      manners = known;
      if (!manners.stalls) say("symbol_resolved", session, parameters[1], { name: symbol });
    }
    if (!server.symbols.has(symbol) || manners.stalls) return;
    if (name === "create_series") {
      resolution = String(parameters[4]);
      server.sessions.push({ symbol, resolution, bars: Number(parameters[5]) });
      const length = secondsOf[resolution] ?? Number(resolution) * 60;
      const origin = (resolution === "1W" ? 4 * 86_400 : 0) + (manners.offsetSeconds ?? 0);
      oldest = Math.floor((Date.now() / 1_000 - origin) / length) * length + origin + length;
      if (manners.seriesError !== undefined)
        return say("series_error", session, "sds_1", "s1", manners.seriesError);
      say("series_loading", session, "sds_1", "s1");
      give(session, Number(parameters[5]), length);
    }
    if (name === "request_more_data")
      give(session, Number(parameters[2]), secondsOf[resolution] ?? Number(resolution) * 60);
  }

  function give(session: unknown, wanted: number, length: number): void {
    const count = Math.min(wanted, manners.atOnce ?? wanted, (manners.most ?? 1e9) - given);
    const bars = Array.from({ length: count }, (_, index) => barOf(oldest - (count - index) * length));
    oldest -= count * length;
    given += count;
    const step = manners.barsAnUpdate ?? count;
    for (let at = 0; at < count; at += step) {
      const s = bars.slice(at, at + step).map((v, index) => ({ i: at + index, v }));
      say("timescale_update", session, { sds_1: { node: "test", s, t: "s1" } }, { index: at });
      if ((manners.cuts ?? 0) > 0) {
        manners.cuts = (manners.cuts ?? 0) - 1;
        return socket.terminate();
      }
    }
    say("series_completed", session, "sds_1", "streaming", "s1");
  }

  function say(name: string, ...parameters: unknown[]): void {
    socket.send(write(name, parameters));
  }
}
