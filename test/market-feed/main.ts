// A synthetic feed as a process: all that is quoted by default, about a trade a second each, until it is told to stop.
import { readEnvironment, wholeNumber } from "@pricefleet/contracts";
import { z } from "zod";
import { firstPrices } from "./first-prices.ts";
import { startMarketFeed } from "./market-feed.ts";
import { syntheticTicks } from "./synthetic-ticks.ts";

const MEAN_GAP_MS = 700;

const { PORT: port, SEED: seed } = readEnvironment(
  z.object({ PORT: wholeNumber(0, 65_535).default(0), SEED: wholeNumber(0, 2 ** 31).default(1) }),
);
const feed = await startMarketFeed({ port });
process.stdout.write(`The synthetic feed is open at ${feed.url}\n`);
const timers = new Set<NodeJS.Timeout>();
for (const [instrument, firstPrice] of Object.entries(firstPrices)) {
  feed.know(instrument);
  const walk = { seed, instrument, fromMs: Date.now(), toMs: Infinity, meanGapMs: MEAN_GAP_MS, firstPrice };
  tellNext(syntheticTicks(walk));
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());

function tellNext(ticks: ReturnType<typeof syntheticTicks>): void {
  const { value: tick } = ticks.next();
  if (tick === undefined) return;
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
