import { ExitCode } from "@pricefleet/contracts";
import { mostAtOnce, startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { afterAll, describe, expect, it } from "vitest";
import { endOf, logOf, startFleet, waitFor } from "../fleet/index.ts";
import { CONTROL_TOKEN } from "../api/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const LISTINGS = 12;
const CARDS_A_PAGE = 4;

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const marketplace = await startSampleMarketplace({
  listings: LISTINGS,
  perPage: CARDS_A_PAGE,
  faults: {
    rules: [
      { fault: "slow", path: "/search?q=idle", slowMs: 2_000 },
      { fault: "slow", path: "/item/narrow", slowMs: 300 },
      { fault: "not-found", path: "/search?q=missing" },
    ],
  },
});
closers.defer(() => marketplace.close());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { SAMPLE_BASE_URL: marketplace.url, FETCH_MODE: "http", CONTROL_TOKEN },
});
closers.defer(() => fleet.stop());
fleet.startWorker({ WORKER_QUEUES: "listing_enrichment:8" });
const apiProcess = fleet.startApi({ DATABASE_URL: database.apiUrl });
const apiUrl = await waitFor("the API", 20_000, () => {
  const port = logOf(apiProcess).find(({ message }) => message === "listening")?.["port"];
  return Promise.resolve(typeof port === "number" ? `http://127.0.0.1:${port}` : null);
});

interface MarketRow {
  term: string | null;
  url: string | null;
  state: string;
  [field: string]: unknown;
}

async function ask(method: "GET" | "POST", path: string, body?: unknown) {
  const response = await fetch(apiUrl + path, {
    method,
    headers: { authorization: `Bearer ${CONTROL_TOKEN}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function startRunOf(markets: unknown[]): Promise<string> {
  const { status, body } = await ask("POST", "/runs", { markets });
  expect({ status, body }).toMatchObject({ status: 202 });
  return String(body["id"]);
}

async function marketsOf(runId: string): Promise<MarketRow[]> {
  const { body } = await ask("GET", `/runs/${runId}/markets`);
  return body["items"] as MarketRow[];
}

describe("a run over several markets", () => {
  it("whose collector is killed in the middle goes on in each market at its own page", async () => {
    const runId = await startRunOf([
      { source: "sample", term: "vase" },
      { source: "sample", url: `${marketplace.url}/search?q=idle` },
    ]);
    const first = fleet.startCollector({ RUN_ID: runId });
    await waitFor("the quick market's pages", 30_000, async () => {
      const [quick, slow] = await marketsOf(runId);
      return quick?.["pages_read"] === 3 && Number(slow?.["pages_read"]) >= 1 ? true : null;
    });
    await first.end("SIGKILL", 5_000);
    await fleet.book.query("UPDATE runs SET collecting_until = now() - interval '1 second' WHERE id = $1", [
      runId,
    ]);
    const second = fleet.startCollector({ RUN_ID: runId });
    expect((await second.ended).exitCode).toBe(ExitCode.ok);
    // Not before, for it would have started a collector of its own.
    fleet.startDispatcher();
    expect(await endOf(fleet.book, runId, 60_000)).toMatchObject({ state: "completed", found: 2 * LISTINGS });
    expect(await marketsOf(runId)).toMatchObject([{ pages_read: 3 }, { pages_read: 3 }]);
    expect(marketplace.countByPath.get("/search?q=vase&page=1")).toBe(1);
    expect(marketplace.countByPath.get("/search?q=idle&page=1")).toBe(1);
  });

  it("reads each market's pages and says how far each is; one that cannot be read is noted and the others go on", async () => {
    const url = `${marketplace.url}/search?q=chair`;
    const runId = await startRunOf([
      { source: "sample", term: "lamp", max_pages: 2 },
      { source: "sample", term: "missing" },
      { source: "sample", url, enrich_limit: 3 },
    ]);
    expect(await endOf(fleet.book, runId, 60_000)).toMatchObject({ state: "completed", pages_read: 5 });
    expect(await marketsOf(runId)).toMatchObject([
      { term: "lamp", state: "completed", pages_read: 2, found: 8, done: 8, overall_progress: 1 },
      { term: "missing", state: "error", error: "gone: the site answered 404", pages_read: 0, found: 0 },
      { term: null, url, state: "completed", pages_read: 3, found: LISTINGS, done: 3 },
    ]);
    expect((await ask("GET", `/runs/${runId}`)).body).toMatchObject({ found: 8 + LISTINGS, done: 11 });
  });

  it("never has more of a market at once than its at_once, as the server sees it", async () => {
    const runId = await startRunOf([
      { source: "sample", term: "narrow", at_once: 2 },
      { source: "sample", term: "wide" },
    ]);
    expect(await endOf(fleet.book, runId, 60_000)).toMatchObject({ state: "completed", found: 2 * LISTINGS });
    const ofMarket = marketplace.requests.filter(({ path }) => path.startsWith("/item/narrow"));
    expect(ofMarket).toHaveLength(LISTINGS);
    expect(mostAtOnce(ofMarket)).toBe(2);
  });

  it("is refused with a link while it is under way, and for a market that nobody can read, naming it", async () => {
    const markets = [
      { source: "sample", term: "sofa" },
      { source: "sample", term: "table" },
    ];
    const runId = await startRunOf(markets);
    expect(await ask("POST", "/runs", { markets })).toMatchObject({
      status: 409,
      body: { run_url: `/runs/${runId}` },
    });
    expect(await ask("POST", "/searches", { markets })).toMatchObject({ status: 409 });
    const wrong = [...markets, { source: "sample", url: "https://elsewhere.example/" }];
    expect(await ask("POST", "/runs", { markets: wrong })).toMatchObject({
      status: 400,
      body: { errors: [{ field: "markets.2.url" }] },
    });
    expect(await ask("POST", "/runs", { markets: [markets[0], markets[0]] })).toMatchObject({ status: 400 });
  });
});
