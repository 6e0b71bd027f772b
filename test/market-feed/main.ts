// A synthetic feed as a process: all that is quoted by default, a trade a second each, and its history, until it is told to stop.
import { readEnvironment, wholeNumber } from "@pricefleet/contracts";
import { z } from "zod";
import { firstPrices } from "./first-prices.ts";
import { marketChart } from "./market-chart.ts";
import { startMarketFeed } from "./market-feed.ts";
import { type FeedTick, syntheticMarket } from "./synthetic-market.ts";

const TICKS_A_MINUTE = 60;

const { PORT: port, SEED: seed } = readEnvironment(
  z.object({ PORT: wholeNumber(0, 65_535).default(0), SEED: wholeNumber(0, 2 ** 31).default(1) }),
);
const charts = new Map(
  Object.entries(firstPrices).map(([instrument, firstPrice]) => {
    const market = syntheticMarket({ seed, instrument, firstPrice, ticksAMinute: TICKS_A_MINUTE });
    return [instrument, { market, chart: marketChart(market, { nowMs: Date.now, withUnfinished: true }) }];
  }),
);
const feed = await startMarketFeed({ port, chartOf: (instrument) => charts.get(instrument)?.chart });
process.stdout.write(`The synthetic feed is open at ${feed.url}\n`);
const timers = new Set<NodeJS.Timeout>();
for (const [instrument, { market }] of charts) {
  feed.know(instrument);
  tellNext(market.ticks(Date.now(), Infinity));
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());

function tellNext(ticks: Iterator<FeedTick>): void {
  const { value: tick, done } = ticks.next();
  if (done === true) return;
  const timer = setTimeout(() => {
    timers.delete(timer);
    feed.tell(tick);
    tellNext(ticks);
  }, tick.atMs - Date.now());
  timers.add(timer);
}

async function stop(): Promise<void> {
  for (const timer of timers) clearTimeout(timer);
  await feed.close();
}
