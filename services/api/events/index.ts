import { type Database, listenForEvents } from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";
import { createEventFeed } from "./event-feed.ts";
import { eventKinds } from "./event-kinds.ts";
import { endStreams, type EventStreams } from "./event-stream.ts";

export { type EventStreams, eventsRouter } from "./event-stream.ts";

interface EventOptions {
  db: Database;
  url: string;
  logger: Logger;
  maxStreams?: number;
  heartbeatMs?: number;
}

/** The one place that hears of events and tells them to all who listen to this process. */
export function startEvents({ db, url, logger, maxStreams = 100, heartbeatMs = 15_000 }: EventOptions): {
  streams: EventStreams;
  close(): Promise<void>;
} {
  const feeds = eventKinds(db).map((kind) => createEventFeed(kind, logger));
  const listening = listenForEvents({
    url,
    name: "api",
    logger,
    onNews: () => feeds.forEach((feed) => feed.look()),
  });
  const streams: EventStreams = { feeds, maxStreams, heartbeatMs, open: new Set() };
  return {
    streams,
    async close() {
      endStreams(streams);
      await listening.close();
    },
  };
}
