import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { ExitCode, type QueueName, readEnvironment, startHeartbeat } from "@pricefleet/contracts";
import {
  connectDatabase,
  hasWorkLeft,
  isRetryable,
  quotesOfCurrencies,
  robotsStore,
} from "@pricefleet/database";
import {
  createDebugStore,
  createRobotsGate,
  createSnapshotStore,
  fetcherFromEnvironment,
} from "@pricefleet/fetching";
import { historyFromEnvironment, namedSocketIn } from "@pricefleet/feeds";
import { createServiceLogger, processName, reportUnexpected, runService, traced } from "@pricefleet/logging";
import { createBaseRates } from "@pricefleet/pricing";
import { connectBelt, type Delivery } from "@pricefleet/queue";
import { baseUrlsIn, createSources, sourcesOptions } from "@pricefleet/sources";
import { workerEnvironment } from "./environment.ts";
import { createQuoteTeller } from "./tell-of-quotes.ts";
import { workOnHistory } from "./work-on-history.ts";
import { workOnListing } from "./work-on-listing.ts";
import { workOnQuote } from "./work-on-quote.ts";
import type { Workbench } from "./workbench.ts";

/** Longer than any page may take, shorter than the grace time of a pod. */
const DRAIN_MS = 120_000;
const DRAINED_CHECK_MS = 1_000;

/** What is done with a target, by the queue that it came from. */
const workOf: Record<QueueName, (delivery: Delivery, bench: Workbench) => Promise<void>> = {
  listing_enrichment: workOnListing,
  quote_refresh: workOnQuote,
  history_sync: workOnHistory,
};

const env = readEnvironment(workerEnvironment);
const logger = createServiceLogger(env, "worker");
const stopping = new AbortController();

process.exitCode = await runService("worker", env, logger, run);

async function run(): Promise<ExitCode> {
  await using closers = new AsyncDisposableStack();
  const db = await connectDatabase({
    url: env.DATABASE_URL,
    poolMax: env.DATABASE_POOL_MAX,
    name: "worker",
    logger,
  });
  closers.defer(() => db.destroy());
  const belt = await connectBelt({ url: env.AMQP_URL, name: "worker", logger });
  closers.defer(() => belt.close());
  // Until here nothing is in hand, and a signal just ends the process.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopping.abort());
  const sources = createSources(sourcesOptions(env, process.env));
  const named = [...baseUrlsIn(env), ...namedSocketIn(env)];
  const fetcher = await fetcherFromEnvironment(env, named, logger, stopping.signal);
  closers.defer(() => fetcher.close());

  const quotes = createQuoteTeller(db, logger);
  closers.defer(() => quotes.close());
  const bench = {
    db,
    belt,
    fetcher,
    sources,
    history: historyFromEnvironment(env, fetcher.dispatcher),
    baseRates: createBaseRates(env.BASE_CURRENCY, () => quotesOfCurrencies(db)),
    snapshots: createSnapshotStore(env.SNAPSHOT_DIR),
    debugPages: createDebugStore(env.DEBUG_DIR),
    logger,
    worker: processName,
    leaseSeconds: env.LEASE_SECONDS,
    secondLookSeconds: env.SECOND_LOOK_SECONDS,
    fetchMode: env.FETCH_MODE,
    robots: createRobotsGate({ fetcher, store: robotsStore(db), ignoredSources: env.ROBOTS_IGNORE_SOURCES }),
    quotes,
    comparesPhotos: env.COMPARE_PHOTOS,
    hostMinDelayMs: env.HOST_MIN_DELAY_MS ?? 0,
  };
  const consumers = await Promise.all(
    env.WORKER_QUEUES.map(({ queue, concurrency }) =>
      belt.consume({ queue, concurrency, handle: (delivery) => workAndReport(queue, delivery) }),
    ),
  );
  closers.defer(startHeartbeat(env.HEARTBEAT_FILE ?? null));
  logger.info("ready for targets", { queues: env.WORKER_QUEUES });

  await (env.WORKER_MODE === "drain" ? untilDrained() : untilStopped());
  logger.info("stopping: what is in hand is finished first");
  const drains = await Promise.all(consumers.map((consumer) => consumer.drain(DRAIN_MS)));
  return drains.every(({ drained }) => drained) ? ExitCode.ok : ExitCode.drainTimedOut;

  /** That PostgreSQL or RabbitMQ is away is known; whatever else comes out of a target is a bug. */
  async function workAndReport(queue: QueueName, delivery: Delivery): Promise<void> {
    try {
      await traced("target", () => workOf[queue](delivery, bench));
    } catch (error) {
      if (!isRetryable(error)) reportUnexpected(error);
      throw error;
    }
  }

  async function untilDrained(): Promise<void> {
    const queues = env.WORKER_QUEUES.map(({ queue }) => queue);
    while (!stopping.signal.aborted && (await hasWorkLeft(db, queues))) {
      await sleep(DRAINED_CHECK_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
}

async function untilStopped(): Promise<void> {
  // Not asked for while starting, or the event is over before anybody listens.
  if (!stopping.signal.aborted) await once(stopping.signal, "abort");
}
