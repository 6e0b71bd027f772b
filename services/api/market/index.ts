import { type Database, findLatestQuotes, findNewestBars } from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";
import { createBarDocuments, type BarDocuments } from "./bar-documents.ts";
import { createBarFeed } from "./bar-feed.ts";
import type { LiveFeed } from "./live-feed.ts";
import { createQuoteFeed } from "./quote-feed.ts";
import { createQuoteMemory, type QuoteMemory } from "./quote-memory.ts";

export { type LiveEvent, type LiveFeed } from "./live-feed.ts";
export type { QuoteMemory } from "./quote-memory.ts";
export type { BarDocument } from "./bar-documents.ts";

/** What the API knows of markets without asking PostgreSQL. */
export interface Market {
  quotes: QuoteMemory;
  bars: BarDocuments;
}

/** The channels of PostgreSQL's NOTIFY that keep it true. */
export const marketChannels = ["quotes_changed", "bars_changed"] as const;

export function startMarket(options: { db: Database; heardUntilMs: () => number; logger: Logger }): Market & {
  feeds: LiveFeed[];
  hear(channel: string, payload: string): void;
  readAfresh(): void;
  close(): void;
} {
  const { db, heardUntilMs, logger } = options;
  const quotes = createQuoteMemory({ load: (ids) => findLatestQuotes(db, ids), heardUntilMs, logger });
  const bars = createBarDocuments();
  const barFeed = createBarFeed({ load: (series) => findNewestBars(db, series), logger });
  return {
    quotes,
    bars,
    feeds: [createQuoteFeed(quotes), barFeed],
    hear(channel, payload) {
      if (channel === "quotes_changed") quotes.hear(payload);
      if (channel === "bars_changed") {
        bars.hear(payload);
        barFeed.hear(payload);
      }
    },
    readAfresh() {
      bars.dropAll();
      quotes.readAfresh();
    },
    close: () => quotes.close(),
  };
}
