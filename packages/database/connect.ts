import { setTimeout as sleep } from "node:timers/promises";
import { ExitCode, messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { neededSchemaVersion } from "./migrations/index.ts";
import { isRetryable } from "./retryable-errors.ts";
import type { Schema } from "./schema-types.ts";

export type Database = Kysely<Schema>;

interface ConnectOptions {
  url: string;
  poolMax: number;
  /** Shown in pg_stat_activity. */
  name: string;
  logger: Logger;
  /** One try a second before giving up. */
  startUpTries?: number;
  /** The longest one statement may take. */
  statementTimeoutMs?: number;
}

/** PostgreSQL was not reached, or never had the schema that this code needs. */
export class DatabaseUnavailableError extends Error {
  override readonly name = "DatabaseUnavailableError";
  readonly exitCode = ExitCode.databaseUnavailable;
}

/**
 * Connects, and waits until the schema is at least the one this code was written with: services start before
 * `migrate` has ended. Every statement has a time limit, so that nothing waits for ever on a lock or a dead peer.
 * @throws DatabaseUnavailableError after all tries.
 */
export async function connectDatabase(options: ConnectOptions): Promise<Database> {
  const { url, poolMax, name, logger, startUpTries = 30, statementTimeoutMs = 30_000 } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max: poolMax,
    application_name: name,
    connectionTimeoutMillis: Math.min(5_000, statementTimeoutMs),
    idleTimeoutMillis: 60_000,
    statement_timeout: statementTimeoutMs,
    lock_timeout: Math.min(10_000, statementTimeoutMs),
    idle_in_transaction_session_timeout: 30_000,
    // The server cannot cancel what a cut network keeps from it; this ends the wait on our side.
    query_timeout: statementTimeoutMs + 1_000,
    keepAlive: true,
    options: "-c search_path=price_tracker",
  });
  // A connection may be lost at rest or between two statements of a transaction, when nobody awaits an answer: an error
  // without a listener would end the process. The pool tells again of those at rest, and needs a listener of its own.
  pool.on("connect", (client) =>
    client.on("error", (error) => logger.warn("a database connection was lost", { error: messageOf(error) })),
  );
  pool.on("error", () => undefined);
  // pg gives a connection whose query timed out on our side back to the pool, stuck behind that query for as long as
  // TCP hopes (a quarter of an hour): it is closed instead. `_activeQuery` is pg's own mark of a query without an answer.
  pool.on("release", (_error, released) => {
    const client = released as unknown as pg.Client & { _activeQuery: unknown };
    // oxlint-disable-next-line no-underscore-dangle -- the name is pg's
    if (client._activeQuery !== null) void client.end();
  });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  let last = "";
  for (let attempt = 1; attempt <= startUpTries; attempt++) {
    last = await whatIsMissing(db);
    if (last === "") return db;
    logger.info("waiting for the database", { attempt, of: startUpTries, because: last });
    if (attempt < startUpTries) await sleep(1_000);
  }
  await db.destroy();
  throw new DatabaseUnavailableError(`the database is not ready after ${startUpTries} tries: ${last}`);
}

async function whatIsMissing(db: Database): Promise<string> {
  try {
    const { rows } = await sql<{ name: string }>`
      SELECT name FROM price_tracker.kysely_migration WHERE name >= ${neededSchemaVersion} LIMIT 1`.execute(
      db,
    );
    return rows.length > 0 ? "" : `schema ${neededSchemaVersion} is needed; run migrate`;
  } catch (error) {
    return messageOf(error);
  }
}

/** One round trip, for health checks; waits no longer than any statement may take. */
export async function isDatabaseAnswering(db: Database): Promise<boolean> {
  return sql`SELECT 1`.execute(db).then(
    () => true,
    () => false,
  );
}

/**
 * Runs a piece of database work again while its failure is of the kind that passes (retryable-errors.ts), for at most
 * `patienceMs`. The work must be idempotent: a commit whose answer was lost is made again.
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  patienceMs = 60_000,
  signal?: AbortSignal,
): Promise<T> {
  const giveUpAt = Date.now() + patienceMs;
  for (let delayMs = 50; ; delayMs = Math.min(delayMs * 2, 2_000)) {
    try {
      return await work();
    } catch (error) {
      if (!isRetryable(error) || Date.now() + delayMs > giveUpAt || signal?.aborted) throw error;
      await sleep(delayMs * (0.5 + Math.random()));
    }
  }
}
