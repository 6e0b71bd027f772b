import { ExitCode } from "@pricefleet/contracts";
import { startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { afterAll, describe, expect, it } from "vitest";
import { countsByState, endOf, logOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const LISTINGS = 6;
const CARDS_A_PAGE = 2;
const GRACE_MS = 20_000;

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
      { fault: "slow", path: "/item/lamp", slowMs: 2_000 },
      { fault: "slow", path: "/search?q=radio&page=2", slowMs: 5_000, times: 1 },
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

/** The run of a search, once it is there and as it is asked for. */
function runOf(term: string, condition: string): Promise<{ id: string; pages_read: number }> {
  return waitFor(`a run of ${term} with ${condition}`, 20_000, async () => {
    const { rows } = await fleet.book.query<{ id: string; pages_read: number }>(
      `SELECT r.id, r.pages_read FROM runs r JOIN searches s ON s.id = r.search_id WHERE s.term = $1 AND ${condition}`,
      [term],
    );
    return rows[0] ?? null;
  });
}

describe("a service that is asked to stop", () => {
  it("a worker that drains ends with 0 at once when there is nothing to do", async () => {
    const worker = fleet.startWorker({ WORKER_MODE: "drain" });
    expect(await worker.ended).toEqual({ exitCode: ExitCode.ok, signal: null });
  });

  it("a busy worker finishes the page in hand and leaves the rest, which another one drains", async () => {
    await fleet.startCollector({ SEARCH_TERM: "lamp" }).ended;
    const run = await runOf("lamp", "collected_at IS NOT NULL");
    const worker = fleet.startWorker();
    await waitFor("a page in hand", 20_000, async () =>
      [...marketplace.countByPath.keys()].some((path) => path.startsWith("/item/lamp")) ? true : null,
    );
    await worker.end("SIGTERM", GRACE_MS);
    expect(await worker.ended).toEqual({ exitCode: ExitCode.ok, signal: null });
    const { done = 0, running = 0, queued = 0 } = await countsByState(fleet.book, run.id);
    expect({ running, total: done + queued }).toEqual({ running: 0, total: LISTINGS });
    expect(done).toBeGreaterThan(0);
    expect(queued).toBeGreaterThan(0);

    const drainer = fleet.startWorker({ WORKER_MODE: "drain", WORKER_QUEUES: "listing_enrichment:6" });
    expect(await drainer.ended).toEqual({ exitCode: ExitCode.ok, signal: null });
    const { rows } = await fleet.book.query(
      "SELECT state, attempts, lost_leases, count(*)::integer AS count FROM targets WHERE run_id = $1 GROUP BY 1, 2, 3",
      [run.id],
    );
    expect(rows).toEqual([{ state: "done", attempts: 1, lost_leases: 0, count: LISTINGS }]);
  });

  it("a collector gives its run back, and the dispatcher's collector continues at the next page", async () => {
    const collector = fleet.startCollector({ SEARCH_TERM: "radio" });
    await waitFor("the second page asked for", 20_000, async () =>
      marketplace.countByPath.has("/search?q=radio&page=2") ? true : null,
    );
    await collector.end("SIGTERM", GRACE_MS);
    expect(await collector.ended).toEqual({ exitCode: ExitCode.ok, signal: null });
    expect(logOf(collector)).toContainEqual(
      expect.objectContaining({ message: "stopped; the run can be continued" }),
    );
    const run = await runOf("radio", "collecting_until IS NULL AND collected_at IS NULL AND pages_read = 1");

    const dispatcher = fleet.startDispatcher();
    fleet.startWorker();
    const pages = LISTINGS / CARDS_A_PAGE;
    expect(await endOf(fleet.book, run.id, 25_000)).toEqual({
      state: "completed",
      found: LISTINGS,
      pages_read: pages,
      error: null,
    });
    expect(marketplace.countByPath.get("/search?q=radio&page=1")).toBe(1);
    expect(logOf(dispatcher)).toContainEqual(
      expect.objectContaining({ message: "collecting", run_id: run.id, from_page: 2 }),
    );
  });

  it.each(["startWorker", "startCollector", "startDispatcher"] as const)(
    "what still waits for its servers just ends: %s",
    async (start) => {
      const waiting = fleet[start]({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/nothing" });
      await waitFor("its first try", 20_000, async () =>
        logOf(waiting).some(({ message }) => message === "waiting for the database") ? true : null,
      );
      await waiting.end("SIGTERM", GRACE_MS);
      expect(await waiting.ended).toEqual({ exitCode: null, signal: "SIGTERM" });
    },
  );
});
