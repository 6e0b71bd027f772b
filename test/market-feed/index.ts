export { firstPrices } from "./first-prices.ts";
export { type MarketFeed, startMarketFeed } from "./market-feed.ts";
export { barKey, type StraightBar, straightBars } from "./straight-bars.ts";
export { type FeedTick, type SyntheticMarket, syntheticMarket } from "./synthetic-market.ts";
