import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { frame } from "../tradingview/frames.ts";
import { createMessageReader, write } from "../tradingview/messages.ts";
import { type BarValues, type Chart, type ChartManners, serveChart } from "./chart.ts";

/** What a seeded chart does. */
export interface SeededChart extends ChartManners {
  /** No bars older than these. */
  most?: number;
  /** When a bar opens, in seconds after where UTC's does. */
  offsetSeconds?: number;
}

export interface ChartServer {
  socketUrl: string;
  /** The site that people sign in at. */
  siteUrl: string;
  /** By EXCHANGE:SYMBOL; a symbol that is not there is unknown. */
  symbols: Map<string, SeededChart>;
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
export function barOf(time: number): BarValues {
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
  sockets.on("connection", (socket) => serve(socket, server));
  return server;
}

function serve(socket: WebSocket, server: ChartServer): void {
  const reader = createMessageReader();
  const takeChart = serveChart({
    find: (symbol) => chartOf(server.symbols.get(symbol)),
    say: (name, ...parameters) => socket.send(write(name, parameters)),
    cut: () => socket.terminate(),
    onSeries: (series) => server.sessions.push(series),
  });
  socket.send(frame(JSON.stringify({ session_id: "<0.1.2>_test", protocol: "json" })));
  const beats = setInterval(() => socket.send(frame("~h~1")), 100);
  socket.on("close", () => clearInterval(beats));
  socket.on("message", (data: Buffer) => {
    for (const message of reader.read(data.toString(), () => undefined)) {
      if (message.name === "set_auth_token") server.tokens.push(String(message.parameters[0]));
      takeChart(message);
    }
  });
}

function chartOf(seeded: SeededChart | undefined): Chart | undefined {
  if (seeded === undefined) return undefined;
  const { most = Number.POSITIVE_INFINITY, offsetSeconds = 0 } = seeded;
  return {
    manners: seeded,
    barsBefore(resolution, seconds, count) {
      const length = secondsOf[resolution] ?? Number(resolution) * 60;
      const origin = (resolution === "1W" ? 4 * 86_400 : 0) + offsetSeconds;
      const newest = Math.floor((Date.now() / 1_000 - origin) / length) * length + origin;
      const last = Math.min(newest, seconds - length);
      const first = Math.max(last - (count - 1) * length, newest - (most - 1) * length);
      return Array.from({ length: Math.max(0, (last - first) / length + 1) }, (_, index) =>
        barOf(first + index * length),
      );
    },
  };
}
