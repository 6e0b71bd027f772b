import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { type WebSocket, WebSocketServer } from "ws";
import { createMessageReader, type Message, write } from "../tradingview/messages.ts";
import { frame } from "../tradingview/frames.ts";

/** The other end of a feed: keeps what it was sent, and says what a test tells it to. */
export interface FeedServer {
  url: string;
  /** Of every connection there was, in order. */
  connections: ServedConnection[];
  close: () => Promise<void>;
}

export interface ServedConnection {
  messages: Message[];
  heartbeats: string[];
  /** Raw text, as it goes into one websocket message. */
  send(text: string): void;
  /** One update of an instrument in the client's quote session. */
  quote(instrument: string, values: Record<string, unknown>): void;
  /** Ends the connection without a word. */
  cut(): void;
}

export async function startFeedServer(onConnection?: (made: ServedConnection) => void): Promise<FeedServer> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const connections: ServedConnection[] = [];
  server.on("connection", (socket) => {
    const made = serve(socket);
    connections.push(made);
    onConnection?.(made);
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/socket.io/websocket`,
    connections,
    close: async () => {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(socket: WebSocket): ServedConnection {
  const reader = createMessageReader();
  const made: ServedConnection = {
    messages: [],
    heartbeats: [],
    send: (text) => socket.send(text),
    quote: (instrument, values) => {
      const session = made.messages.find(({ name }) => name === "quote_create_session")?.parameters[0];
      socket.send(write("qsd", [session, { n: instrument, s: "ok", v: values }]));
    },
    cut: () => socket.terminate(),
  };
  socket.on("message", (data: Buffer) => {
    made.messages.push(...reader.read(data.toString(), (beat) => made.heartbeats.push(beat)));
  });
  socket.send(frame(JSON.stringify({ session_id: "<0.1.2>_test", protocol: "json" })));
  return made;
}
