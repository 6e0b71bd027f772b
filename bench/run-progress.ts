/**
 * How long GET /runs/{id} takes for a run of 100,000 targets at 40 hosts, through a real API:
 * `node bench/run-progress.ts`. The goal is 20 ms. Starts a PostgreSQL of its own.
 */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import {
  connectDatabase,
  ensureRoles,
  foldTargetMoves,
  generateRolePasswords,
  migrateToLatest,
} from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { createSources } from "@pricefleet/sources";
import { sql } from "kysely";
import { makeThrowawayFolder, startPostgres } from "../scripts/servers/index.ts";
import { startEvents } from "../services/api/events/index.ts";
import { createApp } from "../services/api/create-app.ts";
import { createDebugPages } from "../services/api/debug-pages.ts";

const TARGETS = 100_000;
const HOSTS = 40;
const ASKED = 300;

const logger = createLogger({ service: "bench", level: "error", format: "console" });
const folder = makeThrowawayFolder();
const server = await startPostgres({ dataDir: join(folder, "postgres") });
try {
  const { ownerUrl, workerUrl, apiUrl } = await ensureRoles(server.adminUrl, generateRolePasswords());
  await migrateToLatest(ownerUrl);
  const connect = (url: string) => connectDatabase({ url, poolMax: 10, name: "bench", logger });
  const [worker, db] = [await connect(workerUrl), await connect(apiUrl)];
  await sql`INSERT INTO searches (source, term) VALUES ('sample', 'x')`.execute(worker);
  await sql`INSERT INTO runs (search_id, state, collected_at) SELECT id, 'processing', now() FROM searches`.execute(
    worker,
  );
  await sql`
    INSERT INTO hosts (host, source, min_delay_ms, max_in_flight)
    SELECT 'h' || n || '.example', 'sample', 100, 100 FROM generate_series(1, ${HOSTS}::integer) n`.execute(
    worker,
  );
  await sql`
    INSERT INTO targets (run_id, queue, source, host, external_id, url)
    SELECT r.id, 'listing_enrichment', 'sample', 'h' || 1 + n % ${HOSTS}::integer || '.example', 'x' || n, 'https://shop.example/' || n
      FROM runs r, generate_series(1, ${TARGETS}::integer) n`.execute(worker);
  await sql`INSERT INTO run_markets (run_id, host, queue, source) SELECT DISTINCT run_id, host, queue, source FROM targets`.execute(
    worker,
  );
  await sql`
    UPDATE targets SET state = 'running', lease_token = gen_random_uuid(), lease_expires_at = now(),
           started_at = now() - random() * interval '9 s' WHERE id % 2 = 0`.execute(worker);
  await sql`
    UPDATE targets SET state = CASE WHEN id % 10 = 0 THEN 'failed' ELSE 'done' END, error_class = 'permanent',
           reason = 'gone', finished_at = now() WHERE id % 4 <> 2 AND state = 'running'`.execute(worker);
  await sql`VACUUM ANALYZE`.execute(worker);

  const events = startEvents({ db, url: apiUrl, logger });
  const means = { db, sources: createSources({}), debugPages: createDebugPages(folder, logger), logger };
  const exposed = {
    controlToken: null,
    corsOrigins: [],
    trustedProxies: 0,
    rateLimitPerMinute: 0,
    snapshotDir: "/nowhere",
    market: events.market,
    baseCurrency: "USD",
    events: events.streams,
  };
  const api = createServer(createApp({ ...means, ...exposed })).listen(0, "127.0.0.1");
  await once(api, "listening");
  const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}/runs/1`;
  await time("moves not folded", url);
  await foldTargetMoves(worker, 1_000_000);
  await time("folded", url);
  api.closeAllConnections();
  api.close();
  await events.close();
  await Promise.all([worker.destroy(), db.destroy()]);
} finally {
  await server.stop();
  rmSync(folder, { recursive: true });
}

async function time(what: string, url: string): Promise<void> {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  for (let index = 0; index < ASKED; index++) {
    const start = performance.now();
    const response = await fetch(url);
    await response.text();
    if (!response.ok) throw new Error(`${url} is ${response.status}`);
    times.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = Number(((user + system) / 1_000 / ASKED).toFixed(1));
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1));
  console.log(
    JSON.stringify({
      what,
      targets: TARGETS,
      best_ms: at(0),
      median_ms: at(0.5),
      p95_ms: at(0.95),
      process_cpu_ms: cpuMs,
    }),
  );
}
