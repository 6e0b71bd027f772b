import type { Item } from "@pricefleet/contracts";
import { afterAll, describe, expect, it } from "vitest";
import { ebayTruth, hasCaptures, measureEbay } from "../captures/index.ts";
import { countsByState, endOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";
import { startEbayMirror } from "./ebay-mirror.ts";

const searchFiles = [
  "ebay/2021-03-srp-com-hot-toys.html",
  "ebay/2022-11-srp-de-apple.html",
  "ebay/2025-07-srp-com-bmw-e28.html",
  "ebay/2025-08-srp-es-ui-thinkpad.html",
  "ebay/2026-04-srp-de-lego-nan.html",
  "ebay/2026-05-srp-com-vw-beetle.html",
  "ebay/2026-07-srp-com-pokemon-a.html",
];
const itemFiles = [
  "ebay/2020-item-com-21e7.html",
  "ebay/2020-item-couk-359c.html",
  "ebay/2020-item-ie-5cea.html",
  "ebay/2025-06-item-com-rtx5090.html",
];

describe.skipIf(!hasCaptures)("the whole pipeline over pages that eBay really sent", async () => {
  // oxlint-disable-next-line vitest/no-conditional-tests -- vitest runs a skipped suite's body too, which reads captures
  if (!hasCaptures) return it("needs the captured pages", () => expect.unreachable());
  const database = await createTestDatabase();
  const vhost = await createTestVhost();
  // After the database and the vhost: what is registered last is closed first.
  const closers = new AsyncDisposableStack();
  afterAll(() => closers.disposeAsync());
  const mirror = await startEbayMirror(searchFiles, itemFiles);
  closers.defer(() => mirror.close());
  const fleet = startFleet({
    databaseUrl: database.workerUrl,
    amqpUrl: vhost.url,
    environment: { EBAY_BASE_URL: mirror.url, FETCH_MODE: "http", HOST_MIN_DELAY_MS: "0" },
  });
  closers.defer(() => fleet.stop());
  fleet.startDispatcher();
  fleet.startWorker();
  fleet.startWorker();

  const collector = fleet.startCollector({
    SOURCE: "ebay",
    SEARCH_URL: searchFiles.map((file) => mirror.searchUrl(file)).join(";"),
    MAX_PAGES: "1",
  });
  const searchOf = async (file: string) => {
    const { rows } = await fleet.book.query<{ run_id: string; search_id: string }>(
      "SELECT r.id AS run_id, s.id AS search_id FROM searches s JOIN runs r ON r.search_id = s.id WHERE s.url = $1",
      [mirror.searchUrl(file)],
    );
    return rows[0] ?? null;
  };

  it.each(searchFiles)(
    "what PostgreSQL holds after collecting and enriching %s is what the page says",
    { timeout: 120_000 },
    async (file) => {
      const { run_id, search_id } = await waitFor(`a run over ${file}`, 60_000, () => searchOf(file));
      expect(await endOf(fleet.book, run_id, 90_000)).toMatchObject({ state: "completed", pages_read: 1 });

      const truth = ebayTruth(file);
      const listings = await listingsOf(search_id);
      const { found, known, invented, right, wrong } = measureEbay(listings, truth);
      expect({ found, invented }).toEqual({ found: known, invented: [] });
      expect(right / listings.length, wrong.join("\n")).toBeGreaterThanOrEqual(0.99);
      expect(await countsByState(fleet.book, run_id)).toEqual({ done: known });
    },
  );

  it("the collector ends with exit code 0 when all its searches are read", async () => {
    expect(await collector.ended).toEqual({ exitCode: 0, signal: null });
  });

  async function listingsOf(searchId: string): Promise<Item[]> {
    const { rows } = await fleet.book.query<Item>(
      `SELECT l.external_id, l.amount::text, l.amount_max::text, l.buy_it_now::text, l.currency
         FROM listings l JOIN search_listings sl ON sl.listing_id = l.id WHERE sl.search_id = $1`,
      [searchId],
    );
    return rows;
  }
});
