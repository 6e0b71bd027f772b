import { describe, expect, it } from "vitest";
import {
  anItem,
  beginRun,
  claimTargets,
  connectForTest,
  finishClaim,
  startTestApi,
  storePage,
} from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);

const laptops = await beginRun(worker, "laptops");
await storePage(worker, laptops, [
  anItem("1", { title: "ThinkPad X1 Carbon", amount: "899.50", condition: "Used" }),
  anItem("2", { title: "ThinkPad T14, broken screen", amount: "99.99", condition: "For parts" }),
  anItem("3", { title: "MacBook Air", amount: "899.50", currency: "USD", condition: "NEW" }),
  anItem("4", { title: "ThinkPad dock", amount: null, currency: null, condition: null, match: "related" }),
]);
const phones = await beginRun(worker, "phones", "ebay");
await storePage(worker, phones, [anItem("5", { title: "Phone X1", amount: "100.00", condition: "used" })]);

interface Listed {
  id: string;
  external_id: string;
}

const list = async (query: string): Promise<string[]> => {
  const { status, body } = await api.get(`/listings${query}`);
  expect(status).toBe(200);
  return body.items.map((item: Listed) => item.external_id);
};

const idOf = async (externalId: string): Promise<string> => {
  const { body } = await api.get("/listings");
  return body.items.find((item: Listed) => item.external_id === externalId).id;
};

describe("listing what was found", () => {
  it("every listing is served as soon as its card was seen, the newest first", async () => {
    const { body } = await api.get("/listings");
    expect(body.items.map((item: Listed) => item.external_id)).toEqual(["5", "4", "3", "2", "1"]);
    expect(body.next_cursor).toBeNull();
    expect(body.items.at(-1)).toMatchObject({
      source: "sample",
      title: "ThinkPad X1 Carbon",
      amount: "899.50",
      currency: "EUR",
      shipping: "4.99",
      enriched_at: null,
    });
  });

  it("a price that is not known is null, never 0", async () => {
    const { body } = await api.get("/listings?text=dock");
    expect(body.items[0]).toMatchObject({ amount: null, currency: null });
  });

  it("everything also answers under /api", async () => {
    const [here, there] = await Promise.all([api.get("/listings"), api.get("/api/listings")]);
    expect(there.body).toEqual(here.body);
  });

  it.each([
    ["source=ebay", ["5"]],
    [`search_id=${laptops.searchId}`, ["4", "3", "2", "1"]],
    ["text=thinkpad", ["4", "2", "1"]],
    ["text=x1", ["5", "1"]],
    ['text="x1 carbon"', ["1"]],
    ["text=thinkpad -broken", ["4", "1"]],
    ["currency=EUR", ["5", "2", "1"]],
    ["currency=EUR&min_price=100", ["5", "1"]],
    ["currency=EUR&max_price=100", ["5", "2"]],
    ["currency=EUR&min_price=99.995&max_price=100.0", ["5"]],
    ["condition=used", ["5", "1"]],
    ["condition=new", ["3"]],
    ["seen_since=2020-01-01", ["5", "4", "3", "2", "1"]],
    ["seen_since=2100-01-01T00:00:00%2B02:00", []],
    ["source=sample&text=thinkpad&currency=EUR&min_price=500", ["1"]],
  ])("a filter narrows: %s", async (query, expected) => {
    expect(await list(`?${query}`)).toEqual(expected);
  });

  it.each([
    ["sort=oldest", ["1", "2", "3", "4", "5"]],
    ["sort=price_asc&currency=EUR", ["2", "5", "1"]],
    ["sort=price_desc&currency=EUR", ["1", "5", "2"]],
    ["sort=last_seen&limit=1", ["5"]],
  ])("an order is kept: %s", async (query, expected) => {
    expect(await list(`?${query}`)).toEqual(expected);
  });

  it("a time that a search was given in another zone is the same moment", async () => {
    const { body } = await api.get("/listings?text=carbon");
    const seenAt = new Date(body.items[0].last_seen_at);
    const justBefore = new Date(seenAt.getTime() - 1).toISOString();
    expect(await list(`?text=carbon&seen_since=${justBefore}`)).toEqual(["1"]);
    const oneSecondLater = new Date(seenAt.getTime() + 1_000).toISOString();
    expect(await list(`?text=carbon&seen_since=${oneSecondLater}`)).toEqual([]);
  });
});

describe("one listing", () => {
  it("a listing tells which searches found it, and how well it matched", async () => {
    const { body } = await api.get(`/listings/${await idOf("4")}`);
    expect(body).toMatchObject({
      external_id: "4",
      details: null,
      searches: [{ id: laptops.searchId, match: "related" }],
    });
  });

  it("a listing's own page adds its details", async () => {
    const run = await beginRun(worker, "details");
    await storePage(worker, run, [anItem("with-details")]);
    for (const claim of await claimTargets(worker, run.id, 1)) await finishClaim(worker, claim);
    const { body } = await api.get(`/listings/${await idOf("with-details")}`);
    expect(body.details).toMatchObject({ specifics: { Brand: "Acme" }, location: "Berlin" });
    expect(body.enriched_at).not.toBeNull();
  });

  it.each(["/listings/999999", "/listings/999999/prices"])("%s is not there", async (path) => {
    const { status, body } = await api.get(path);
    expect(status).toBe(404);
    expect(body.detail).toBe("listing 999999 does not exist");
  });
});
