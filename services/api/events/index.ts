import { type Database, listen, type Listening } from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";
import { type Market, marketChannels, startMarket } from "../market/index.ts";
import { createEventFeed } from "./event-feed.ts";
import { eventKinds } from "./event-kinds.ts";
import { endStreams, type EventStreams } from "./event-stream.ts";

export { serveEventSockets } from "./event-socket.ts";
export { type EventStreams, eventsRouter } from "./event-stream.ts";

interface EventOptions {
  db: Database;
  url: string;
  logger: Logger;
  maxStreams?: number;
  heartbeatMs?: number;
}

/** Migrations send it when something happened that is kept in a table of events. */
const RECORDED_EVENTS = "price_tracker_events";

/** The one place that hears what PostgreSQL tells, keeps the market in memory by it, and tells all who listen to this process. */
export function startEvents({ db, url, logger, maxStreams = 100, heartbeatMs = 15_000 }: EventOptions): {
  streams: EventStreams;
  market: Market;
  close(): Promise<void>;
} {
  let listening: Listening | null = null;
  const heardUntilMs = () => listening?.heardUntilMs() ?? Number.NEGATIVE_INFINITY;
  const feeds = eventKinds(db).map((kind) => createEventFeed(kind, logger));
  const market = startMarket({ db, heardUntilMs, logger });
  const look = () => feeds.forEach((feed) => feed.look());
  listening = listen({
    url,
    name: "api",
    logger,
    channels: [RECORDED_EVENTS, ...marketChannels],
    onNotification(channel, payload) {
      if (channel === RECORDED_EVENTS) look();
      else market.hear(channel, payload);
    },
    onConnected() {
      look();
      market.readAfresh();
    },
  });
  const streams: EventStreams = { feeds, live: market.feeds, maxStreams, heartbeatMs, open: new Set() };
  return {
    streams,
    market,
    async close() {
      endStreams(streams);
      market.close();
      await listening.close();
    },
  };
}
