/**
 * What it costs to find a listing's duplicates among 100,000 listings with photos, on a PostgreSQL of its own:
 * `node bench/duplicates.ts`. One in twenty is offered a second time with a photo in another quality (two bits of its hash
 * differ), and 2,000 show the same picture, as shops show their sign.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  connectDatabase,
  ensureRoles,
  generateRolePasswords,
  groupListings,
  keepPhoto,
  migrateToLatest,
} from "@pricefleet/database";
import { bandsOf, isNearlySameTitle, PHOTO_DISTANCE } from "@pricefleet/likeness";
import { createLogger } from "@pricefleet/logging";
import pg from "pg";
import { makeThrowawayFolder, startPostgres } from "../scripts/servers/index.ts";

const LISTINGS = 100_000;
const PAIRS = LISTINGS / 20;
const SIGNS = 2_000;
const LOOKS = 2_000;

const logger = createLogger({ service: "bench", level: "warn", format: "console" });
const folder = makeThrowawayFolder();
const server = await startPostgres({ dataDir: join(folder, "postgres") });
try {
  const { ownerUrl, workerUrl } = await ensureRoles(server.adminUrl, generateRolePasswords());
  await migrateToLatest(ownerUrl);
  const owner = new pg.Client({ connectionString: ownerUrl, options: "-c search_path=price_tracker" });
  await owner.connect();
  await fill(owner);
  const db = await connectDatabase({ url: workerUrl, poolMax: 1, name: "bench", logger });

  const look = async (listing: number) => {
    const hash = hashOf(listing);
    const photo = {
      listingId: String(listing),
      url: "x",
      seen: { hash, bands: bandsOf(hash) },
      failure: null,
    };
    const lookalikes = await keepPhoto(db, photo, PHOTO_DISTANCE);
    const found = lookalikes.filter(({ title }) => isNearlySameTitle(title, titleOf(listing)));
    if (found.length > 0)
      await groupListings(db, [photo.listingId, ...found.map(({ listingId }) => listingId)]);
    return { lookalikes: lookalikes.length, found: found.length };
  };
  await report("the second of a pair", range(1, LOOKS), look);
  await report("one with a photo of its own", range(PAIRS * 2 + 1, LOOKS), look);
  await report("one of 2,000 with the same picture", range(LISTINGS - SIGNS + 1, 200), look);
  const { rows } = await owner.query(
    "SELECT pg_size_pretty(pg_relation_size('listing_photos')) AS table, pg_size_pretty(pg_relation_size('listing_photos_by_band')) AS index",
  );
  console.log(rows[0]);
  await db.destroy();
  await owner.end();
} finally {
  await server.stop();
  rmSync(folder, { recursive: true });
}

/** Of a pair, the second's differs in two bits; the last ones have one hash. */
function hashOf(listing: number): bigint {
  if (listing > LISTINGS - SIGNS) return 0x5a5a_1234_5678_9abcn;
  const isSecond = listing > PAIRS && listing <= PAIRS * 2;
  const hash = mixed(BigInt(isSecond ? listing - PAIRS : listing));
  return BigInt.asIntN(64, isSecond ? hash ^ 0x1000_0001n : hash);
}

/** SplitMix64, whose bits are as good as random. */
function mixed(seed: bigint): bigint {
  let z = BigInt.asUintN(64, seed * 0x9e3779b97f4a7c15n);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

function titleOf(listing: number): string {
  const thing = listing > PAIRS && listing <= PAIRS * 2 ? listing - PAIRS : listing;
  return `Lenovo ThinkPad X1 Carbon of kind ${thing}`;
}

async function fill(owner: pg.Client): Promise<void> {
  const BATCH = 10_000;
  for (let from = 1; from <= LISTINGS; from += BATCH) {
    const rows = range(from, BATCH).map((listing) => {
      const hash = hashOf(listing);
      return { id: listing, title: titleOf(listing), hash: hash.toString(), bands: bandsOf(hash) };
    });
    await owner.query(
      `WITH given AS (SELECT * FROM jsonb_to_recordset($1) AS g (id bigint, title text, hash bigint, bands integer[])),
       listed AS (INSERT INTO listings (id, source, external_id, url, title) OVERRIDING SYSTEM VALUE
                  SELECT id, 'sample', 'x' || id, 'https://shop.example/' || id, title FROM given)
       INSERT INTO listing_photos (listing_id, url, hash, bands) SELECT id, 'https://cdn.example/' || id, hash, bands FROM given`,
      [JSON.stringify(rows)],
    );
  }
  await owner.query("VACUUM ANALYZE");
}

async function report(
  what: string,
  listings: readonly number[],
  look: (listing: number) => Promise<{ lookalikes: number; found: number }>,
): Promise<void> {
  const times: number[] = [];
  const sums = { lookalikes: 0, found: 0 };
  for (const listing of listings) {
    const beganMs = performance.now();
    const { lookalikes, found } = await look(listing);
    times.push(performance.now() - beganMs);
    sums.lookalikes += lookalikes;
    sums.found += found;
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)]?.toFixed(1);
  const each = (sum: number) => (sum / listings.length).toFixed(2);
  console.log(
    `${what}: median ${at(0.5)} ms, p99 ${at(0.99)} ms; with such a photo ${each(sums.lookalikes)}, with such a title too ${each(sums.found)}`,
  );
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => from + at);
}
