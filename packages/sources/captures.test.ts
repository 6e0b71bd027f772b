import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  addressOf,
  blockedPages,
  capturesDir,
  ebayTruth,
  hasCaptures,
  measureEbay,
  measureOlx,
  olxTruth,
  readCapture,
} from "../../test/captures/index.ts";
import { benchmarkPages, judge, readBenchmarkPage } from "../../test/captures/product-benchmark.ts";
import { createSources, detectPageState } from "./index.ts";

const sources = createSources({});

const readSaved = (file: string) =>
  sources.read({ url: addressOf(file), html: readCapture(file), status: null });

const pagesIn = (folder: string): string[] =>
  hasCaptures
    ? readdirSync(join(capturesDir, folder))
        .filter((name) => /\.html(\.gz)?$/.test(name))
        .map((name) => `${folder}/${name}`)
    : [];

describe.skipIf(!hasCaptures)("on a page that TradingView sent", () => {
  test("each symbol has the value that a person reads beside it, and none where there is none", () => {
    const file = "tradingview/2022-07-markets-overview.html";
    const { page, state, quotes = [] } = readSaved(file);
    expect({ page, state }).toEqual({ page: "quote", state: "ok" });
    // Read off the markup by position, not by the code under test.
    const printed = new Map<string, string>();
    for (const [, symbol = "", row = ""] of readCapture(file).matchAll(
      /js-quote-ticker[^"]*" data-symbol="([^"]+)"([^]*?js-symbol-last[^>]*>[^<]*)/g,
    )) {
      const text = row.slice(row.lastIndexOf(">") + 1).replace("&nbsp;", "");
      if (!printed.get(symbol)) printed.set(symbol, text);
    }
    expect(printed.size).toBe(125);
    expect(quotes.map(({ symbol, text }) => [symbol, text])).toEqual([...printed]);
    const read = quotes.filter(({ amount }) => amount !== null);
    expect(read).toHaveLength(40);
    for (const { symbol, text, amount, currency } of read) {
      expect([symbol, amount, currency]).toEqual([symbol, text === "904.465B" ? "904465000000" : text, null]);
    }
    expect(quotes.every(({ text, amount }) => (text === "") === (amount === null))).toBe(true);
  });
});

describe.skipIf(!hasCaptures)("on pages that eBay sent", () => {
  test.each(pagesIn("ebay"))("%s: every item is found, nothing else, at the seller's price", (file) => {
    const reading = readSaved(file);
    const measure = measureEbay(reading.items, ebayTruth(file));
    expect(reading.state).toBe("ok");
    expect(measure).toMatchObject({ found: measure.known, right: measure.known, invented: [], wrong: [] });
  });

  test("sold listings are sold and ended, auctions whose time is over have ended", () => {
    const sold = readSaved("ebay/2026-05-srp-com-vw-beetle.html").items;
    expect(new Set(sold.map((item) => item.availability))).toEqual(new Set(["sold"]));

    const file = "ebay/2026-07-srp-com-pokemon-a.html";
    const ended = readSaved(file).items.filter((item) => item.ended);
    const truth = ebayTruth(file).filter((item) => item.ended);
    expect(ended.map((item) => item.external_id)).toEqual(truth.map((item) => item.item_id));
  });

  test("an item's page gives what the visitor's conversion hides", () => {
    const [converted] = readSaved("ebay/2025-06-item-com-rtx5090.html").items;
    expect(converted).toMatchObject({
      currency: "EUR",
      shipping: "150.00",
      condition: "New",
      seller: "salomon0651",
      methods: { adapter: "3500.00", "json-ld": "3971.45" },
    });
    const pounds = readSaved("ebay/2020-item-com-21e7.html");
    expect(pounds.items[0]).toMatchObject({ amount: "1.99", currency: "GBP", shipping: "8.75" });
    expect(pounds.details).toMatchObject({
      location: "dudley, United Kingdom",
      ends_at: "2021-01-02T11:27:57.000Z",
      seller_feedback_count: 8116,
      seller_feedback_percent: 99.5,
      specifics: { Type: "Blood", Theme: "Halloween" },
    });
    expect(pounds.details?.images).toHaveLength(10);
  });

  test("an auction that ended with bids is sold at its winning bid", () => {
    const [item] = readSaved("ebay/2020-item-ie-5cea.html").items;
    expect(item).toMatchObject({ amount: "5100.00", bids: 47, ended: true, availability: "sold" });
  });
});

