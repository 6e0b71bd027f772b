export type { FeedCounters, FeedListener, QuoteFeed } from "./feed.ts";
export { openTradingviewFeed, type TradingviewOptions } from "./tradingview/quote-feed.ts";
