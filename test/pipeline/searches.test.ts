import { existsSync, readdirSync } from "node:fs";
import { ExitCode } from "@pricefleet/contracts";
import { startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { afterAll, describe, expect, it } from "vitest";
import { countsByState, endOf, logOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const LISTINGS = 12;
const CARDS_A_PAGE = 5;
const noon = new Date("2026-01-15T12:00:00Z");

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const marketplace = await startSampleMarketplace({
  listings: LISTINGS,
  perPage: CARDS_A_PAGE,
  clock: () => noon,
  faults: {
    rules: [
      { fault: "not-found", path: "/search?q=missing" },
      { fault: "needs-javascript", path: "/search?q=shell" },
      { fault: "rate-limited", path: "/search?q=busy", times: 1, retryAfterSeconds: 1 },
      { fault: "server-error", path: "/search?q=shaky", times: 1 },
      { fault: "slow", path: "/item/slow", slowMs: 1_500 },
    ],
  },
});
closers.defer(() => marketplace.close());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { SOURCE: "sample", SAMPLE_BASE_URL: marketplace.url, FETCH_MODE: "http" },
});
closers.defer(() => fleet.stop());
fleet.startDispatcher();
fleet.startWorker({ WORKER_QUEUES: "listing_enrichment:8" });

const searchUrl = (words: string) => `${marketplace.url}/search?q=${words}`;

async function collect(search: Record<string, string>) {
  const collector = fleet.startCollector(search);
  const { exitCode } = await collector.ended;
  return { exitCode, log: logOf(collector) };
}

interface RunRow {
  id: string;
  state: string;
  found: number;
  confirmed: number;
  pages_read: number;
  error: string | null;
}

/** The runs of a search, the oldest first. */
async function runsOf(search: string): Promise<RunRow[]> {
  const { rows } = await fleet.book.query<RunRow>(
    `SELECT r.id, r.state, r.found, r.confirmed, r.pages_read, r.error
       FROM runs r JOIN searches s ON s.id = r.search_id WHERE $1 IN (s.term, s.url) ORDER BY r.id`,
    [search],
  );
  return rows;
}

/** Of the search's last run, once it has ended. */
async function endOfLast(search: string): Promise<RunRow | undefined> {
  const last = (await runsOf(search)).at(-1);
  await endOf(fleet.book, last?.id ?? "0", 30_000);
  return (await runsOf(search)).at(-1);
}

