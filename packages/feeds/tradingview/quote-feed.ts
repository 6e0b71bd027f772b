import type { Logger } from "@pricefleet/logging";
import type { FeedListener, QuoteFeed } from "../feed.ts";
import { type Connection, keepSocketOpen, type SocketOptions } from "../keep-socket-open.ts";
import { type KnownQuote, mergeQuote, unknownQuote } from "./merge-quote.ts";
import { createMessageReader, type Message, type MessageReader, newSession, write } from "./messages.ts";
import { ANYBODY } from "./sign-in.ts";

export interface TradingviewOptions
  extends Partial<Pick<SocketOptions, "dispatcher" | "silenceMs" | "firstDelayMs" | "longestDelayMs">> {
  /** TRADINGVIEW_WS_URL */
  url: string;
  logger: Logger;
  listener: FeedListener;
}

/** The site refuses sockets of other pages. */
const HEADERS = { Origin: "https://www.tradingview.com" };
const FIELDS = ["lp", "lp_time", "bid", "ask", "volume", "currency_code", "current_session"];
/** Instruments in one message, so that no message gets too long for the site. */
const BATCH = 100;

/** Live quotes by the quote session of TradingView's socket. Partial updates are merged into the last known quote. */
export function openTradingviewFeed({ listener, logger, ...options }: TradingviewOptions): QuoteFeed {
  const subscribed = new Map<string, KnownQuote>();
  let live: { connection: Connection; session: string; reader: MessageReader } | null = null;
  let connections = 0;
  let badMessagesBefore = 0;

  const socket = keepSocketOpen({
    ...options,
    headers: HEADERS,
    logger,
    onOpen(connection) {
      connections++;
      for (const known of subscribed.values()) known.isHeard = false;
      const session = newSession("qs");
      live = { connection, session, reader: createMessageReader() };
      connection.send(write("set_auth_token", [ANYBODY]));
      connection.send(write("quote_create_session", [session]));
      connection.send(write("quote_set_fields", [session, ...FIELDS]));
      sendInBatches("quote_add_symbols", [...subscribed.keys()]);
      listener.onState("open", options.url);
    },
    onText(text, connection) {
      if (live === null) return;
      const { reader } = live;
      const badBefore = reader.badMessages;
      const messages = reader.read(text, connection.send);
      if (reader.badMessages > badBefore) listener.onUnreadable();
      for (const message of messages) take(message, connection);
    },
    onDown(reason) {
      badMessagesBefore += live?.reader.badMessages ?? 0;
      live = null;
      listener.onState("down", reason);
    },
  });

  return {
    name: "tradingview",
    subscribe(instruments) {
      const added = instruments.filter((instrument) => !subscribed.has(instrument));
      for (const instrument of added) subscribed.set(instrument, unknownQuote());
      sendInBatches("quote_add_symbols", added);
    },
    unsubscribe(instruments) {
      const removed = instruments.filter((instrument) => subscribed.delete(instrument));
      sendInBatches("quote_remove_symbols", removed);
    },
    counters: () => ({
      connections,
      badMessages: badMessagesBefore + (live?.reader.badMessages ?? 0),
    }),
    close: () => socket.close(),
  };

  function sendInBatches(name: string, instruments: readonly string[]): void {
    if (live === null) return;
    for (let at = 0; at < instruments.length; at += BATCH) {
      live.connection.send(write(name, [live.session, ...instruments.slice(at, at + BATCH)]));
    }
  }

  function take({ name, parameters }: Message, connection: Connection): void {
    if (name === "qsd") return takeQuote(parameters[1], connection);
    if (name === "critical_error" || name === "protocol_error") {
      connection.drop(`${name}: ${JSON.stringify(parameters).slice(0, 200)}`);
    }
  }

  function takeQuote(data: unknown, connection: Connection): void {
    const { n: instrument, s: status, v: values, errmsg } = (data ?? {}) as Record<string, unknown>;
    if (typeof instrument !== "string") return;
    const known = subscribed.get(instrument);
    // Unsubscribed a moment ago, and still on its way.
    if (known === undefined) return;
    if (status === "error")
      return listener.onRefused(instrument, typeof errmsg === "string" ? errmsg : "refused without a word");
    if (typeof values !== "object" || values === null) return;
    connection.isOfUse();
    const tick = mergeQuote(known, values as Record<string, unknown>, instrument, Date.now());
    if (tick !== null) listener.onTick(tick);
  }
}
