import { afterEach, expect, test } from "vitest";
import { type SampleMarketplace, type SampleMarketplaceOptions, startSampleMarketplace } from "./index.ts";

const noon = new Date("2026-06-01T12:00:00Z");
const minutesAfterNoon = (minutes: number) => new Date(noon.getTime() + minutes * 60_000);

const open: SampleMarketplace[] = [];
async function start(options: SampleMarketplaceOptions = {}): Promise<SampleMarketplace> {
  const marketplace = await startSampleMarketplace({ clock: () => noon, ...options });
  open.push(marketplace);
  return marketplace;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((marketplace) => marketplace.close()));
});

const get = async (marketplace: SampleMarketplace, path: string) =>
  (await fetch(marketplace.url + path)).text();
const idsOn = (html: string) =>
  [...html.matchAll(/<li class="card" data-listing-id="([^"]+)"/g)].map(([, id]) => id);

test("the same seed and time make the same pages, in any process", async () => {
  const [one, same, other] = await Promise.all([start(), start(), start({ seed: 2 })]);
  for (const path of ["/search?q=road+bike", "/item/road-bike-3", "/quotes/XAUUSD"]) {
    expect(await get(one, path)).toBe(await get(same, path));
    expect(await get(one, path)).not.toBe(await get(other, path));
  }
});

test("every listing of a search is on its pages, and a promoted one comes again on the next page", async () => {
  const marketplace = await start({ listings: 95, perPage: 40 });
  const pages = await Promise.all(
    [1, 2, 3].map((page) => get(marketplace, `/search?q=road+bike&page=${page}`)),
  );
  const ids = pages.map(idsOn);
  expect(ids.map((page) => page.length)).toEqual([40, 42, 15 + 2 + 6]);
  expect(ids[1]?.slice(0, 2)).toEqual(ids[0]?.slice(-2));
  expect(pages.map((page) => page.includes('rel="next"'))).toEqual([true, true, false]);

  const expected = marketplace.expectedSearch("road bike");
  expect(expected.total).toBe(95);
  expect(new Set(ids.flat())).toEqual(new Set(expected.items.map((item) => item.external_id)));
  expect(expected.items.filter((item) => item.match === "related")).toHaveLength(6);
});

test("a search for nothing, or for no results, finds nothing", async () => {
  const marketplace = await start();
  for (const term of ["nothing", "no-results", "chairs with no results", "", "!?"]) {
    expect(marketplace.expectedSearch(term)).toEqual({ total: 0, items: [] });
    const html = await get(marketplace, `/search?q=${encodeURIComponent(term)}`);
    expect(idsOn(html)).toEqual([]);
    expect(html).toContain('class="no-results"');
  }
});

test("any words can be searched for, and every id found leads to its page", async () => {
  const marketplace = await start({ listings: 3 });
  for (const term of ["ŁÓŻKO drewniane", "<b>&\"'", "日本 時計", "𝒳".repeat(100), "a/b?c#d", "100%"]) {
    const { items } = marketplace.expectedSearch(term);
    for (const { url } of items) expect((await fetch(url)).status).toBe(200);
  }
});

test.each(["/item/road-bike-4", "/item/road-bike", "/item/nothing-1", "/item/%E0%A4%A", "/a/b/c"])(
  "%s leads nowhere: 404",
  async (path) => {
    const marketplace = await start({ listings: 3 });
    expect((await fetch(marketplace.url + path)).status).toBe(404);
  },
);

test("with each step of the clock some prices move and most stay", async () => {
  const marketplace = await start({ listings: 1000, priceStepSeconds: 60 });
  const amounts = () => marketplace.expectedSearch("camera").items.map((item) => item.amount);
  const atNoon = amounts();
  const changedSince = () => amounts().filter((amount, index) => amount !== atNoon[index]).length;

  marketplace.setClock(minutesAfterNoon(0.9));
  expect(changedSince()).toBe(0);
  marketplace.setClock(minutesAfterNoon(1));
  expect(changedSince()).toBeGreaterThan(100);
  expect(changedSince()).toBeLessThan(250);
  marketplace.setClock(minutesAfterNoon(5));
  expect(changedSince()).toBeGreaterThan(300);
  marketplace.setClock({ offsetMs: 0 });
  expect(changedSince()).toBe(0);
});

