/**
 * How many targets a second one process publishes with confirms, and hands out to one consumer that does nothing:
 * `node bench/publish.ts`. Starts a RabbitMQ of its own. The goal is 5,000 a second.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createLogger } from "@pricefleet/logging";
import { connectBelt } from "@pricefleet/queue";
import { makeThrowawayFolder, startRabbitmq } from "../scripts/servers/index.ts";

const COUNT = 10_000;
const ROUNDS = 5;
const CONCURRENCY = 16;

const folder = makeThrowawayFolder();
const broker = await startRabbitmq({ dataDir: join(folder, "rabbitmq") });
const logger = createLogger({ service: "bench", level: "warn", format: "console" });
const belt = await connectBelt({ url: broker.url, name: "bench", logger });
try {
  for (let round = 1; round <= ROUNDS; round++) {
    const publishPerSecond = await publish();
    const consumePerSecond = await consume();
    console.log(JSON.stringify({ round, count: COUNT, publishPerSecond, consumePerSecond }));
  }
} finally {
  await belt.close();
  await broker.kill();
  rmSync(folder, { recursive: true });
}

async function publish(): Promise<number> {
  const deadline = new Date(Date.now() + 3_600_000);
  const targets = Array.from({ length: COUNT }, (_, index) => ({
    queue: "listing_enrichment",
    message: {
      target_id: String(index + 1),
      publish_id: 1,
      run_id: "1",
      source: "sample",
      host: "shop.example.com",
      url: `https://shop.example.com/listing/${index}?a-usual=length&of-an=address`,
    },
    attempt: 1,
    deadline,
    reason: "new",
  }));
  const start = performance.now();
  const outcomes = await belt.publishTargets(targets);
  const seconds = (performance.now() - start) / 1_000;
  if (outcomes.some((outcome) => outcome !== "confirmed")) throw new Error("not every target was confirmed");
  return Math.round(COUNT / seconds);
}

async function consume(): Promise<number> {
  const all = Promise.withResolvers<void>();
  let handled = 0;
  const start = performance.now();
  const consumer = await belt.consume({
    queue: "listing_enrichment",
    concurrency: CONCURRENCY,
    handle: async () => {
      handled++;
      if (handled === COUNT) all.resolve();
    },
  });
  await all.promise;
  const seconds = (performance.now() - start) / 1_000;
  await consumer.drain(5_000);
  return Math.round(COUNT / seconds);
}
