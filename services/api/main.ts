import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ExitCode, exitCodeOf, messageOf, readEnvironment } from "@pricefleet/contracts";
import { connectDatabase } from "@pricefleet/database";
import { createServiceLogger, reportUnexpected, runService } from "@pricefleet/logging";
import { createSources, sourcesOptions } from "@pricefleet/sources";
import { createApp } from "./create-app.ts";
import { createDebugPages } from "./debug-pages.ts";
import { apiEnvironment } from "./environment.ts";
import { serveEventSockets, startEvents } from "./events/index.ts";
import { listen, stopServing } from "./serve.ts";

/** A caller waits for the answer: a question that PostgreSQL cannot answer in this time is given up. */
const STATEMENT_TIMEOUT_MS = 3_000;
/** What is being answered when the signal comes has this long to end. */
const GRACE_MS = 10_000;
const CLOSE_DATABASE_MS = 2_000;

const env = readEnvironment(apiEnvironment);
const logger = createServiceLogger(env, "api");

const stopping = new Promise<void>((resolve) => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
});

const exitCode = await runService("api", env, logger, () => run().catch(tellWhy));
// Connections to a database that has vanished would keep the process for as long as TCP hopes.
process.exit(exitCode);

function tellWhy(error: unknown): ExitCode {
  const code = exitCodeOf(error);
  // What an operator can mend is told in one line; only what nobody expected needs its stack.
  const stack = code === ExitCode.unexpected && error instanceof Error ? { stack: error.stack } : {};
  logger.error(messageOf(error), stack);
  reportUnexpected(error);
  return code;
}

async function run(): Promise<ExitCode> {
  await using closers = new AsyncDisposableStack();
  const db = await connectDatabase({
    url: env.DATABASE_URL,
    poolMax: env.DATABASE_POOL_MAX,
    name: "api",
    logger,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  closers.defer(() => Promise.race([db.destroy(), sleep(CLOSE_DATABASE_MS)]));
  const events = startEvents({ db, url: env.DATABASE_URL, logger });
  closers.defer(() => Promise.race([events.close(), sleep(CLOSE_DATABASE_MS)]));
  const app = createApp({
    db,
    sources: createSources(sourcesOptions(env)),
    debugPages: createDebugPages(env.DEBUG_DIR, logger),
    logger,
    snapshotDir: env.SNAPSHOT_DIR,
    controlToken: env.CONTROL_TOKEN ?? null,
    corsOrigins: env.CORS_ORIGINS,
    trustedProxies: env.TRUST_PROXY,
    rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
    events: events.streams,
    market: events.market,
    baseCurrency: env.BASE_CURRENCY,
  });
  const server = await listen(app, env.PORT);
  serveEventSockets(server, { streams: events.streams, corsOrigins: env.CORS_ORIGINS, logger });
  const { port } = server.address() as AddressInfo;
  logger.info("listening", { port, control: env.CONTROL_TOKEN === undefined ? "off" : "on" });

  await stopping;
  logger.info("stopping: what is being answered is finished first");
  // Streams of events never end by themselves.
  await events.close();
  return (await stopServing(server, GRACE_MS)) ? ExitCode.ok : ExitCode.drainTimedOut;
}