test("the bids of a running auction only grow, and the end stays ahead of the clock", async () => {
  const marketplace = await start({ listings: 300 });
  const auction = marketplace
    .expectedSearch("watch")
    .items.find((item) => item.availability === "in-stock" && (item.bids ?? 0) > 2);
  const id = auction?.external_id ?? "";
  const { ends_at } = marketplace.expectedListing(id).details;
  expect(new Date(ends_at ?? 0).getTime()).toBeGreaterThan(noon.getTime());

  marketplace.setClock(new Date(new Date(ends_at ?? 0).getTime() - 1000));
  const atTheEnd = marketplace.expectedListing(id);
  expect(atTheEnd.bids).toBeGreaterThanOrEqual(auction?.bids ?? Infinity);
  expect(Number(atTheEnd.amount)).toBeGreaterThanOrEqual(Number(auction?.amount));
  expect(atTheEnd.details.ends_at).toBe(ends_at);
});

test("prices are printed as in the country of their currency", async () => {
  const printed = {
    EUR: /^(\d{1,3}\.)*\d{1,3},\d\d\u00a0€/,
    USD: /^\$(\d{1,3},)*\d{1,3}\.\d\d/,
    PLN: /^(\d{1,3}\u00a0)*\d{1,3},\d\d\u00a0zł/,
  } as const;
  for (const [currency, format] of Object.entries(printed)) {
    const marketplace = await start({ currency: currency as keyof typeof printed, perPage: 120 });
    const html = await get(marketplace, "/search?q=thinkpad");
    const prices = [...html.matchAll(/<p class="price">([^<]+)<\/p>/g)].map(([, price]) => price);
    expect(prices.length).toBeGreaterThan(100);
    expect(prices.filter((price) => !price?.endsWith("fees") && !format.test(price ?? ""))).toEqual([]);
  }
});

test("the catalogue has every kind of offer that a reader must tell apart", async () => {
  const marketplace = await start({ listings: 500 });
  const { items } = marketplace.expectedSearch("headphones");
  const kinds = {
    ranges: items.filter((item) => item.amount_max !== null),
    auctions: items.filter((item) => item.bids !== null),
    auctionsWithBuyItNow: items.filter((item) => item.buy_it_now !== null),
    bestOffers: items.filter((item) => item.best_offer),
    struckThrough: items.filter((item) => item.list_price !== null),
    freeShipping: items.filter((item) => item.shipping === "0"),
    unknownShipping: items.filter((item) => item.shipping === null),
    sold: items.filter((item) => item.availability === "sold"),
    ended: items.filter((item) => item.availability === "ended"),
    outOfStock: items.filter((item) => item.availability === "out-of-stock"),
  };
  const scarce = Object.entries(kinds).filter(([, some]) => some.length < 3);
  expect(scarce).toEqual([]);
  expect(new Set(items.map((item) => item.currency))).toEqual(new Set(["EUR", "USD", "PLN"]));
});

test("requests are counted by page, whoever linked to it", async () => {
  const marketplace = await start();
  for (const path of [
    "/item/lamp-1?ref=search",
    "/item/lamp-1",
    "/search?q=desk+lamp",
    "/search?page=1&q=desk%20lamp",
  ]) {
    await get(marketplace, path);
  }
  expect(Object.fromEntries(marketplace.countByPath)).toEqual({
    "/item/lamp-1": 2,
    "/search?q=desk%20lamp&page=1": 2,
  });
  expect(marketplace.requests[0]).toMatchObject({ at: noon, path: "/item/lamp-1", status: 200 });
  expect(marketplace.countByStatus.get(200)).toBe(4);
  marketplace.forgetRequests();
  expect(marketplace.requests).toEqual([]);
});

test("robots.txt keeps crawlers out of the control room, and can be replaced", async () => {
  expect(await get(await start(), "/robots.txt")).toContain("Disallow: /-/");
  expect(await get(await start({ robots: "User-agent: *\nDisallow: /\n" }), "/robots.txt")).toBe(
    "User-agent: *\nDisallow: /\n",
  );
});
