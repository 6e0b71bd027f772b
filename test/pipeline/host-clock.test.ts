import { startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const WORKERS = 16;
const DELAY_MS = 500;
/** Of traffic; what happens while sixteen processes start on a small machine is no steady state. */
const WATCHED_MS = 22_000;

const database = await createTestDatabase();
const vhost = await createTestVhost();
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());

/** Three addresses of one machine: to the clock they are three hosts. */
const [steady, quick, brisk] = await Promise.all(
  ["127.0.0.1", "127.0.0.2", "127.0.0.3"].map(async (host) => {
    const marketplace = await startSampleMarketplace({ host, listings: 400, perPage: 400 });
    closers.defer(() => marketplace.close());
    return { ...marketplace, host: new URL(marketplace.url).host };
  }),
);
if (!steady || !quick || !brisk) throw new Error("three were started");
const paces = [
  [steady, DELAY_MS],
  [quick, 200],
  [brisk, 250],
] as const;

const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: {
    FETCH_MODE: "http",
    ALLOW_PRIVATE_HOSTS: "127.0.0.1;127.0.0.2;127.0.0.3",
    LOG_LEVEL: "info",
  },
});
closers.defer(() => fleet.stop());

/** Document requests of a host that came in the window, in ms of this process's clock. */
const arrivals = (
  marketplace: { requests: readonly { at: Date; path: string }[] },
  from: number,
  to: number,
) => marketplace.requests.map(({ at }) => at.getTime()).filter((at) => at >= from && at <= to);

/** The most requests that any window of this length saw. */
const mostWithin = (times: readonly number[], windowMs: number) =>
  Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + windowMs).length));

let from = 0;

beforeAll(async () => {
  for (const [{ host }, delayMs] of paces) {
    await fleet.book.query(
      "INSERT INTO hosts (host, source, min_delay_ms, max_in_flight) VALUES ($1, 'sample', $2, 100)",
      [host, delayMs],
    );
  }
  const collectors = paces.map(([{ url }], index) =>
    fleet.startCollector({ SOURCE: "sample", SAMPLE_BASE_URL: url, SEARCH_TERM: `lamp ${index}` }),
  );
  for (const collector of collectors) await collector.ended;
  fleet.startDispatcher();
  for (let worker = 0; worker < WORKERS; worker++) fleet.startWorker();
  await waitFor("sixteen workers at work", 90_000, async () => {
    const { rows } = await fleet.book.query("SELECT DISTINCT worker FROM targets WHERE worker IS NOT NULL");
    return rows.length === WORKERS ? true : null;
  });
  from = Date.now();
  await waitFor("traffic enough", WATCHED_MS + 5_000, () =>
    Promise.resolve(Date.now() - from >= WATCHED_MS ? true : null),
  );
}, 150_000);

it("slots of one host that sixteen processes were granted are never under its delay apart, by PostgreSQL's clock", async () => {
  const { rows } = await fleet.book.query<{ host: string; slots: number; closest: number }>(
    `SELECT host, count(*)::integer AS slots, min(extract(epoch FROM gap) * 1000)::float8 AS closest
       FROM (SELECT host, started_at - lag(started_at) OVER (PARTITION BY host ORDER BY started_at) AS gap
               FROM targets WHERE started_at IS NOT NULL) AS gaps GROUP BY host`,
  );
  expect(rows).toHaveLength(paces.length);
  for (const [{ host }, delayMs] of paces) {
    const seen = rows.find((row) => row.host === host);
    expect(seen?.slots).toBeGreaterThan(20);
    expect(seen?.closest).toBeGreaterThanOrEqual(delayMs);
  }
});

it("the server sees at most 3 requests in any second, 21 in any 10 s, and at least 1.9 a second on average", () => {
  const all = steady.requests.map(({ at }) => at.getTime());
  expect(mostWithin(all, 1_000)).toBeLessThanOrEqual(3);
  expect(mostWithin(all, 10_000)).toBeLessThanOrEqual(21);
  const watched = arrivals(steady, from, from + WATCHED_MS);
  expect((watched.length / WATCHED_MS) * 1_000).toBeGreaterThanOrEqual(1.9);
});

it("other hosts are not starved: each goes at its own pace", () => {
  for (const [marketplace, delayMs] of [
    [quick, 200],
    [brisk, 250],
  ] as const) {
    const watched = arrivals(marketplace, from, from + WATCHED_MS);
    expect((watched.length / WATCHED_MS) * delayMs).toBeGreaterThanOrEqual(0.75);
    expect(mostWithin(watched, 10_000)).toBeLessThanOrEqual(10_000 / delayMs + 2);
  }
});

it("a limit that is changed while sixteen processes work holds within a second", async () => {
  const changedAt = Date.now();
  await fleet.book.query(`SELECT ask_host_change($1, '{"min_delay_ms": 2000}')`, [steady.host]);
  await waitFor("requests at the new pace", 30_000, () =>
    Promise.resolve(arrivals(steady, changedAt + 1_000, Number.POSITIVE_INFINITY).length >= 4 ? true : null),
  );
  const after = arrivals(steady, changedAt + 1_000, Number.POSITIVE_INFINITY);
  const gaps = after.slice(1).map((at, index) => at - (after[index] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThan(1_000);

  const closedAt = Date.now();
  await fleet.book.query("SELECT ask_host_change($1, $2)", [
    quick.host,
    JSON.stringify({ closed_until: new Date(Date.now() + 600_000) }),
  ]);
  await waitFor("three seconds", 10_000, () => Promise.resolve(Date.now() - closedAt >= 3_000 ? true : null));
  // What had its slot when the host was closed, within two seconds, is still fetched; nothing is granted after.
  const { rows } = await fleet.book.query(
    "SELECT count(*)::integer AS granted FROM targets WHERE host = $1 AND started_at > to_timestamp($2::float8 / 1000)",
    [quick.host, closedAt + 2_000 + 1_000],
  );
  expect(rows).toEqual([{ granted: 0 }]);
  expect(arrivals(brisk, closedAt, Date.now()).length).toBeGreaterThan(0);
}, 60_000);
