/**
 * How long /listings/stats takes for a search of 100,000 listings, and what the dispatcher's statistics cost there:
 * `node bench/statistics.ts`. The goal is 100 ms. Starts a PostgreSQL of its own.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  connectDatabase,
  ensureRoles,
  findGpuValues,
  findListings,
  findSearchStatistics,
  generateRolePasswords,
  migrateToLatest,
  reckonDeals,
  sumUpDays,
} from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { sql } from "kysely";
import { makeThrowawayFolder, startPostgres } from "../scripts/servers/index.ts";

const LISTINGS = 100_000;
const ASKED = 5;

const logger = createLogger({ service: "bench", level: "error", format: "console" });
const folder = makeThrowawayFolder();
const server = await startPostgres({ dataDir: join(folder, "postgres") });
try {
  const { ownerUrl, workerUrl } = await ensureRoles(server.adminUrl, generateRolePasswords());
  await migrateToLatest(ownerUrl);
  const db = await connectDatabase({ url: workerUrl, poolMax: 1, name: "bench", logger });
  await sql`INSERT INTO searches (source, term) VALUES ('sample', 'x')`.execute(db);
  await sql`INSERT INTO runs (search_id, state, collected_at) SELECT id, 'completed', now() FROM searches`.execute(
    db,
  );
  await sql`
    INSERT INTO listings (source, external_id, url, title, amount, currency, condition, base_currency, base_amount,
                          latest_observation_id, latest_observed_at)
    SELECT 'sample', 'x' || n, 'https://shop.example/' || n, 'Thing ' || n, price, 'USD',
           (ARRAY['Used', 'New', 'Open box', NULL])[1 + n % 4], 'USD', price, n, now()
      FROM (SELECT n, round((300 * exp(0.4 * (random() + random() + random() - 1.5)))::numeric, 2) AS price
              FROM generate_series(1, ${LISTINGS}::integer) n) priced`.execute(db);
  await sql`
    INSERT INTO price_observations (id, listing_id, observed_at, amount, currency, read_from, methods, run_id, confirmed_at,
                                    base_currency, base_amount)
    SELECT latest_observation_id, id, latest_observed_at, amount, currency, 'card', '{}', 1, now(), 'USD', amount FROM listings`.execute(
    db,
  );
  await sql`
    INSERT INTO search_listings (search_id, listing_id, match, first_run_id, last_run_id)
    SELECT s.id, l.id, 'exact', 1, 1 FROM searches s, listings l`.execute(db);
  await sql`
    INSERT INTO listing_models (listing_id, catalog_version, title_md5, offer, model, memory_gb)
    SELECT id, 1, md5(title)::uuid, 'card', 'Model ' || id % 200, 8 FROM listings`.execute(db);
  await sql`VACUUM ANALYZE`.execute(db).catch(() => undefined);

  const question = {
    searchId: "1",
    baseCurrency: "USD",
    lowest: 5,
    seenSince: new Date(Date.now() - 30 * 86_400_000),
    condition: null,
  };
  console.log(`${LISTINGS} listings of one search, median of ${ASKED}`);
  await measure("/listings/stats", () => findSearchStatistics(db, question));
  await measure("/catalog/gpu, 200 models", () =>
    findGpuValues(db, { ...question, benchmark: "passmark-g3d", minListings: 1 }),
  );
  await measure("a day of the search summed up", async () => {
    await sql`DELETE FROM daily_price_marks`.execute(db);
    await db.transaction().execute((trx) => sumUpDays(trx, "USD", 20));
  });
  await once("deals reckoned, all new", () => db.transaction().execute((trx) => reckonDeals(trx, "USD")));
  await measure("deals reckoned, none changed", () =>
    db.transaction().execute((trx) => reckonDeals(trx, "USD")),
  );
  await sql`ANALYZE`.execute(db).catch(() => undefined);
  await measure("/listings?sort=deal, first page", () => findListings(db, {}, "deal", 50, null));
  await measure("/listings?sort=deal of the search", () =>
    findListings(db, { searchId: "1" }, "deal", 50, null),
  );
  await db.destroy();
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(what: string, ask: () => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < ASKED; round++) {
    const started = performance.now();
    await ask();
    times.push(performance.now() - started);
  }
  const sorted = times.toSorted((a, b) => a - b);
  console.log(`${what}: ${sorted[Math.floor(ASKED / 2)]?.toFixed(0)} ms (fastest ${sorted[0]?.toFixed(0)})`);
}

async function once(what: string, ask: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await ask();
  console.log(`${what}: ${(performance.now() - started).toFixed(0)} ms`);
}
