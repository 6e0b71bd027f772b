import { describe, expect, it } from "vitest";
import { startTestApi } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const api = await startTestApi(database.apiUrl);

const longText = "x".repeat(201);

describe("a request that is not right", () => {
  it.each([
    ["/listings?limit=0", "limit", 'is "0"; it should be a whole number from 1 to 200'],
    ["/listings?limit=201", "limit", 'is "201"; it should be a whole number from 1 to 200'],
    ["/listings?limit=ten", "limit", 'is "ten"; it should be a whole number from 1 to 200'],
    ["/listings?limit=1&limit=2", "limit", 'is ["1","2"]; it should be a whole number from 1 to 200'],
    ["/listings?sort=cheapest", "sort", 'is "cheapest"; it should be one of newest, oldest,'],
    ["/listings?currency=euro", "currency", 'is "euro"; it should be an ISO 4217 currency such as EUR'],
    ["/listings?min_price=5", "currency", "is missing; it should be an ISO 4217 currency"],
    ["/listings?sort=price_asc", "currency", "is missing; it should be an ISO 4217 currency"],
    ["/listings?currency=EUR&max_price=5,50", "max_price", 'is "5,50"; it should be an amount such as 19.99'],
    [
      "/listings?seen_since=yesterday",
      "seen_since",
      'is "yesterday"; it should be a time such as 2026-11-22T',
    ],
    ["/listings?seen_since=2026-02-30", "seen_since", "it should be a time such as"],
    ["/listings?text=", "text", 'is ""; it should be 1 to 200 characters of text'],
    [`/listings?text=${longText}`, "text", "it should be 1 to 200 characters of text"],
    ["/listings?text=a%00b", "text", "without NUL"],
    ["/listings?source=E%20Bay", "source", "it should be the name of a source such as ebay"],
    ["/listings?search_id=-1", "search_id", 'is "-1"; it should be an id such as 17'],
    ["/listings?colour=red", "colour", "is not known; known are source, search_id, text"],
    ["/listings/abc", "id", 'is "abc"; it should be an id such as 17'],
    ["/listings/99999999999999999999", "id", "it should be an id such as 17"],
    ["/listings/1?text=x", "text", "is not known; none is"],
    ["/listings/1/prices?sort=newest", "sort", "is not known; known are limit, cursor"],
    ["/runs?state=running", "state", "it should be one of idle, initializing, processing"],
    ["/runs?cursor=x", "cursor", "it should be next_cursor of the page before"],
    ["/searches?page=2", "page", "is not known; known are limit, cursor"],
    ["/health?verbose=1", "verbose", "is not known; none is"],
  ])("%s names %s and says what is right", async (path, field, message) => {
    const { status, headers, body } = await api.get(path);
    expect(status).toBe(400);
    expect(headers.get("content-type")).toContain("application/problem+json");
    expect(body.errors).toHaveLength(1);
    expect(body.errors[0].field).toBe(field);
    expect(body.errors[0].message).toContain(message);
    expect(body.detail).toBe(`${field} ${body.errors[0].message}`);
  });

  it.each([
    ["/runs", {}, "search_id", "given, or term, or url, or markets, and only one of them"],
    [
      "/runs",
      { term: "x", url: "https://www.ebay.com/sch/", source: "ebay" },
      "search_id",
      "only one of them",
    ],
    ["/runs", { term: "x" }, "source", "given with term or url"],
    ["/runs", { search_id: "1", source: "ebay" }, "source", "left out with search_id"],
    ["/runs", { search_id: 1 }, "search_id", "is 1; it should be an id such as 17"],
    [
      "/runs",
      { source: "etsy", term: "x" },
      "source",
      'is "etsy"; it should be one of ebay, olx, amazon, mercari, yahoo-auctions, sample, json-api, product-page',
    ],
    [
      "/runs",
      { source: "tradingview", term: "gold" },
      "source",
      'is "tradingview", which has quotes and no listings to search for; it should be one of ebay, olx, amazon, mercari, yahoo-auctions, sample, json-api, product-page',
    ],
    [
      "/searches",
      { markets: [{ source: "quote-page", term: "gold" }] },
      "markets.0.source",
      "quotes and no listings",
    ],
    [
      "/runs",
      { source: "ebay", url: "https://www.ebay.com/itm/123456789012" },
      "url",
      "not an eBay search page",
    ],
    ["/runs", { source: "ebay", url: "ftp://www.ebay.com/sch/" }, "url", "http or https"],
    ["/runs", { source: "ebay", term: " " }, "term", "1 to 300 characters of text"],
    ["/runs", { source: "ebay", term: "x", max_pages: -1 }, "max_pages", "a whole number from 0 to 10000"],
    ["/runs", { source: "ebay", term: "x", max_pages: 1.5 }, "max_pages", "a whole number from 0 to 10000"],
    ["/runs", { source: "ebay", term: "x", pages: 1 }, "pages", "is not known; known are source, term, url"],
    ["/runs", ["ebay"], "body", "is not an object"],
    ["/runs/1/stop", { now: true }, "now", "is not known; none is"],
    ["/searches", { source: "ebay" }, "term", "given, or url, or markets, and only one of them"],
    ["/searches", { term: "x" }, "source", "is missing; it should be the name of a source"],
    ["/searches", { source: "ebay", term: "x", interval_seconds: 59 }, "interval_seconds", "from 60 to"],
  ])("POST %s with %j names %s", async (path, order, field, message) => {
    const { status, body } = await api.send("POST", path, order);
    expect(status).toBe(400);
    expect(body.errors[0].field).toBe(field);
    expect(body.errors[0].message).toContain(message);
  });

  it("all that is wrong is named at once", async () => {
    const { body } = await api.get("/listings?limit=0&sort=best&colour=red");
    expect(body.errors.map(({ field }: { field: string }) => field).toSorted()).toEqual([
      "colour",
      "limit",
      "sort",
    ]);
  });

  it("a body that is no JSON, or is not said to be, or is too large, is told apart", async () => {
    const post = (body: string, type: string) =>
      api.fetch("/runs", {
        method: "POST",
        headers: { authorization: "Bearer a-token-only-for-tests", "content-type": type },
        body,
      });
    const broken = await post('{"source": ', "application/json");
    expect(broken.status).toBe(400);
    expect(await broken.json()).toMatchObject({ errors: [{ field: "body" }] });
    expect((await post("source=ebay", "application/x-www-form-urlencoded")).status).toBe(415);
    expect((await post(JSON.stringify({ term: "x".repeat(70_000) }), "application/json")).status).toBe(413);
  });

  it("an address that nobody knows is a 404 problem", async () => {
    for (const path of ["/nowhere", "/api/nowhere", "/listings/1/nowhere"]) {
      const response = await api.fetch(path);
      expect(response.status).toBe(404);
      expect(response.headers.get("content-type")).toContain("application/problem+json");
      expect(await response.json()).toMatchObject({ status: 404, instance: path });
    }
  });

  it("an address that is badly encoded is a 400 problem, and a year 0 no crash", async () => {
    const response = await api.fetch("/listings/%E0%A4%A");
    expect(response.status).toBe(400);
    expect((await api.get("/listings?seen_since=0000-01-01")).status).toBe(200);
  });
});
