import { afterAll, describe, expect, it } from "vitest";
import { startTestApi } from "../api/index.ts";
import { endOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";
import { startPriceSite } from "./price-site.ts";

const database = await createTestDatabase();
const vhost = await createTestVhost();
const api = await startTestApi(database.apiUrl);
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());

/** What each page prints the first time, the second, and from then on. */
const site = await startPriceSite({
  "loses-its-separator": ["€12.50", "€1250", "€12.50"],
  "is-converted": ["€30.00", "US $34.10", "€30.00"],
  "falls-for-good": ["€100.00", "€10.00", "€10.00"],
  "stays-as-it-is": ["€5.00", "€5.20"],
});
closers.defer(() => site.close());
const { host } = new URL(site.url);
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { FETCH_MODE: "http", ALLOW_PRIVATE_HOSTS: host, SAMPLE_BASE_URL: site.url },
});
closers.defer(() => fleet.stop());
fleet.startDispatcher();
fleet.startWorker({ WORKER_QUEUES: "listing_enrichment:4", SECOND_LOOK_SECONDS: "1" });
await fleet.book.query(
  "INSERT INTO hosts (host, source, min_delay_ms, max_in_flight) VALUES ($1, 'sample', 0, 16)",
  [host],
);

async function startRun(): Promise<string> {
  await fleet.startCollector({ SOURCE: "sample", SEARCH_TERM: "prices", ENRICH_MAX_AGE_HOURS: "1" }).ended;
  const { rows } = await fleet.book.query<{ id: string }>("SELECT max(id)::text AS id FROM runs");
  return rows[0]?.id ?? "";
}

/** What the API says of each listing, by its id on the site. */
async function served() {
  const { body } = await api.get("/listings");
  const listings = await Promise.all(
    body.items.map(async ({ id }: { id: string }) => {
      const { body: listing } = await api.get(`/listings/${id}`);
      const { body: history } = await api.get(`/listings/${id}/prices`);
      const { amount, currency, pending_price } = listing;
      const prices = history.items.map((price: { amount: string }) => price.amount);
      return [listing.external_id, { amount, currency, pending_price, prices }];
    }),
  );
  return Object.fromEntries(listings);
}

describe("prices that change beyond belief", () => {
  it("are served as they were until a second look, which confirms what is true and refutes the rest", async () => {
    await endOf(fleet.book, await startRun(), 60_000);
    // As long ago as a run that looks again.
    await fleet.book.query("UPDATE listings SET enriched_at = enriched_at - interval '2 hours'");
    const again = await startRun();

    const doubted = await waitFor("three prices in quarantine", 60_000, async () => {
      const { rows } = await fleet.book.query(
        "SELECT 1 FROM listings WHERE pending_observation_id IS NOT NULL OR amount = 5.20",
      );
      return rows.length === 4 ? await served() : null;
    });
    expect(doubted).toMatchObject({
      "loses-its-separator": {
        amount: "12.50",
        prices: ["12.50"],
        pending_price: { amount: "1250", reason: "ratio 100: looks like a lost decimal separator" },
      },
      "is-converted": {
        amount: "30.00",
        currency: "EUR",
        prices: ["30.00"],
        pending_price: { amount: "34.10", currency: "USD", reason: "currency changed EUR to USD" },
      },
      "falls-for-good": {
        amount: "100.00",
        prices: ["100.00"],
        pending_price: { amount: "10.00", reason: "ratio 1/10: looks like a misplaced decimal separator" },
      },
      "stays-as-it-is": { amount: "5.20", prices: ["5.20", "5.00"], pending_price: null },
    });

    site.release();
    expect(await endOf(fleet.book, again, 60_000)).toMatchObject({ state: "completed" });
    expect(await served()).toMatchObject({
      "loses-its-separator": { amount: "12.50", prices: ["12.50"], pending_price: null },
      "is-converted": { amount: "30.00", currency: "EUR", prices: ["30.00"], pending_price: null },
      "falls-for-good": { amount: "10.00", prices: ["10.00", "100.00"], pending_price: null },
      "stays-as-it-is": { amount: "5.20", pending_price: null },
    });
    expect(Object.fromEntries(site.asked)).toEqual({
      "loses-its-separator": 3,
      "is-converted": 3,
      "falls-for-good": 3,
      "stays-as-it-is": 2,
    });
  });
});
