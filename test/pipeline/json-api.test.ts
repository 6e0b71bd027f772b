import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mostAtOnce, startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { afterAll, describe, expect, it } from "vitest";
import { CONTROL_TOKEN } from "../api/index.ts";
import { endOf, logOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const PRODUCTS = 6;
const TOKEN = "a-token-that-no-log-shows";

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const noon = new Date("2026-01-15T12:00:00Z");
const options = { listings: PRODUCTS, perPage: 4, clock: () => noon };
const shop = await startSampleMarketplace(options);
closers.defer(() => shop.close());
const api = await startSampleMarketplace({
  ...options,
  apiToken: TOKEN,
  faults: {
    rules: [
      { fault: "slow", path: "/api/v1/markets/slow/", slowMs: 150 },
      {
        fault: "rate-limited",
        path: "/api/v1/markets/gaps/products/gaps-1/",
        times: 1,
        retryAfterSeconds: 1,
      },
    ],
  },
});
closers.defer(() => api.close());

const folder = mkdtempSync(join(tmpdir(), "json-api-"));
closers.defer(() => rmSync(folder, { recursive: true }));
const settingsFile = join(folder, "api.json");
writeFileSync(
  settingsFile,
  JSON.stringify({
    base_url: `${api.url}/api/v1`,
    headers: { authorization: "Bearer ${PRICING_API_TOKEN}" },
    markets: { url: "/markets", items: "markets", id: "id" },
    products: {
      url: "/markets/{market}/products",
      items: "data",
      id: "sku",
      name: "name",
      next: "meta.next",
      total: "meta.total",
    },
    price: {
      url: "/markets/{market}/products/{product}/price",
      amount: "price.amount",
      currency_path: "price.currency",
    },
  }),
);
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: {
    SAMPLE_BASE_URL: shop.url,
    JSON_API_CONFIG: settingsFile,
    PRICING_API_TOKEN: TOKEN,
    CONTROL_TOKEN,
  },
});
closers.defer(() => fleet.stop());
const services = [fleet.startDispatcher(), fleet.startWorker({ WORKER_QUEUES: "listing_enrichment:8" })];
const apiProcess = fleet.startApi({ DATABASE_URL: database.apiUrl, PRICING_API_TOKEN: "" });
const apiUrl = await waitFor("the API", 20_000, () => {
  const port = logOf(apiProcess).find(({ message }) => message === "listening")?.["port"];
  return Promise.resolve(typeof port === "number" ? `http://127.0.0.1:${port}` : null);
});

async function ask(method: "GET" | "POST", path: string, body?: unknown) {
  const response = await fetch(apiUrl + path, {
    method,
    headers: { authorization: `Bearer ${CONTROL_TOKEN}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The amount and currency that each product of a market has in the book. */
async function pricesOf(market: string) {
  const { rows } = await fleet.book.query<{
    external_id: string;
    title: string;
    price: string | null;
    methods: unknown;
  }>(
    `SELECT l.external_id, l.title, o.amount || ' ' || o.currency AS price, o.methods
       FROM listings l LEFT JOIN price_observations o ON o.listing_id = l.id
      WHERE l.source = 'json-api' AND l.external_id LIKE $1 ORDER BY l.id`,
    [`${market}/%`],
  );
  return rows;
}

function expectedPrices(market: string) {
  return api.expectedSearch(market).items.map(({ external_id, title, amount, currency }, index) => {
    const hasPrice = market !== "gaps" || (index + 1) % 3 !== 0;
    return {
      external_id: `${market}/${external_id}`,
      title,
      price: hasPrice ? `${amount} ${currency}` : null,
      methods: hasPrice ? { api: amount } : null,
    };
  });
}

describe("prices from a JSON API", () => {
  it("come in one run with a shop's pages; each market is told apart, and one request at once is made", async () => {
    const { body } = await ask("POST", "/runs", {
      markets: [
        { source: "sample", term: "lamp" },
        { source: "json-api", term: "*" },
      ],
    });
    const runId = String(body["id"]);
    expect(await endOf(fleet.book, runId, 90_000)).toMatchObject({ state: "completed", found: 4 * PRODUCTS });
    const whole = { state: "completed", found: PRODUCTS, done: PRODUCTS, overall_progress: 1, error: null };
    expect((await ask("GET", `/runs/${runId}/markets`)).body["items"]).toMatchObject([
      { source: "sample", term: "lamp", ...whole },
      { source: "json-api", term: "swift", ...whole, pages_read: 2 },
      { source: "json-api", term: "slow", ...whole, pages_read: 2 },
      { source: "json-api", term: "gaps", ...whole, pages_read: 2 },
    ]);
    for (const market of ["swift", "slow", "gaps"])
      expect(await pricesOf(market)).toEqual(expectedPrices(market));
    const prices = api.requests.filter(({ path }) => path.endsWith("/price"));
    expect(mostAtOnce(prices)).toBe(1);
    expect(api.countByStatus.get(429)).toBe(1);
    expect(api.countByStatus.get(401)).toBeUndefined();
  });

  it("are started, told of, stopped, gone on with and reset by the routes of the price cache", async () => {
    expect((await ask("GET", "/cache/prices/status")).body).toMatchObject({ state: "idle", run_id: null });
    expect(await ask("POST", "/cache/prices/stop")).toMatchObject({ status: 409 });
    const unasked = await fetch(`${apiUrl}/api/cache/prices/start`, { method: "POST" });
    expect(unasked.status).toBe(401);

    const started = await ask("POST", "/api/cache/prices/start");
    expect(started).toMatchObject({ status: 202, body: { state: "initializing" } });
    const runId = String(started.body["run_id"]);
    expect(await ask("POST", "/api/cache/prices/start")).toMatchObject({
      status: 409,
      body: { run_url: `/runs/${runId}` },
    });
    expect(await ask("POST", "/api/cache/prices/stop")).toMatchObject({
      status: 202,
      body: { state: "paused" },
    });
    expect(await ask("POST", "/api/cache/prices/start")).toMatchObject({
      status: 202,
      body: { state: "processing", run_id: runId },
    });
    const status = await waitFor("the end", 60_000, async () => {
      const { body } = await ask("GET", "/api/cache/prices/status");
      return body["state"] === "completed" ? body : null;
    });
    const market = { state: "completed", done: PRODUCTS, overall_progress: 1, eta_minutes: 0 };
    expect(status).toMatchObject({
      run_id: runId,
      overall_progress: 1,
      markets: [
        { term: "swift", ...market },
        { term: "slow", ...market },
        { term: "gaps", ...market },
      ],
    });
    expect(Object.keys(status)).toEqual(
      expect.arrayContaining(["eta_minutes", "total_eta", "estimated_end_at"]),
    );
    expect(await ask("POST", "/cache/prices/reset")).toMatchObject({ status: 202, body: { state: "idle" } });
    expect((await pricesOf("swift")).length).toBe(PRODUCTS);
  });

  it("leave the token in no log", () => {
    const logs = [...services, apiProcess].map((service) => JSON.stringify(logOf(service))).join();
    expect(logs).toContain("target done");
    expect(logs).not.toContain(TOKEN);
  });
});
