import type { LatestQuote } from "@pricefleet/database";
import type { LiveEvent, LiveFeed } from "./live-feed.ts";
import type { QuoteMemory } from "./quote-memory.ts";
import { instrumentOf, quoteView } from "./quote-view.ts";

export function createQuoteFeed(memory: QuoteMemory): LiveFeed {
  return {
    name: "quote",
    // Who listens while nothing is known is told of all quotes as soon as they have been read again.
    newest: () => memory.allOrNone().map(asEvent),
    subscribe: (listener) => memory.subscribe((quotes) => listener(quotes.map(asEvent))),
  };
}

function asEvent(row: LatestQuote): LiveEvent {
  return { instrument: instrumentOf(row), interval: null, data: JSON.stringify(quoteView(row, Date.now())) };
}
