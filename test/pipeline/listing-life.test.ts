import { afterAll, describe, expect, it } from "vitest";
import { endOf, logOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";
import { startLivingSite } from "./living-site.ts";

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const site = await startLivingSite();
closers.defer(() => site.close());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { FETCH_MODE: "http", SAMPLE_BASE_URL: site.url, ROBOTS_IGNORE_SOURCES: "sample" },
});
closers.defer(() => fleet.stop());
fleet.startDispatcher();
fleet.startWorker({ WORKER_QUEUES: "listing_enrichment:4" });
const apiProcess = fleet.startApi({ DATABASE_URL: database.apiUrl });
const apiUrl = await waitFor("the API", 20_000, () => {
  const port = logOf(apiProcess).find(({ message }) => message === "listening")?.["port"];
  return Promise.resolve(typeof port === "number" ? `http://127.0.0.1:${port}` : null);
});

/** Collects the search once, every listing's page anew, and waits for the run's end. */
async function collect(): Promise<void> {
  const collector = fleet.startCollector({
    SOURCE: "sample",
    SEARCH_TERM: "anything",
    ENRICH_MAX_AGE_HOURS: "0",
    GONE_AFTER_MISSES: "2",
  });
  await collector.ended;
  const { rows } = await fleet.book.query<{ id: string }>("SELECT id FROM runs ORDER BY id DESC LIMIT 1");
  expect((await endOf(fleet.book, rows[0]?.id ?? "", 60_000)).state).toBe("completed");
}

async function ask(path: string) {
  const response = await fetch(apiUrl + path);
  expect(response.status).toBe(200);
  return await response.json();
}

/** As /listings/{id} serves it. */
async function served(externalId: string) {
  const { items } = await ask("/listings?limit=200");
  const id = items.find((item: { external_id: string }) => item.external_id === externalId)?.id;
  return await ask(`/listings/${id}`);
}

async function inState(state: string): Promise<string[]> {
  const { items } = await ask(`/listings?state=${state}&sort=oldest`);
  return items.map((item: { external_id: string }) => item.external_id).toSorted();
}

describe("the life of listings, from the site's pages to what is served", () => {
  it("active, then sold, ended and removed: each is told with its time, and its price stays", async () => {
    for (const id of ["stays", "sold", "ended", "removed"]) site.put(id, {});
    await collect();
    expect(await inState("active")).toEqual(["ended", "removed", "sold", "stays"]);

    site.put("sold", { words: "Sold" });
    site.put("ended", { words: "This listing has ended" });
    site.put("removed", { isRemoved: true });
    await collect();
    expect(await inState("active")).toEqual(["stays"]);
    expect(await inState("sold")).toEqual(["sold"]);
    expect(await inState("ended")).toEqual(["ended"]);
    expect(await inState("gone")).toEqual(["removed"]);
    expect(await served("sold")).toMatchObject({
      state: "sold",
      state_known_by: "page",
      amount: "10.00",
      states: [{ from: "active", to: "sold", known_by: "page", reason: null }],
    });
    expect(await served("removed")).toMatchObject({
      amount: "10.00",
      states: [{ from: "active", to: "gone", known_by: "page", reason: expect.stringContaining("404") }],
    });
    expect(await served("stays")).toMatchObject({ state: "active", states: [] });
  });

  it("what comes back is active again, with its history", async () => {
    for (const id of ["sold", "removed"]) site.put(id, { words: "In stock", isRemoved: false });
    await collect();
    expect(await inState("active")).toEqual(["removed", "sold", "stays"]);
    const { states } = await served("sold");
    expect(states).toMatchObject([
      { from: "sold", to: "active" },
      { from: "active", to: "sold" },
    ]);
  });

  it("what the search does not show is missed, and gone when its page is, too", async () => {
    site.put("shy", {});
    await collect();
    for (const id of ["shy", "stays"]) site.put(id, { isShown: false });
    site.put("stays", { isRemoved: true });
    await collect();
    expect(await served("stays")).toMatchObject({ state: "active", misses: 1 });
    await collect();
    expect(await served("stays")).toMatchObject({ state: "gone", states: [{ to: "gone", misses: 2 }] });
    expect(await served("shy")).toMatchObject({ state: "active", misses: 0, states: [] });
  });
});
