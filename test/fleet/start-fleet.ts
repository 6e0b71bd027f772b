import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "pg";
import { Processes } from "../../scripts/processes.ts";
import type { OwnedProcess } from "../../scripts/servers/index.ts";

interface FleetOptions {
  /** Of the worker's role. */
  databaseUrl: string;
  amqpUrl: string;
  /** Added to the environment of every service. */
  environment: Record<string, string>;
}

/** The services as they run in earnest: a process each, with the environment as their only settings. */
export interface Fleet {
  /** Of the worker's role, for looking at the book. */
  book: Pool;
  startDispatcher(more?: Record<string, string>): OwnedProcess;
  startWorker(more?: Record<string, string>): OwnedProcess;
  startCollector(search: Record<string, string>): OwnedProcess;
  startStreamer(more?: Record<string, string>): OwnedProcess;
  /** On any free port; its log says which. */
  startApi(more?: Record<string, string>): OwnedProcess;
  /** Where each process's log is. */
  logFolder: string;
  /** The SNAPSHOT_DIR and DEBUG_DIR of all services. */
  snapshotDir: string;
  debugDir: string;
  stop(): Promise<void>;
}

export function startFleet({ databaseUrl, amqpUrl, environment }: FleetOptions): Fleet {
  // Kept after the test: the logs are what is left of a run that went wrong. `make clean` removes them.
  const kept = join(import.meta.dirname, "../../.local/fleets");
  mkdirSync(kept, { recursive: true });
  const folder = mkdtempSync(join(kept, `${process.pid}-`));
  const logFolder = join(folder, "logs");
  const processes = new Processes({ logFolder, endWithStarter: true, onUnexpectedEnd: () => undefined });
  const book = new Pool({ connectionString: databaseUrl, max: 2, options: "-c search_path=price_tracker" });
  // A server that is restarted on purpose takes its idle connections along.
  book.on("error", () => undefined);
  const snapshotDir = join(folder, "snapshots");
  const debugDir = join(folder, "debug");
  const shared = {
    DATABASE_URL: databaseUrl,
    AMQP_URL: amqpUrl,
    LOG_LEVEL: "debug",
    SNAPSHOT_DIR: snapshotDir,
    DEBUG_DIR: debugDir,
    PROFILE_DIR: join(folder, "profiles"),
    // The pages of mirrors name photos of the sites themselves, which no test may ask.
    COMPARE_PHOTOS: "off",
    ...environment,
  };
  let started = 0;
  const start = (service: string, more?: Record<string, string>) =>
    processes.start({
      name: `${service}-${++started}`,
      file: `services/${service}/main.ts`,
      environment: { ...shared, ...more },
    });
  return {
    book,
    logFolder,
    snapshotDir,
    debugDir,
    startDispatcher: (more) => start("dispatcher", more),
    startWorker: (more) => start("worker", more),
    startCollector: (search) => start("collector", search),
    startStreamer: (more) => start("streamer", more),
    startApi: (more) => start("api", { PORT: "0", ...more }),
    async stop() {
      await processes.stopAll();
      await book.end();
    },
  };
}

/**
 * Waits until `look` gives something other than null, asking ten times a second; a look that throws (a server is just
 * being restarted) is asked again. @throws Error saying what was waited for, with what the last look said.
 */
export async function waitFor<T>(what: string, timeoutMs: number, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown = null;
  do {
    try {
      const seen = await look();
      if (seen !== null) return seen;
    } catch (error) {
      last = error;
    }
    await delay(100);
  } while (Date.now() < deadline);
  throw new Error(`waited ${timeoutMs / 1_000} s in vain for ${what}`, { cause: last });
}
