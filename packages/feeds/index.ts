export { feedsEnvironment, historyEnvironment, namedSocketIn } from "./environment.ts";
export type { FeedCounters, FeedListener, QuoteFeed } from "./feed.ts";
export type { FetchedHistory, HistoryFeed, HistoryRequest } from "./history.ts";
export { historyFromEnvironment } from "./tradingview/history.ts";
export { openTradingviewFeed, type TradingviewOptions } from "./tradingview/quote-feed.ts";
// For servers that speak it.
export { frame } from "./tradingview/frames.ts";
export { createMessageReader, type Message, write as writeMessage } from "./tradingview/messages.ts";
