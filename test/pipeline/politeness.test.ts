import { startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { afterAll, describe, expect, it } from "vitest";
import { endOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());

/** A marketplace is a host of its own. */
async function marketplaceWith(robots: string) {
  const marketplace = await startSampleMarketplace({ listings: 6, robots });
  closers.defer(() => marketplace.close());
  return { ...marketplace, host: new URL(marketplace.url).host };
}
const noSearches = await marketplaceWith("User-agent: *\nDisallow: /search\n");
const someListings = await marketplaceWith("User-agent: *\nCrawl-delay: 0.2\nDisallow: /item/lamp-2\n");
const closedByHand = await marketplaceWith("");
const unreachable = await marketplaceWith("");

const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { FETCH_MODE: "http", ALLOW_PRIVATE_HOSTS: "127.0.0.1" },
});
closers.defer(() => fleet.stop());
fleet.startDispatcher();
for (let worker = 0; worker < 2; worker++) fleet.startWorker({ WORKER_QUEUES: "listing_enrichment:4" });

const collect = (marketplace: { url: string }, term: string, more: Record<string, string> = {}) =>
  fleet.startCollector({ SOURCE: "sample", SAMPLE_BASE_URL: marketplace.url, SEARCH_TERM: term, ...more });

function runOf(term: string): Promise<string> {
  return waitFor(`the run of ${term}`, 20_000, async () => {
    const { rows } = await fleet.book.query<{ id: string }>(
      "SELECT r.id FROM runs r JOIN searches s ON s.id = r.search_id WHERE s.term = $1 ORDER BY r.id DESC",
      [term],
    );
    return rows[0]?.id ?? null;
  });
}

describe("robots.txt", () => {
  it("a search that it forbids ends its run in error, with the rule and the setting that ignores it", async () => {
    await collect(noSearches, "radio").ended;
    const { state, error } = await endOf(fleet.book, await runOf("radio"), 10_000);
    expect(state).toBe("error");
    expect(error).toBe(
      `robots-disallowed: ${noSearches.url}/robots.txt forbids /search: line 2, "Disallow: /search"; ` +
        "ROBOTS_IGNORE_SOURCES=sample ignores it, which is yours to decide",
    );
    expect([...noSearches.countByPath.keys()]).toEqual(["/robots.txt"]);
  });

  it("the operator may decide to ignore it", async () => {
    noSearches.forgetRequests();
    await collect(noSearches, "radio", { ROBOTS_IGNORE_SOURCES: "ebay,sample" }).ended;
    const { rows } = await fleet.book.query("SELECT pages_read FROM runs WHERE id = $1", [
      await runOf("radio"),
    ]);
    expect(rows).toEqual([{ pages_read: 1 }]);
  });

  it("is fetched once for the whole fleet; a listing that it forbids has failed, the others are done", async () => {
    await collect(someListings, "lamp").ended;
    expect(await endOf(fleet.book, await runOf("lamp"), 30_000)).toMatchObject({ state: "completed" });
    const { rows } = await fleet.book.query(
      "SELECT external_id, error_class, reason, last_error FROM targets WHERE host = $1 AND state <> 'done'",
      [someListings.host],
    );
    expect(rows).toEqual([
      {
        external_id: "lamp-2",
        error_class: "permanent",
        reason: "robots-disallowed",
        last_error: expect.stringContaining('line 3, "Disallow: /item/lamp-2"'),
      },
    ]);
    expect(someListings.countByPath.get("/robots.txt")).toBe(1);
    expect(someListings.countByPath.has("/item/lamp-2")).toBe(false);
    expect(someListings.countByPath.has("/item/lamp-1")).toBe(true);
  });

  it("its Crawl-delay raises the host's delay", async () => {
    const { rows } = await fleet.book.query(
      "SELECT crawl_delay_ms, current_delay_ms >= 200 AS raised FROM hosts WHERE host = $1",
      [someListings.host],
    );
    expect(rows).toEqual([{ crawl_delay_ms: 200, raised: true }]);
  });

  it("out of reach, nothing is fetched until it answers", async () => {
    unreachable.setFaults({ rules: [{ fault: "server-error", path: "/robots.txt", times: 1 }] });
    await collect(unreachable, "clock").ended;
    expect(await endOf(fleet.book, await runOf("clock"), 30_000)).toMatchObject({ state: "completed" });
    expect(unreachable.requests.slice(0, 3).map(({ path }) => path)).toEqual([
      "/robots.txt",
      "/robots.txt",
      "/search?q=clock&page=1",
    ]);
  });
});

describe("a host that is closed by hand", () => {
  it("is waited for, and once it is opened its collector and its targets go on within seconds", async () => {
    const { host } = closedByHand;
    await fleet.book.query(
      "INSERT INTO hosts (host, source, min_delay_ms, max_in_flight) VALUES ($1, 'sample', 0, 16)",
      [host],
    );
    const close = (until: Date | null) =>
      fleet.book.query("SELECT ask_host_change($1, $2)", [host, JSON.stringify({ closed_until: until })]);
    await close(new Date(Date.now() + 3_600_000));
    const collector = collect(closedByHand, "table");
    const runId = await runOf("table");
    await waitFor("the collector's renewed lease", 20_000, async () => {
      const { rows } = await fleet.book.query(
        "SELECT FROM runs WHERE id = $1 AND collecting_until > created_at + interval '31 seconds'",
        [runId],
      );
      return rows.length > 0 ? true : null;
    });
    expect(closedByHand.requests).toEqual([]);
    await close(null);
    await collector.ended;
    expect(await endOf(fleet.book, runId, 20_000)).toMatchObject({ state: "completed" });
  });
});