describe.skipIf(!hasCaptures)("on pages that OLX sent", () => {
  test.each(pagesIn("olx"))("%s: every ad is found, nothing else, at its printed price", (file) => {
    const reading = readSaved(file);
    const measure = measureOlx(reading.items, olxTruth(file));
    expect(reading.state).toBe("ok");
    expect(measure).toMatchObject({ found: measure.known, right: measure.known, invented: [], wrong: [] });
    expect(reading.items.every((item) => item.match === "exact")).toBe(true);
  });

  test("cards and the embedded state each have their say, and agree", () => {
    for (const file of ["olx/2023-01-srp-pl-wynajem.html", "olx/2025-07-srp-pl-a.html"]) {
      const { items } = readSaved(file);
      const said = items.map(({ methods }) => [methods.adapter, methods["embedded-state"]]);
      expect(said).toEqual(items.map(({ amount }) => [amount, amount]));
    }
  });

  test("ads of a sister site have their number on OLX and the address of their own page", () => {
    const { items } = readSaved("olx/2023-01-srp-pl-wynajem.html");
    const sisters = items.filter((item) => item.url.startsWith("https://www.otodom.pl/"));
    expect(sisters).toHaveLength(13);
    expect(sisters.every((item) => /^\d{9}-pl$/.test(item.external_id))).toBe(true);
  });

  test("an ad's page gives all that it tells", () => {
    const { items, details } = readSaved("olx/2026-05-ad-uz-owner.html");
    expect(items).toMatchObject([
      {
        external_id: "58943283-uz",
        amount: "4500000",
        currency: "UZS",
        best_offer: true,
        seller: "azizjonisxakov0",
        methods: { adapter: "4500000", "embedded-state": "4500000", "json-ld": "4500000" },
      },
    ]);
    expect(details).toMatchObject({
      description: "С ремонтом Поблизости есть школа и базар Куйлук",
      location: "Ташкент, Бектемирский район",
      posted_at: "2025-03-16T11:51:58.000Z",
      ends_at: "2026-06-09T11:51:59.000Z",
      specifics: { "Количество комнат": "2", Ремонт: "Евроремонт" },
    });
    expect(details?.images).toHaveLength(7);
  });
});

test.skipIf(!hasCaptures)(
  "of a benchmark's product pages nine in ten prices are right, and none is invented",
  () => {
    const judged = benchmarkPages().map((page) =>
      judge(
        page,
        sources.read(
          { url: page.url, html: readBenchmarkPage(page), status: null },
          sources.byName("product-page"),
        ),
      ),
    );
    const priced = judged.filter(({ price }) => price !== null);
    const wrong = priced.filter(({ price }) => price === false).map(({ line }) => line);
    expect(wrong.length / priced.length, wrong.join("\n")).toBeLessThanOrEqual(0.1);
    const asAnnotated = priced.filter(({ priceAsAnnotated }) => priceAsAnnotated);
    expect(asAnnotated.length / priced.length).toBeGreaterThanOrEqual(0.9);
    expect(judged.filter(({ invented }) => invented)).toEqual([]);
    expect(judged.filter(({ currency }) => currency === false).length).toBeLessThanOrEqual(2);
  },
  60_000,
);

describe.skipIf(!hasCaptures)("the votes on pages that were really sent", () => {
  test("a price that a site converts for the visitor is kept beside the seller's, which is trusted less for it", () => {
    const [rtx] = readSaved("ebay/2025-06-item-com-rtx5090.html").items;
    expect(rtx).toMatchObject({
      amount: "3500.00",
      currency: "EUR",
      disagreed: [{ method: "json-ld", amount: "3971.45", currency: "USD" }],
    });
    const [pounds] = readSaved("ebay/2020-item-com-21e7.html").items;
    expect(pounds).toMatchObject({ amount: "1.99", currency: "GBP", disagreed: [] });
    expect(pounds?.confidence).toBeGreaterThan(rtx?.confidence ?? 1);
  });

  test("of shops' prices no wrong one is as sure as nine in ten", () => {
    const wrong = benchmarkPages().flatMap((page) => {
      const input = { url: page.url, html: readBenchmarkPage(page), status: null };
      const reading = sources.read(input, sources.byName("product-page"));
      const { price, line } = judge(page, reading);
      const confidence = reading.items[0]?.confidence ?? 0;
      return price === false && confidence >= 0.9 ? [`${line} at ${confidence}`] : [];
    });
    expect(wrong).toEqual([]);
  }, 60_000);
});

describe.skipIf(!hasCaptures)("on pages served in place of what was asked for", () => {
  test.each(hasCaptures ? blockedPages() : [])("$file is $state and gives no item", ({ file, state }) => {
    expect(readSaved(file)).toMatchObject({ state, items: [] });
  });
});

describe.skipIf(!hasCaptures)("on pages that were really sent", () => {
  const folders = [
    "ebay",
    "olx",
    "product",
    "product/zyte-benchmark/html",
    "marketplace-other",
    "tradingview",
  ];
  const files = folders.flatMap(pagesIn);
  test("there are some, zipped ones too", () => {
    expect(folders.filter((folder) => pagesIn(folder).length === 0)).toEqual([]);
    expect(files.some((file) => file.endsWith(".gz"))).toBe(true);
  });
  test.each(files)("%s is not taken for a wall", (file) => {
    expect(detectPageState({ html: readCapture(file), status: null })).toBeNull();
  });
});
