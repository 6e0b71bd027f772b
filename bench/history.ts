/**
 * What a sync of history costs PostgreSQL: 5,000 bars upserted, against a bare COPY of the same rows into a table of the
 * same columns and key: `node bench/history.ts`. The goal is at most twice the COPY. On a PostgreSQL of its own, with fsync.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bar, type BarInterval, barLengthMs, barOpenedAtMs } from "@pricefleet/contracts";
import {
  connectDatabase,
  type Database,
  ensureRoles,
  generateRolePasswords,
  migrateToLatest,
  storeHistoryBars,
} from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { sql } from "kysely";
import pg from "pg";
import { makeThrowawayFolder, startPostgres } from "../scripts/servers/index.ts";

const BARS = 5_000;
const ROUNDS = 30;
const intervals: BarInterval[] = ["1m", "1h", "1d"];
const COLUMNS = "exchange, symbol, interval, opened_at, open, high, low, close, volume, source, complete";

const logger = createLogger({ service: "bench", level: "warn", format: "console" });
const folder = makeThrowawayFolder();
const file = join(folder, "bars.copy");
const server = await startPostgres({ dataDir: join(folder, "postgres") });
try {
  const { ownerUrl, workerUrl } = await ensureRoles(server.adminUrl, generateRolePasswords());
  await migrateToLatest(ownerUrl);
  const db = await connectDatabase({ url: workerUrl, poolMax: 1, name: "bench", logger });
  const owner = new pg.Client({ connectionString: ownerUrl, options: "-c search_path=price_tracker" });
  await owner.connect();
  await owner.query("CREATE TABLE copied (LIKE bars INCLUDING ALL)");
  await owner.query("CREATE TABLE copied_apart (LIKE bars INCLUDING ALL) PARTITION BY RANGE (opened_at)");
  await owner.query("CREATE TABLE copied_apart_rest PARTITION OF copied_apart DEFAULT");
  // Of another database of the server than its own: only an administrator may COPY from a file.
  const admin = new pg.Client({ connectionString: withDatabaseOf(server.adminUrl, ownerUrl) });
  await admin.connect();
  for (const interval of intervals) await measure(interval, db, admin);
  await admin.end();
  await owner.end();
  await db.destroy();
} finally {
  await server.stop();
  rmSync(folder, { recursive: true });
}

async function measure(interval: BarInterval, db: Database, admin: pg.Client): Promise<void> {
  const times: Record<string, number[]> = {};
  const processorMs: Record<string, number> = {};
  const backends = { copy: await backendOf(admin), upsert: await backendOf(db) };
  const timed = async (name: string, work: () => Promise<unknown>) => {
    const pid = name.startsWith("bare") ? backends.copy : backends.upsert;
    const usedBefore = usedMs(pid);
    const startedAt = performance.now();
    await work();
    (times[name] ??= []).push(performance.now() - startedAt);
    processorMs[name] = (processorMs[name] ?? 0) + usedMs(pid) - usedBefore;
  };
  // In turns, so that what else the machine does meets all alike; the first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    if (round === 1)
      for (const name of Object.keys(times)) {
        times[name] = [];
        processorMs[name] = 0;
      }
    const bars = barsOf(interval, `S${round}`, "1");
    const series = { instrument: `BENCH:S${round}`, interval };
    await timed("bare COPY", copyOf(admin, "copied", bars));
    await timed("bare COPY, partitioned", copyOf(admin, "copied_apart", bars));
    await timed("new bars", () => storeHistoryBars(db, series, bars));
    await timed("the same again", () => storeHistoryBars(db, series, bars));
    await timed("all corrected", () => storeHistoryBars(db, series, barsOf(interval, `S${round}`, "2")));
  }
  for (const [name, all] of Object.entries(times)) {
    const used = (name: string) => (processorMs[name] ?? 0) / ROUNDS;
    console.log(
      [
        interval.padEnd(3),
        name.padEnd(24),
        `median ${median(all).toFixed(1).padStart(6)} ms`,
        `best ${Math.min(...all)
          .toFixed(1)
          .padStart(6)} ms`,
        `processor of PostgreSQL ${used(name).toFixed(1).padStart(5)} ms`,
        `${(used(name) / used("bare COPY")).toFixed(2)} × COPY`,
      ].join("  "),
    );
  }
}

async function backendOf(connection: Database | pg.Client): Promise<number> {
  const query = "SELECT pg_backend_pid() AS pid";
  const { rows } =
    connection instanceof pg.Client
      ? await connection.query<{ pid: number }>(query)
      : await sql.raw<{ pid: number }>(query).execute(connection);
  return rows[0]?.pid ?? 0;
}

/** Processor time of a process so far, in its own ticks of 10 ms: good for sums. Linux only. */
function usedMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** From a file at the server: nothing is counted but the COPY. */
function copyOf(admin: pg.Client, table: string, bars: readonly Bar[]): () => Promise<unknown> {
  const lines = bars.map((bar) => {
    const [exchange, symbol] = bar.instrument.split(":");
    const openedAt = new Date(bar.openedAtMs).toISOString();
    const prices = [bar.open, bar.high, bar.low, bar.close, bar.volume];
    return [exchange, symbol, bar.interval, openedAt, ...prices, "history", bar.complete].join("\t");
  });
  writeFileSync(file, `${lines.join("\n")}\n`);
  return () => admin.query(`COPY price_tracker.${table} (${COLUMNS}) FROM '${file}'`);
}

/** The newest ones up to now: of days they go back for years. */
function barsOf(interval: BarInterval, symbol: string, close: string): Bar[] {
  const last = barOpenedAtMs(interval, Date.now());
  return Array.from({ length: BARS }, (_, back) => ({
    instrument: `BENCH:${symbol}`,
    interval,
    openedAtMs: last - (BARS - back) * barLengthMs(interval),
    open: "4000.125",
    high: "4010.5",
    low: "3990.75",
    close,
    volume: String(1_000 + back),
    ticks: 0,
    source: "history",
    complete: true,
  }));
}

function withDatabaseOf(adminUrl: string, url: string): string {
  const address = new URL(adminUrl);
  address.pathname = new URL(url).pathname;
  return address.href;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
