import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { afterAll, describe, expect, it } from "vitest";
import { countsByState, endOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const LISTINGS = 4;

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const marketplace = await startSampleMarketplace({
  listings: LISTINGS,
  faults: {
    rules: [
      { fault: "needs-javascript", path: "/item/app" },
      { fault: "captcha", path: "/item/walled-1" },
    ],
  },
});
closers.defer(() => marketplace.close());
const host = new URL(marketplace.url).host;
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { SOURCE: "sample", SAMPLE_BASE_URL: marketplace.url, FETCH_MODE: "auto" },
});
closers.defer(() => fleet.stop());
fleet.startDispatcher();
fleet.startWorker();

async function collect(term: string): Promise<string> {
  await fleet.startCollector({ SEARCH_TERM: term }).ended;
  const { rows } = await fleet.book.query<{ id: string }>("SELECT max(id) AS id FROM runs");
  return rows[0]?.id ?? "";
}

/** How the pages of a run were fetched, and how often each was asked for, in the order of their enrichment. */
async function fetchesOf(runId: string) {
  const { rows } = await fleet.book.query<{ external_id: string; fetched_by: string }>(
    `SELECT t.external_id, s.fetched_by FROM snapshots s JOIN targets t ON t.id = s.target_id
      WHERE t.run_id = $1 ORDER BY t.finished_at`,
    [runId],
  );
  return rows.map(({ external_id, fetched_by }) => ({
    fetched_by,
    requests: marketplace.countByPath.get(`/item/${external_id}`),
  }));
}

const each = <T>(count: number, what: T): T[] => Array.from({ length: count }, () => what);

async function rememberedMode(): Promise<string | null> {
  const { rows } = await fleet.book.query<{ fetch_mode: string | null }>(
    "SELECT fetch_mode FROM hosts WHERE host = $1",
    [host],
  );
  return rows[0]?.fetch_mode ?? null;
}

describe("a host is asked over HTTP first, and by the browser once it is known to need it", () => {
  it("pages that plain HTTP reads are never rendered", async () => {
    const runId = await collect("plain");
    await endOf(fleet.book, runId, 20_000);
    expect(await fetchesOf(runId)).toEqual(each(LISTINGS, { fetched_by: "http", requests: 1 }));
    expect(await rememberedMode()).toBe("http");
    expect(marketplace.countByPath.has("/shell.js")).toBe(false);
  });

  it("a page that needs its scripts is read by the browser, and the host's next pages go there at once", {
    timeout: 60_000,
  }, async () => {
    const runId = await collect("app");
    expect(await endOf(fleet.book, runId, 45_000)).toMatchObject({ state: "completed" });
    expect(await countsByState(fleet.book, runId)).toEqual({ done: LISTINGS });
    const [first, ...next] = await fetchesOf(runId);
    expect(first).toEqual({ fetched_by: "browser", requests: 2 });
    expect(next).toEqual(each(LISTINGS - 1, { fetched_by: "browser", requests: 1 }));
    expect(await rememberedMode()).toBe("browser");
    const { rows } = await fleet.book.query(
      "SELECT external_id, amount::text, currency FROM listings WHERE external_id LIKE 'app-%' AND enriched_at IS NOT NULL",
    );
    expect(rows).toHaveLength(LISTINGS);
    for (const { external_id, amount, currency } of rows) {
      expect(marketplace.expectedListing(external_id)).toMatchObject({ amount, currency });
    }
  });

  it("a wall that the browser meets too closes the host, and is kept with a picture of it", {
    timeout: 60_000,
  }, async () => {
    await fleet.book.query("UPDATE hosts SET blocks_to_open = 1");
    const runId = await collect("walled");
    const target = await waitFor("the wall", 45_000, async () => {
      const { rows } = await fleet.book.query<{ id: string }>(
        `SELECT t.id FROM targets t JOIN hosts h USING (host)
          WHERE t.run_id = $1 AND t.external_id = 'walled-1' AND t.reason = 'captcha' AND h.closed_reason = 'captcha'`,
        [runId],
      );
      return rows[0] ?? null;
    });
    const picture = readFileSync(join(fleet.debugDir, `${target.id}-1.png`));
    expect(picture.subarray(1, 4).toString()).toBe("PNG");
  });
});
