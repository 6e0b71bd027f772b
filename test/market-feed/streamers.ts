import type { BarInterval } from "@pricefleet/contracts";
import { ensureRoles, generateRolePasswords, migrateToLatest } from "@pricefleet/database";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { makeThrowawayFolder, type OwnedProcess, startPostgres } from "../../scripts/servers/index.ts";
import { type Fleet, logOf, startFleet } from "../fleet/index.ts";
import { barKey, type StraightBar } from "./straight-bars.ts";

/** A bar as the book has it. */
export interface BookBar extends StraightBar {
  source: string;
  complete: boolean;
}

interface StreamersOptions {
  feedUrl: string;
  intervals: readonly BarInterval[];
  /** For the services that fill gaps; without one those cannot be started. */
  amqpUrl?: string;
}

/** Streamers on a PostgreSQL of their own, which may be restarted. */
export interface Streamers {
  book: Fleet["book"];
  start(): OwnedProcess;
  /** What makes targets of the syncs that streamers ask for. */
  startDispatcher(): OwnedProcess;
  /** A worker that syncs history. */
  startHistoryWorker(): OwnedProcess;
  /** By the role that owns the schema. */
  asOwner(statements: string): Promise<void>;
  restartPostgres(): Promise<void>;
  subscribe(...instruments: string[]): Promise<void>;
  unsubscribe(instrument: string): Promise<void>;
  /** The leader's term is over now, instead of in 15 s. */
  endTerm(): Promise<void>;
  /** By `barKey`. */
  bars(): Promise<Map<string, BookBar>>;
  price(instrument: string): Promise<string | null>;
  close(): Promise<void>;
}

export const timesLed = (streamer: OwnedProcess) =>
  logOf(streamer).filter(({ message }) => message === "leading").length;

export async function startStreamers({
  feedUrl,
  intervals,
  amqpUrl = "amqp://not-used",
}: StreamersOptions): Promise<Streamers> {
  await using closers = new AsyncDisposableStack();
  const folder = makeThrowawayFolder();
  closers.defer(() => rmSync(folder, { recursive: true }));
  const postgres = await startPostgres({ dataDir: join(folder, "postgres"), fsync: false });
  closers.defer(() => postgres.stop());
  const { ownerUrl, workerUrl } = await ensureRoles(postgres.adminUrl, generateRolePasswords());
  await migrateToLatest(ownerUrl);
  const fleet = startFleet({
    databaseUrl: workerUrl,
    amqpUrl,
    environment: { TRADINGVIEW_WS_URL: feedUrl, BAR_INTERVALS: intervals.join(",") },
  });
  closers.defer(() => fleet.stop());
  const { book } = fleet;
  const started = closers.move();

  return {
    book,
    start: () => fleet.startStreamer(),
    startDispatcher: () => fleet.startDispatcher(),
    startHistoryWorker: () => fleet.startWorker({ WORKER_QUEUES: "history_sync:4", LEASE_SECONDS: "3" }),
    async asOwner(statements) {
      const owner = new Client({ connectionString: ownerUrl, options: "-c search_path=price_tracker" });
      await owner.connect();
      try {
        await owner.query(statements);
      } finally {
        await owner.end();
      }
    },
    restartPostgres: () => postgres.restart(),
    async subscribe(...instruments) {
      await book.query(
        `INSERT INTO instruments (exchange, symbol, name, asset, currency, unit)
         SELECT split_part(n, ':', 1), split_part(n, ':', 2), n, n, 'USD', 'unit' FROM unnest($1::text[]) n
         ON CONFLICT DO NOTHING`,
        [instruments],
      );
      await book.query(
        `INSERT INTO quote_subscriptions (instrument_id)
         SELECT id FROM instruments WHERE exchange || ':' || symbol = ANY($1) ON CONFLICT DO NOTHING`,
        [instruments],
      );
    },
    async unsubscribe(instrument) {
      await book.query(
        `DELETE FROM quote_subscriptions USING instruments i WHERE i.id = instrument_id AND exchange || ':' || symbol = $1`,
        [instrument],
      );
    },
    async endTerm() {
      await book.query("UPDATE leaders SET expires_at = now() WHERE name = 'streamer'");
    },
    async bars() {
      const { rows } = await book.query<BookBar>(
        `SELECT exchange || ':' || symbol AS instrument, interval,
                (extract(epoch FROM opened_at) * 1000)::float8 AS "openedAtMs", trim_scale(open)::text AS open,
                trim_scale(high)::text AS high, trim_scale(low)::text AS low, trim_scale(close)::text AS close,
                trim_scale(volume)::text AS volume, ticks, source, complete
           FROM bars`,
      );
      return new Map(rows.map((bar) => [barKey(bar), bar]));
    },
    async price(instrument) {
      const { rows } = await book.query<{ price: string }>(
        `SELECT trim_scale(price)::text AS price FROM quotes JOIN instruments i ON i.id = instrument_id
          WHERE exchange || ':' || symbol = $1`,
        [instrument],
      );
      return rows[0]?.price ?? null;
    },
    close: () => started.disposeAsync(),
  };
}
