import type { Item, PageInput, PageKind, PageReading } from "@pricefleet/contracts";
import { type Fault, type SampleMarketplace, startSampleMarketplace } from "@pricefleet/sample-marketplace";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { detectPageState } from "../page-state.ts";
import { createSampleSource } from "./index.ts";

let marketplace: SampleMarketplace;
beforeAll(async () => {
  marketplace = await startSampleMarketplace({
    listings: 350,
    perPage: 60,
    clock: () => new Date("2026-06-01T12:00:00Z"),
  });
});
beforeEach(() => marketplace.setFaults({ rules: [] }));
afterAll(() => marketplace.close());

async function fetchPage(url: string): Promise<PageInput> {
  const response = await fetch(url);
  return { url, html: await response.text(), status: response.status };
}

async function readPage(url: string, kind: PageKind): Promise<PageReading> {
  return createSampleSource(marketplace.url).read(await fetchPage(url), kind);
}

/** All pages of a search, as a collector turns them: until there is no next one. */
async function readSearch(term: string): Promise<PageReading[]> {
  const source = createSampleSource(marketplace.url);
  const readings: PageReading[] = [];
  do {
    const url = source.searchUrl({ term, url: null }, readings.length + 1);
    readings.push(await readPage(url, "search"));
  } while (readings.at(-1)?.has_next_page);
  return readings;
}

test.each(["thinkpad x1", 'ŁÓŻKO & "stół"', "rolex"])(
  "every listing of the search %s is read as it is, from its card and from its own page",
  async (term) => {
    const readings = await readSearch(term);
    expect(new Set(readings.map(({ state, total_results }) => `${state} ${total_results}`))).toEqual(
      new Set(["ok 350"]),
    );
    const cards = new Map<string, Item>();
    for (const card of readings.flatMap((reading) => reading.items)) cards.set(card.external_id, card);
    expect([...cards.values()]).toEqual(marketplace.expectedSearch(term).items);

    for (const { external_id, url } of cards.values()) {
      const { details, ...item } = marketplace.expectedListing(external_id);
      expect(await readPage(url, "listing")).toEqual({
        page: "listing",
        state: "ok",
        source: "sample",
        reason: null,
        items: [item],
        has_next_page: false,
        total_results: null,
        details,
      });
    }
  },
);

test("a promoted listing that comes again on the next page is the same item", async () => {
  const [first, second] = await readSearch("road bike");
  expect(second?.items.slice(0, 2)).toEqual(first?.items.slice(-2));
});

test("a search with no results is empty, not changed", async () => {
  const [reading] = await readSearch("no-results");
  expect(reading).toMatchObject({ state: "empty", items: [], has_next_page: false, total_results: 0 });
});

test("a page after the last one is empty", async () => {
  const url = `${marketplace.url}/search?q=lamp&page=99`;
  expect(await readPage(url, "search")).toMatchObject({ state: "empty", total_results: 350 });
});

test("an ended listing keeps its last price and says that it has ended", async () => {
  marketplace.setFaults({ rules: [{ fault: "ended" }] });
  const reading = await readPage(`${marketplace.url}/item/lamp-1`, "listing");
  const { amount } = marketplace.expectedListing("lamp-1");
  expect(reading).toMatchObject({ state: "ok", items: [{ ended: true, availability: "ended", amount }] });
});

test("a page that the site says is missing is gone, also without a status", async () => {
  const page = await fetchPage(`${marketplace.url}/item/no-such-thing-9999`);
  const source = createSampleSource(marketplace.url);
  expect(source.read({ ...page, status: null }, "listing").state).toBe("gone");
});

test.each([
  ["blocked", "blocked"],
  ["captcha", "captcha"],
  ["login", "login"],
  ["rate-limited", "rate-limited"],
  ["not-found", "gone"],
  ["ended", undefined],
  ["needs-javascript", undefined],
] as const)("the marketplace's %s page is told by the rules for all sites", async (fault: Fault, state) => {
  marketplace.setFaults({ rules: [{ fault }] });
  expect(detectPageState(await fetchPage(`${marketplace.url}/item/lamp-1`))?.state).toBe(state);
});

test.each(["blocked", "captcha", "login", "rate-limited", "server-error", "needs-javascript"] as const)(
  "a %s page has no listing and no results: changed",
  async (fault) => {
    marketplace.setFaults({ rules: [{ fault, path: "/" }] });
    expect(await readPage(`${marketplace.url}/item/lamp-1`, "listing")).toMatchObject({
      state: "changed",
      items: [],
    });
    expect(await readPage(`${marketplace.url}/search?q=lamp`, "search")).toMatchObject({
      state: "changed",
      items: [],
    });
  },
);

test("a search page cut off before its pager is changed, not the last page", async () => {
  const page = await fetchPage(`${marketplace.url}/search?q=lamp`);
  const cutOff = { ...page, html: page.html.slice(0, page.html.indexOf("<nav")) };
  expect(createSampleSource(null).read(cutOff, "search").state).toBe("changed");
});

test("a symbol's page has its last value, with its currency", async () => {
  const reading = await readPage(`${marketplace.url}/quotes/XAUUSD`, "quote");
  const [quote] = reading.quotes ?? [];
  expect(reading).toMatchObject({ page: "quote", state: "ok", items: [] });
  expect(quote).toEqual({ symbol: "XAUUSD", text: quote?.amount, amount: quote?.amount, currency: "USD" });
  expect(quote?.amount).toMatch(/^\d+\.\d\d$/);
});

test("a page whose markup has new names is changed", async () => {
  const search = await fetchPage(`${marketplace.url}/search?q=lamp`);
  const listing = await fetchPage(`${marketplace.url}/item/lamp-1`);
  const renamed = (page: PageInput) => ({
    ...page,
    html: page.html.replaceAll("card-title", "c7").replaceAll('"price"', '"p3"'),
  });
  const source = createSampleSource(null);
  expect(source.read(renamed(search), "search").state).toBe("changed");
  expect(source.read(renamed(listing), "listing").state).toBe("changed");
  expect(source.read(listing, "quote").state).toBe("changed");
});

test("no damage to a page makes reading it throw", async () => {
  const source = createSampleSource(null);
  for (const [kind, path] of [
    ["search", "/search?q=lamp"],
    ["listing", "/item/lamp-1"],
  ] as const) {
    const page = await fetchPage(marketplace.url + path);
    const position = fc.nat(page.html.length);
    fc.assert(
      fc.property(position, position, fc.string(), (from, to, inserted) => {
        const html = page.html.slice(0, from) + inserted + page.html.slice(to);
        expect(source.read({ ...page, html }, kind).source).toBe("sample");
      }),
      { numRuns: 200 },
    );
  }
});
