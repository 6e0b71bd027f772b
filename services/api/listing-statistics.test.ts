import { pruneObservations, quotesOfCurrencies, reckonDeals, sumUpDays } from "@pricefleet/database";
import { createBaseRates } from "@pricefleet/pricing";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { anItem, beginRun, connectForTest, startTestApi, storePage } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);
const owner = new pg.Client({ connectionString: database.ownerUrl, options: "-c search_path=price_tracker" });
await owner.connect();
afterAll(() => owner.end());
const rates = createBaseRates("USD", () => quotesOfCurrencies(worker));

const pages = new Map<string, number>();
async function see(run: Awaited<ReturnType<typeof beginRun>>, ...items: ReturnType<typeof anItem>[]) {
  const page = (pages.get(run.id) ?? 0) + 1;
  pages.set(run.id, page);
  await storePage(worker, run, items, page, undefined, rates);
}
const usd = (externalId: string, amount: string | null, changes = {}) =>
  anItem(externalId, { amount, currency: amount === null ? null : "USD", ...changes });
const many = (name: string, amounts: number[], changes = {}) =>
  amounts.map((amount, index) => usd(`${name}${index}`, String(amount), changes));

const run = await beginRun(worker, "cameras");
await see(
  run,
  ...many("used", [100, 110, 120, 130, 140], { condition: "Used" }),
  ...many("new", [150, 160, 170], { condition: "NEW" }),
  usd("much-more", "500", { condition: "Used" }),
  usd("other", "90", { match: "related" }),
  usd("bid", "90", { bids: 3 }),
  usd("range", "90", { amount_max: "900" }),
  usd("sold", "100", { ended: true, availability: "sold" }),
  usd("unknown", null),
  anItem("dram", { amount: "100", currency: "AMD" }),
);

const stats = async (query = "") => (await api.get(`/listings/stats?search_id=${run.searchId}${query}`)).body;

interface Listed {
  external_id: string;
  deal: Record<string, unknown> | null;
}
const listed = async (query: string): Promise<Listed[]> =>
  (await api.get(`/listings?limit=200&${query}`)).body.items;

describe("the statistics of a search", () => {
  it("are those of the prices that can be compared, and say how many were left out and why", async () => {
    const body = await stats("&lowest=3");
    expect(body).toMatchObject({
      base_currency: "USD",
      listings: 15,
      prices: {
        listings: 8,
        left_out: 1,
        min: "100.00",
        max: "170.00",
        lowest_median: "110.00",
        median: "135.00",
      },
      not_compared: { related: 1, auction: 1, range: 1, sold: 1, "no-price": 1, "no-rate": 1 },
      without_value: 1,
      trend: [],
    });
  });

  it("are told by condition, in whatever case the site words it", async () => {
    const { conditions } = await stats();
    expect(conditions).toMatchObject([
      { condition: "new", listings: 3, left_out: 0, min: "150.00", median: "160.00" },
      { condition: "used", listings: 5, left_out: 1, min: "100.00", median: "120.00" },
    ]);
    expect((await stats("&condition=USED")).prices).toMatchObject({ listings: 5, median: "120.00" });
  });

  it("are null where no price counts, and 404 where there is no search", async () => {
    const nothing = await beginRun(worker, "nothing");
    const { body } = await api.get(`/listings/stats?search_id=${nothing.searchId}`);
    expect(body).toMatchObject({ listings: 0, prices: null, conditions: [], not_compared: {} });
    expect((await api.get("/listings/stats?search_id=999999")).status).toBe(404);
    expect((await api.get("/listings/stats")).status).toBe(400);
  });
});

