import { notifyQuotesChanged, quotesOfCurrencies, storeQuotes } from "@pricefleet/database";
import { createBaseRates } from "@pricefleet/pricing";
import { describe, expect, it } from "vitest";
import { anItem, beginRun, connectForTest, startTestApi, storePage } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);

const pair = { exchange: "FX", unit: "unit", currency: "USD" };
const ids: Record<string, string> = {};
for (const asset of ["EUR", "GBP"]) {
  const { body } = await api.send("POST", "/instruments", {
    ...pair,
    asset,
    symbol: `${asset}USD`,
    name: asset,
  });
  ids[asset] = body.id;
}

async function quoted(asset: string, price: string, ageMs = 0): Promise<string> {
  const nothing = { bid: null, ask: null, dayVolume: null };
  const instrumentId = ids[asset] ?? "0";
  await worker.deleteFrom("quotes").where("instrument_id", "=", instrumentId).execute();
  await storeQuotes(worker, [{ instrumentId, price, source: "page", atMs: Date.now() - ageMs, ...nothing }]);
  await notifyQuotesChanged(worker, [instrumentId]);
  const { id } = await worker
    .selectFrom("quotes")
    .select("id")
    .where("instrument_id", "=", instrumentId)
    .executeTakeFirstOrThrow();
  return id;
}

/** As a collector that has just read the quotes. */
const ratesNow = () => createBaseRates("USD", () => quotesOfCurrencies(worker));
const see = async (...items: ReturnType<typeof anItem>[]) =>
  storePage(worker, await beginRun(worker, `things ${Math.random()}`), items, 1, undefined, ratesNow());

interface Listed {
  id: string;
  external_id: string;
  base_amount: string | null;
  compared_amount: string | null;
}
const listed = async (externalId: string) =>
  (await api.get("/listings")).body.items.find((one: Listed) => one.external_id === externalId);
const compared = async (query: string) =>
  (await api.get(`/listings?${query}`)).body.items.map((one: Listed) => [
    one.external_id,
    one.compared_amount,
  ]);

describe("a price's value in the base currency", () => {
  it("is that of the moment it was seen, with the quotes, their rate and their age", async () => {
    const quoteId = await quoted("EUR", "1.25", 5_000);
    await see(
      anItem("1", { amount: "100.00", currency: "EUR" }),
      anItem("2", { amount: "90", currency: "USD" }),
    );
    expect(await listed("1")).toMatchObject({
      base_currency: "USD",
      base_amount: "125.0000",
      base_missing: null,
    });
    expect(await listed("2")).toMatchObject({ base_amount: "90.0000" });
    const { id } = await listed("1");
    const [price] = (await api.get(`/listings/${id}/prices`)).body.items;
    expect(price.base).toMatchObject({
      currency: "USD",
      amount: "125.0000",
      rate: "1.25",
      quote_ids: [quoteId],
      missing: null,
    });
    expect(price.base.age_seconds).toBeGreaterThanOrEqual(5);
    await quoted("EUR", "1.5");
    const [same] = (await api.get(`/listings/${id}/prices`)).body.items;
    expect(same.base.amount).toBe("125.0000");
  });

  it("is null with a reason where no rate is known, or only a stale one", async () => {
    await quoted("GBP", "1.3", 120_000);
    await see(anItem("3", { amount: "1", currency: "JPY" }), anItem("4", { amount: "1", currency: "GBP" }));
    expect(await listed("3")).toMatchObject({ base_amount: null, base_missing: "no-rate" });
    expect(await listed("4")).toMatchObject({ base_amount: null, base_missing: "stale-rate" });
  });

  it("stays when the same price is seen without a rate, and goes when it is another price", async () => {
    await quoted("EUR", "2");
    await see(anItem("5", { amount: "10", currency: "EUR" }));
    await quoted("EUR", "2", 120_000);
    await see(anItem("5", { amount: "10", currency: "EUR" }));
    expect(await listed("5")).toMatchObject({ base_amount: "20.0000", base_missing: null });
    await see(anItem("5", { amount: "11", currency: "EUR" }));
    expect(await listed("5")).toMatchObject({ base_amount: null, base_missing: "stale-rate" });
  });
});

describe("comparing across currencies", () => {
  it("takes in listings priced in others, by their values; the price itself in the currency asked for", async () => {
    await quoted("EUR", "1.25");
    await expect
      .poll(async () => (await api.get("/listings?currency=EUR&max_price=1")).body.compared.rate)
      .toBe("0.8");
    // 2 costs 90 USD, which are 72 EUR; 1 and 5 cost 100 and 11 EUR as they are.
    expect(await compared("currency=EUR&max_price=100&sort=price_asc")).toEqual([
      ["5", "11.0000"],
      ["2", "72.0000"],
      ["1", "100.0000"],
    ]);
    expect(await compared("currency=EUR&min_price=72&max_price=72")).toEqual([["2", "72.0000"]]);
    expect((await compared("currency=EUR&sort=price_desc")).map(([id]: string[]) => id)).toEqual([
      "1",
      "2",
      "5",
    ]);
    expect((await compared("currency=USD&sort=price_asc")).map(([id]: string[]) => id)).toEqual(["2", "1"]);
    expect((await api.get("/listings?currency=EUR")).body).toMatchObject({ compared: null, items: [{}, {}] });
  });

  it("goes by one rate through all pages", async () => {
    const first = (await api.get("/listings?currency=EUR&sort=price_asc&limit=1")).body;
    await quoted("EUR", "100");
    await expect
      .poll(async () => (await api.get("/listings?currency=EUR&max_price=1")).body.compared.rate)
      .toBe("0.01");
    const second = (
      await api.get(`/listings?currency=EUR&sort=price_asc&limit=1&cursor=${first.next_cursor}`)
    ).body;
    const third = (
      await api.get(`/listings?currency=EUR&sort=price_asc&limit=1&cursor=${second.next_cursor}`)
    ).body;
    expect([first, second, third].map(({ items }) => items[0].external_id)).toEqual(["5", "2", "1"]);
    expect(second.items[0].compared_amount).toBe("72.0000");
    expect(third.next_cursor).toBeNull();
  });
});