describe("what a collector is asked for", () => {
  it("a search without results completes with 0 found and says so; MAX_PAGES and ENRICH_LIMIT hold for each term", async () => {
    const { exitCode, log } = await collect({
      SEARCH_TERM: "nothing; lamp ;chair",
      MAX_PAGES: "2",
      ENRICH_LIMIT: "3",
    });
    expect(exitCode).toBe(ExitCode.ok);
    expect(log).toContainEqual(expect.objectContaining({ message: "nothing was found", page: 1, found: 0 }));
    expect(await endOfLast("nothing")).toMatchObject({ state: "completed", found: 0, pages_read: 1 });
    for (const term of ["lamp", "chair"]) {
      const run = await endOfLast(term);
      expect(run).toMatchObject({ state: "completed", found: 2 * CARDS_A_PAGE, pages_read: 2 });
      expect(await countsByState(fleet.book, run?.id ?? "")).toEqual({ done: 3 });
    }
    expect(marketplace.countByPath.has("/search?q=lamp&page=3")).toBe(false);
  });

  it("a run whose collector was killed after its last page is not read beyond MAX_PAGES by the next one", async () => {
    await fleet.book.query(
      `INSERT INTO runs (search_id, max_pages, pages_read, next_page)
       SELECT id, 2, 2, 3 FROM searches WHERE term = 'lamp'`,
    );
    expect(await endOfLast("lamp")).toMatchObject({ state: "completed", pages_read: 2 });
    expect(marketplace.countByPath.has("/search?q=lamp&page=3")).toBe(false);
  });

  it("an address that is no search page of the source ends its run in error with the reason; the next search goes on", async () => {
    const listing = `${marketplace.url}/item/lamp-1`;
    const elsewhere = "https://shop.example/search?q=lamp";
    const { exitCode, log } = await collect({ SEARCH_URL: `${listing};${elsewhere};${searchUrl("vase")}` });
    expect(exitCode).toBe(ExitCode.runFailed);
    for (const address of [listing, elsewhere]) {
      const error = `bad-search: "${address}" is not a search page; one looks like ${searchUrl("thinkpad")}`;
      expect(await runsOf(address)).toEqual([expect.objectContaining({ state: "error", error })]);
      expect(log).toContainEqual(
        expect.objectContaining({ message: "the run cannot be collected", reason: "bad-search" }),
      );
    }
    expect(await endOfLast(searchUrl("vase"))).toMatchObject({ state: "completed", found: LISTINGS });
  });

  it("a product's page of any shop is a search by itself: one target, whose price is read without a search page", async () => {
    const address = `${marketplace.url}/item/vase-1`;
    const given = `${address}?utm_source=letter`;
    const { exitCode } = await collect({ SOURCE: "product-page", SEARCH_URL: `${given};lamp` });
    expect(exitCode).toBe(ExitCode.runFailed);
    expect(await endOfLast(given)).toMatchObject({ state: "completed", found: 1 });
    expect(await runsOf("lamp")).toContainEqual(
      expect.objectContaining({ state: "error", error: expect.stringContaining('"lamp" is no address') }),
    );
    const { rows } = await fleet.book.query(
      "SELECT url, title, amount IS NOT NULL AS priced FROM listings WHERE source = 'product-page'",
    );
    expect(rows).toEqual([{ url: address, title: expect.stringMatching(/vase/i), priced: true }]);
  });

  it("a search page that is gone or not understood ends the run in error with the reason, and the page is kept", async () => {
    const { exitCode } = await collect({ SEARCH_TERM: "missing;shell" });
    expect(exitCode).toBe(ExitCode.runFailed);
    expect(await runsOf("missing")).toMatchObject([{ state: "error", error: "gone: the site answered 404" }]);
    expect(await runsOf("shell")).toMatchObject([
      { state: "error", error: "layout-changed: the page has no list of results with a pager" },
    ]);
    const kept = existsSync(fleet.debugDir) ? readdirSync(fleet.debugDir) : [];
    for (const term of ["missing", "shell"]) {
      const [run] = await runsOf(term);
      expect(kept).toContainEqual(expect.stringMatching(new RegExp(`^run-${run?.id}-\\d+\\.html\\.gz$`)));
    }
  });

  it("a search page that is overloaded for a moment is waited for", async () => {
    const { exitCode } = await collect({ SEARCH_TERM: "busy;shaky", MAX_PAGES: "1" });
    expect(exitCode).toBe(ExitCode.ok);
    for (const term of ["busy", "shaky"]) {
      expect(await endOfLast(term)).toMatchObject({ state: "completed", found: CARDS_A_PAGE });
      expect(marketplace.countByPath.get(`/search?q=${term}&page=1`)).toBe(2);
    }
  });

  it("a second collector starts nothing while a run of the search is under way, and says so", async () => {
    const first = fleet.startCollector({ SEARCH_TERM: "slow" });
    const run = await waitFor("a run under way", 20_000, async () => (await runsOf("slow"))[0] ?? null);
    const second = await collect({ SEARCH_TERM: "slow" });
    expect(second.exitCode).toBe(ExitCode.ok);
    expect(second.log).toContainEqual(
      expect.objectContaining({
        message: "not started again",
        run_id: run.id,
        because: `run ${run.id} of this search is under way`,
      }),
    );
    expect((await first.ended).exitCode).toBe(ExitCode.ok);
    await endOfLast("slow");
    expect(await runsOf("slow")).toMatchObject([{ id: run.id, state: "completed", found: LISTINGS }]);
  });
});

