/**
 * How many listings a second two workers enrich from fetch to finish, over plain HTTP and by Chromium, and what memory a
 * worker takes meanwhile: `node bench/enrichment.ts`. The goals: HTTP at least ten times the browser's rate, a worker
 * under 150 MB without a browser and under 500 MB with one. Everything runs on loopback, on servers of its own.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createLogger } from "@pricefleet/logging";
import { ensureRoles, generateRolePasswords, migrateToLatest } from "@pricefleet/database";
import { startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { findOrInstallChromium, startPrivateServers } from "../scripts/servers/index.ts";
import { endOf, startFleet, waitFor } from "../test/fleet/index.ts";

const WORKERS = 2;
const cases = [
  { mode: "http", listings: 1_500 },
  { mode: "browser", listings: 60 },
];

const logger = createLogger({ service: "bench", level: "warn", format: "console" });
const CHROMIUM_PATH = findOrInstallChromium((line) => logger.warn(line));

interface Row {
  mode: string;
  listingsPerSecond: number;
  workerMb: number;
  chromiumMb: number;
}

const rows: Row[] = [];
for (const { mode, listings } of cases) rows.push(await measure(mode, listings));
const [http, browser] = rows;
console.log("| path | listings a second | worker RSS MB | its Chromium PSS MB |\n|---|--:|--:|--:|");
for (const row of rows) {
  console.log(`| ${row.mode} | ${row.listingsPerSecond.toFixed(1)} | ${row.workerMb} | ${row.chromiumMb} |`);
}
if (http !== undefined && browser !== undefined) {
  console.log(
    `HTTP enriches ${(http.listingsPerSecond / browser.listingsPerSecond).toFixed(0)} times as many.`,
  );
}

async function measure(mode: string, listings: number): Promise<Row> {
  await using closers = new AsyncDisposableStack();
  const servers = await startPrivateServers();
  closers.defer(() => servers.stop());
  const { ownerUrl, workerUrl } = await ensureRoles(servers.postgres.adminUrl, generateRolePasswords());
  await migrateToLatest(ownerUrl);
  const marketplace = await startSampleMarketplace({ listings, perPage: 100 });
  closers.defer(() => marketplace.close());
  const fleet = startFleet({
    databaseUrl: workerUrl,
    amqpUrl: servers.rabbitmq.url,
    environment: {
      SAMPLE_BASE_URL: marketplace.url,
      LOG_LEVEL: "warn",
      CHROMIUM_PATH,
    },
  });
  closers.defer(() => fleet.stop());
  fleet.startDispatcher();
  const collector = fleet.startCollector({ SOURCE: "sample", SEARCH_TERM: "watch", FETCH_MODE: "http" });
  await collector.ended;
  const runId = await waitFor("the run", 10_000, async () => {
    const { rows: runs } = await fleet.book.query<{ id: string }>("SELECT id FROM runs");
    return runs[0]?.id ?? null;
  });
  const workers = Array.from({ length: WORKERS }, () => fleet.startWorker({ FETCH_MODE: mode }));
  await endOf(fleet.book, runId, 300_000);
  const memory = workers.map((worker) => memoryOf(worker.pid));
  return {
    mode,
    // From the first finish to the last, so that starting up does not count.
    listingsPerSecond: await rateOf(),
    workerMb: Math.max(...memory.map((of) => of.workerMb)),
    chromiumMb: Math.max(...memory.map((of) => of.chromiumMb)),
  };

  async function rateOf(): Promise<number> {
    const { rows: rates } = await fleet.book.query<{ rate: number }>(
      `SELECT (count(*) - 1) / extract(epoch FROM max(finished_at) - min(finished_at))::float8 AS rate
         FROM targets WHERE run_id = $1 AND state = 'done'`,
      [runId],
    );
    return rates[0]?.rate ?? 0;
  }
}

/** Of a worker and all processes below it. PSS shares out what several Chromium processes have in common. */
function memoryOf(pid: number): { workerMb: number; chromiumMb: number } {
  const parents = new Map(
    readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .flatMap((entry) => {
        const status = readOrEmpty(`/proc/${entry}/status`);
        const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1];
        return parent === undefined ? [] : [[Number(entry), Number(parent)] as const];
      }),
  );
  const isBelow = (child: number): boolean => {
    const parent = parents.get(child);
    return parent !== undefined && (parent === pid || isBelow(parent));
  };
  const below = [...parents.keys()].filter(isBelow);
  return {
    workerMb: Math.round(kilobytes(readOrEmpty(`/proc/${pid}/status`), "VmRSS") / 1_000),
    chromiumMb: Math.round(
      below.reduce((sum, child) => sum + kilobytes(readOrEmpty(`/proc/${child}/smaps_rollup`), "Pss"), 0) /
        1_000,
    ),
  };
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0);
}

/** A process may end between being listed and being read. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
