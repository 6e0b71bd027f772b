import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createMessageReader, frame, type Message, writeMessage } from "@pricefleet/feeds";
import { type WebSocket, WebSocketServer } from "ws";
import { type Chart, serveChart } from "../../packages/feeds/test-support/chart.ts";
import { type Dice, rollDice } from "../sample-marketplace/chance.ts";
import type { FeedTick } from "./synthetic-market.ts";

/**
 * A feed that speaks TradingView's protocol and can be told to misbehave, with history where it was given charts. It tells each session what changed since it told
 * it last, several messages in one websocket message, and where an instrument stands when somebody subscribes.
 */
export interface MarketFeed {
  url: string;
  /** Instruments that it does not know are refused. */
  know(...instruments: string[]): void;
  /** A trade, told to all that subscribed. @returns to how many sessions it was sent whole. */
  tell(tick: FeedTick): number;
  subscribers(instrument: string): number;
  /** Connections that were opened and not refused. */
  readonly opened: number;
  readonly heartbeatsEchoed: number;
  heartbeat(): void;
  /** Raw text, to every session. */
  send(text: string): void;
  /** Ends all connections without a word. */
  cut(): void;
  /** The next connections are ended as soon as they open. */
  refuse(connections: number): void;
  /** Says nothing, though connections stay open; what is traded meanwhile is never told. Until called with false. */
  stall(isStalled: boolean): void;
  /** Messages come in pieces of a few letters from now on, or no longer. */
  split(isSplit: boolean): void;
  /** The next tick of each session is sent with a part of it missing. */
  garble(): void;
  close(): Promise<void>;
}

interface Session {
  socket: WebSocket;
  name: string;
  told: Map<string, Record<string, unknown>>;
  outbox: string;
  isGarbled: boolean;
}

const BEAT_EVERY_MS = 5_000;
const LONGEST_PIECE = 40;

export async function startMarketFeed({
  host = "127.0.0.1",
  port = 0,
  chartOf = () => undefined,
}: {
  host?: string;
  port?: number;
  /** Of EXCHANGE:SYMBOL; undefined: history does not know it. */
  chartOf?: (instrument: string) => Chart | undefined;
} = {}): Promise<MarketFeed> {
  const server = new WebSocketServer({ host, port });
  await once(server, "listening");
  const sessions = new Set<Session>();
  const lastTicks = new Map<string, FeedTick>();
  const known = new Set<string>();
  const dice = rollDice(1, "pieces");
  let opened = 0;
  let heartbeatsEchoed = 0;
  let beats = 0;
  let refusals = 0;
  let isStalled = false;
  let isSplit = false;

  server.on("connection", (socket) => {
    if (refusals > 0) {
      refusals--;
      socket.terminate();
      return;
    }
    opened++;
    const session: Session = { socket, name: "", told: new Map(), outbox: "", isGarbled: false };
    const reader = createMessageReader();
    const takeChart = serveChart({
      find: chartOf,
      say: (name, ...parameters) => post(session, writeMessage(name, parameters)),
      cut: () => socket.terminate(),
    });
    sessions.add(session);
    socket.on("close", () => sessions.delete(session));
    socket.on("message", (data: Buffer) => {
      for (const message of reader.read(data.toString(), () => heartbeatsEchoed++)) {
        take(session, message);
        takeChart(message);
      }
    });
    post(session, frame(JSON.stringify({ session_id: "<0.1.2>_synthetic", protocol: "json" })));
  });
  const beating = setInterval(heartbeat, BEAT_EVERY_MS);

  return {
    url: `ws://${host}:${(server.address() as AddressInfo).port}/socket.io/websocket`,
    get opened() {
      return opened;
    },
    get heartbeatsEchoed() {
      return heartbeatsEchoed;
    },
    know: (...instruments) => instruments.forEach((instrument) => known.add(instrument)),
    tell(tick) {
      lastTicks.set(tick.instrument, tick);
      let whole = 0;
      for (const session of sessions) if (tellTick(session, tick)) whole++;
      return whole;
    },
    subscribers: (instrument) => [...sessions].filter(({ told }) => told.has(instrument)).length,
    heartbeat,
    send: (text) => sessions.forEach((session) => post(session, text)),
    cut: () => sessions.forEach(({ socket }) => socket.terminate()),
    refuse: (connections) => {
      refusals = connections;
    },
    stall: (isSilent) => {
      isStalled = isSilent;
    },
    split: (inPieces) => {
      isSplit = inPieces;
    },
    garble: () => sessions.forEach((session) => (session.isGarbled = true)),
    async close() {
      clearInterval(beating);
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  function heartbeat(): void {
    beats++;
    for (const session of sessions) post(session, frame(`~h~${beats}`));
  }

  function take(session: Session, { name, parameters }: Message): void {
    const [sessionName, ...instruments] = parameters.map(String);
    if (name === "quote_create_session") session.name = sessionName ?? "";
    if (name === "quote_remove_symbols")
      for (const instrument of instruments) session.told.delete(instrument);
    if (name !== "quote_add_symbols") return;
    for (const instrument of instruments) {
      if (!known.has(instrument)) {
        const refusal = { n: instrument, s: "error", errmsg: "no_such_symbol" };
        post(session, writeMessage("qsd", [session.name, refusal]));
        continue;
      }
      session.told.set(instrument, {});
      const last = lastTicks.get(instrument);
      if (last !== undefined) tellTick(session, last);
      post(session, writeMessage("quote_completed", [session.name, instrument]));
    }
  }

  /** Only what changed, but for the price. @returns whether it was sent whole. */
  function tellTick(session: Session, { instrument, price, dayVolume, atMs }: FeedTick): boolean {
    const told = session.told.get(instrument);
    if (told === undefined || isStalled) return false;
    const values = { lp: price, lp_time: atMs / 1_000, volume: dayVolume };
    const changed = Object.entries(values).filter(
      ([field, value]) => field === "lp" || told[field] !== value,
    );
    const message = writeMessage("qsd", [
      session.name,
      { n: instrument, s: "ok", v: Object.fromEntries(changed) },
    ]);
    if (session.isGarbled) {
      session.isGarbled = false;
      post(session, message.slice(0, 20) + message.slice(30));
      return false;
    }
    session.told.set(instrument, values);
    post(session, message);
    return true;
  }

  /** What is said in one go leaves as one websocket message, or in pieces. */
  function post(session: Session, text: string): void {
    if (isStalled) return;
    if (session.outbox === "") setImmediate(flush, session);
    session.outbox += text;
  }

  function flush(session: Session): void {
    const text = session.outbox;
    session.outbox = "";
    for (const piece of isSplit ? piecesOf(text, dice) : [text]) session.socket.send(piece);
  }
}

function piecesOf(text: string, dice: Dice): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = at + dice.between(1, LONGEST_PIECE);
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}