describe("a search that runs again", () => {
  const term = "radio";
  const fetched = () =>
    [...marketplace.countByPath.keys()].filter((path) => path.startsWith("/item/")).toSorted();
  const pathOf = (url: string) => new URL(url).pathname;

  async function observations(): Promise<
    Map<string, { count: number; latest: string; confirmations: number }>
  > {
    const { rows } = await fleet.book.query<{
      external_id: string;
      count: number;
      latest: string;
      confirmations: number;
    }>(
      `SELECT l.external_id, count(*)::integer AS count, sum(o.confirmations)::integer AS confirmations,
              (array_agg(o.amount::text ORDER BY o.observed_at DESC))[1] AS latest
         FROM listings l JOIN price_observations o ON o.listing_id = l.id
        WHERE l.external_id LIKE $1 GROUP BY l.external_id`,
      [`${term}-%`],
    );
    return new Map(rows.map(({ external_id, ...rest }) => [external_id, rest]));
  }

  it("confirms a listing by its unchanged card, without fetching its page", async () => {
    await collect({ SEARCH_TERM: term });
    expect(await endOfLast(term)).toMatchObject({ state: "completed", found: LISTINGS, confirmed: 0 });
    const before = await observations();
    marketplace.forgetRequests();

    await collect({ SEARCH_TERM: term });
    expect(await endOfLast(term)).toMatchObject({ found: LISTINGS, confirmed: LISTINGS });
    expect(fetched()).toEqual([]);
    const after = await observations();
    for (const [id, { count, confirmations }] of before) {
      expect(after.get(id)?.count).toBe(count);
      // Promoted cards come on several pages.
      expect(after.get(id)?.confirmations).toBeGreaterThan(confirmations);
    }
  });

  it("fetches a listing whose card changed, and adds an observation for a price that changed", async () => {
    const before = marketplace.expectedSearch(term).items;
    marketplace.setClock(new Date(noon.getTime() + 3_600_000));
    const now = marketplace.expectedSearch(term).items;
    const changed = now.filter((item, index) => item.amount !== before[index]?.amount);
    const sameCards = now.filter((item, index) => {
      return JSON.stringify({ ...item, bids: 0 }) === JSON.stringify({ ...before[index], bids: 0 });
    });
    expect(changed.length * sameCards.length).toBeGreaterThan(0);
    marketplace.forgetRequests();

    await collect({ SEARCH_TERM: term });
    expect(await endOfLast(term)).toMatchObject({ found: LISTINGS, confirmed: sameCards.length });
    const sameUrls = new Set(sameCards.map(({ url }) => url));
    const stale = now.filter(({ url }) => !sameUrls.has(url));
    expect(fetched()).toEqual(stale.map(({ url }) => pathOf(url)).toSorted());
    const seen = await observations();
    for (const { external_id, amount } of now) {
      const isChanged = changed.some((item) => item.external_id === external_id);
      expect(seen.get(external_id)).toMatchObject({ latest: amount, count: isChanged ? 2 : 1 });
    }
  });

  it("fetches every listing again with ENRICH_MAX_AGE_HOURS=0", async () => {
    marketplace.forgetRequests();
    await collect({ SEARCH_TERM: term, ENRICH_MAX_AGE_HOURS: "0" });
    expect(await endOfLast(term)).toMatchObject({ found: LISTINGS, confirmed: 0 });
    expect(fetched()).toHaveLength(LISTINGS);
  });
});

describe("a search with a filter", () => {
  async function collectFiltered(term: string, filter: object) {
    await fleet.book.query("INSERT INTO searches (source, term, filter) VALUES ('sample', $1, $2)", [
      term,
      filter,
    ]);
    await collect({ SEARCH_TERM: term });
    const run = await endOfLast(term);
    const { rows: filteredOut } = await fleet.book.query<{ reason: string; listings: number }>(
      "SELECT reason, listings FROM filtered_out WHERE run_id = $1",
      [run?.id],
    );
    const { rows: kept } = await fleet.book.query("SELECT FROM search_listings WHERE first_run_id = $1", [
      run?.id,
    ]);
    return { state: run?.state, found: run?.found, filteredOut, kept: kept.length };
  }

  it("saves nothing that its cards show to be unwanted, and reads no page of it", async () => {
    expect(await collectFiltered("unnamed", { must_contain: ["no title has this"] })).toEqual({
      state: "completed",
      found: 0,
      filteredOut: [{ reason: "must-contain", listings: LISTINGS }],
      kept: 0,
    });
  });

  it("has no listing that its own page shows to be unwanted", async () => {
    const { found, filteredOut, kept } = await collectFiltered("far away", { locations: ["Atlantis"] });
    const [{ reason, listings } = { reason: null, listings: 0 }] = filteredOut;
    expect(reason).toBe("location");
    expect(listings).toBeGreaterThan(0);
    // What is left are those whose pages cannot be read.
    expect(listings + kept).toBe(found);
    const { rows: read } = await fleet.book.query(
      `SELECT l.external_id FROM search_listings sl JOIN listings l ON l.id = sl.listing_id JOIN searches s ON s.id = sl.search_id
        WHERE s.term = 'far away' AND l.details IS NOT NULL`,
    );
    expect(read).toEqual([]);
  });
});