describe("the prices of days", () => {
  /** A listing that cost 200 five days ago, then 150 two days ago, and costs 100 today. */
  async function aFallingPrice() {
    const falling = await beginRun(worker, "falling");
    await see(falling, usd("falling", "200"));
    await see(falling, usd("falling", "150"));
    await see(falling, usd("falling", "100"));
    await owner.query(
      `UPDATE runs SET created_at = now() - interval '5 days' WHERE id = ${falling.id};
       UPDATE price_observations o
          SET observed_at = now() - make_interval(days => CASE amount WHEN 200 THEN 5 WHEN 150 THEN 2 ELSE 0 END),
              confirmed_at = now() - make_interval(days => CASE amount WHEN 200 THEN 4 WHEN 150 THEN 2 ELSE 0 END)
        WHERE run_id = ${falling.id};
       UPDATE listings l SET latest_observed_at = o.observed_at FROM price_observations o
        WHERE o.id = l.latest_observation_id AND o.run_id = ${falling.id}`,
    );
    return falling;
  }
  const sumUpAll = async () => {
    while ((await worker.transaction().execute((trx) => sumUpDays(trx, "USD", 20))) > 0);
  };
  const trendOf = async (searchId: string) => {
    const { body } = await api.get(`/listings/stats?search_id=${searchId}`);
    return body.trend.map((day: { median: string }) => day.median);
  };

  it("are what was seen on each day, also when the price was the same for days, and outlive the observations", async () => {
    const { searchId, id } = await aFallingPrice();
    // What no statistic has yet is kept, however old.
    expect(await worker.transaction().execute((trx) => pruneObservations(trx, 1, 100))).toBe(0);
    await sumUpAll();
    expect(await trendOf(searchId)).toEqual(["200.00", "200.00", "150.00", "100.00"]);

    expect(await worker.transaction().execute((trx) => pruneObservations(trx, 3, 100))).toBe(1);
    expect(await worker.transaction().execute((trx) => pruneObservations(trx, 1, 100))).toBe(1);
    await owner.query(
      `UPDATE price_observations SET observed_at = observed_at - interval '9 days', confirmed_at = confirmed_at - interval '9 days'
        WHERE run_id = ${id}`,
    );
    expect(await worker.transaction().execute((trx) => pruneObservations(trx, 1, 100))).toBe(0);
    expect(await trendOf(searchId)).toEqual(["200.00", "200.00", "150.00", "100.00"]);
  });

  it("of today are summed up again only when an hour has passed and a run has seen more", async () => {
    await sumUpAll();
    expect(await worker.transaction().execute((trx) => sumUpDays(trx, "USD", 20))).toBe(0);
    await owner.query("UPDATE daily_price_marks SET summed_at = summed_at - interval '2 hours'");
    expect(await worker.transaction().execute((trx) => sumUpDays(trx, "USD", 1))).toBe(1);
  });
});

describe("a deal", () => {
  it("is how far a price is below the median of its peers: of the same model, else of the same search and condition", async () => {
    const cards = await beginRun(worker, "graphics cards");
    const title = "RTX 3060 12GB";
    await see(
      cards,
      ...many("card", [160, 190, 200, 200, 210, 220, 230], { title }),
      usd("far", "2", { title }),
      usd("laptop", "120", { title: "Laptop RTX 3060 12GB" }),
    );
    await see(await beginRun(worker, "anything"), ...many("any", [10, 30, 100, 300, 900, 2000]));
    await see(await beginRun(worker, "lamps"), ...many("lamp", [75, 90, 100, 100, 110, 125]));
    await worker.transaction().execute((trx) => reckonDeals(trx, "USD"));
    const rows = new Map((await listed("")).map((one) => [one.external_id, one.deal]));
    expect(rows.get("card0")).toEqual({
      deal: "0.200",
      peers: 6,
      peers_by: "model-and-condition",
      peers_median: "200.00",
      missing: null,
    });
    expect(rows.get("card6")).toMatchObject({ deal: "-0.150" });
    expect(rows.get("lamp0")).toMatchObject({ deal: "0.250", peers: 5, peers_by: "search" });
    expect(rows.get("used0")).toMatchObject({ deal: null, peers: 4, missing: "few-peers" });
    expect(rows.get("laptop")).toMatchObject({ deal: null, peers: 0, missing: "few-peers" });
    expect(rows.get("far")).toMatchObject({ deal: null, missing: "far-from-peers" });
    expect(rows.get("any0")).toMatchObject({ deal: null, missing: "peers-differ" });
    expect(rows.get("bid")).toBeNull();
  });

  it("orders listings, the best first, page by page, and bounds them", async () => {
    const externalIds = (items: Listed[]) => items.map((one) => one.external_id);
    expect(externalIds(await listed("sort=deal&min_deal=0.1"))).toEqual(["lamp0", "card0", "lamp1"]);
    const first = (await api.get("/listings?sort=deal&limit=2")).body;
    const second = (await api.get(`/listings?sort=deal&limit=2&cursor=${first.next_cursor}`)).body;
    expect(externalIds([...first.items, ...second.items])).toEqual(["lamp0", "card0", "lamp1", "card1"]);
    expect((await api.get("/listings?min_deal=20%25")).body.errors[0].message).toContain(
      "a share such as 0.2",
    );
  });

  it("is not told of a price that has changed since, until it is reckoned again", async () => {
    await see(await beginRun(worker, "lamps again"), usd("lamp0", "50"));
    const deals = async () => (await listed("text=lamp0")).map((one) => one.deal?.["deal"] ?? null);
    expect(await deals()).toEqual([null]);
    await worker.transaction().execute((trx) => reckonDeals(trx, "USD"));
    expect(await deals()).toEqual(["0.500"]);
    // Nothing has changed, and nothing is written.
    expect(await worker.transaction().execute((trx) => reckonDeals(trx, "USD"))).toBe(0);
  });
});
