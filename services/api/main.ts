import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { ExitCode, readEnvironment } from "@pricefleet/contracts";
import { connectDatabase, type Database, DatabaseUnavailableError } from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { createSources, sourcesOptions } from "@pricefleet/sources";
import { createApp } from "./create-app.ts";
import { apiEnvironment } from "./environment.ts";
import { listen, PortTakenError, stopServing } from "./serve.ts";

/** A caller waits for the answer: a question that PostgreSQL cannot answer in this time is given up. */
const STATEMENT_TIMEOUT_MS = 3_000;
const GRACE_MS = 10_000;

const environment = readEnvironment(apiEnvironment);
const logger = createLogger({
  service: environment.SERVICE_NAME ?? "api",
  level: environment.LOG_LEVEL,
  format: environment.LOG_FORMAT,
});

process.exitCode = await run();

async function run(): Promise<ExitCode> {
  // From the first moment, for as process 1 of a container a signal without a listener is ignored.
  const stopSignal = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  void stopSignal.then(() => logger.info("stopping"));
  try {
    const db = await connect();
    try {
      return await serveUntil(stopSignal, db);
    } finally {
      await db.destroy();
    }
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return sayAndReturn(error, ExitCode.databaseUnavailable);
    if (error instanceof PortTakenError) return sayAndReturn(error, ExitCode.portTaken);
    throw error;
  }
}

function connect(): Promise<Database> {
  return connectDatabase({
    url: environment.DATABASE_URL,
    poolMax: environment.DATABASE_POOL_MAX,
    name: "pricefleet-api",
    logger,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
}

async function serveUntil(stopSignal: Promise<unknown>, db: Database): Promise<ExitCode> {
  const app = createApp({
    db,
    sources: createSources(sourcesOptions(environment)),
    logger,
    controlToken: environment.CONTROL_TOKEN ?? null,
    corsOrigins: environment.CORS_ORIGINS,
    trustedProxies: environment.TRUST_PROXY,
    rateLimitPerMinute: environment.RATE_LIMIT_PER_MINUTE,
  });
  const server = await listen(app, environment.PORT);
  logger.info("listening", {
    port: (server.address() as AddressInfo).port,
    control: environment.CONTROL_TOKEN === undefined ? "off" : "on",
  });
  await stopSignal;
  return (await stopServing(server, GRACE_MS)) ? ExitCode.ok : ExitCode.drainTimedOut;
}

function sayAndReturn(error: Error, exitCode: ExitCode): ExitCode {
  logger.error(error.message);
  return exitCode;
}
