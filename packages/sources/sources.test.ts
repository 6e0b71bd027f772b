import { item as itemContract, listingDetails } from "@pricefleet/contracts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSources, sourcesEnvironment, sourcesOptions } from "./index.ts";

const sources = createSources({});
const searchAddress = "https://www.ebay.com/sch/i.html?_nkw=kettle";
const itemAddress = "https://www.ebay.com/itm/123456789012";

test("a source is found by its name; an unknown name is told the known ones", () => {
  expect(sources.byName("ebay").name).toBe("ebay");
  expect(() => sources.byName("ebya")).toThrow(
    /"ebya".*ebay, olx, amazon, mercari, yahoo-auctions, sample, json-api, tradingview, quote-page, product-page/,
  );
  expect(() => sources.byName("ebya")).toThrow(expect.objectContaining({ reason: "unknown-source" }));
});

test("no text of a reading holds what PostgreSQL refuses, a NUL or half of a surrogate pair", () => {
  const sample = createSources({ sampleBaseUrl: "https://shop.example" });
  const html = `<article class="listing" data-listing-id="a\0b"><section class="offer"><h1 class="title">A\0 \ud83d lamp</h1>
    <p class="price">$5.00</p></section><dl class="specifics"><dt>Co\0lour</dt><dd>Red\udc00</dd></dl></article>`;
  const reading = sample.read({ url: "https://shop.example/item/1", html, status: 200 });
  expect(reading.items).toMatchObject([{ external_id: "ab", title: "A \ufffd lamp" }]);
  expect(reading.details?.specifics).toEqual({ Colour: "Red\ufffd" });
});

test("a source is found by an address of its site", () => {
  expect(sources.forUrl(searchAddress)?.name).toBe("ebay");
  expect(sources.forUrl("https://shop.example/1")?.name).toBe("product-page");
  expect(sources.forUrl("ftp://shop.example/1")).toBeNull();
  expect(sources.forUrl("not an address")).toBeNull();
});

test("an address that no source knows is changed, and says so", () => {
  const reading = sources.read({ url: "ftp://shop.example/1", html: "<p>£1</p>", status: 200 });
  expect(reading).toMatchObject({ state: "changed", source: null, page: "listing", items: [] });
  expect(reading.reason).toContain("shop.example");
});

test("a wall is known for what it is even at an unknown site", () => {
  const html = "<title>Access Denied</title>";
  expect(sources.read({ url: "https://shop.example/1", html, status: null }).state).toBe("blocked");
});

test("a page of a known site that is neither search nor listing is changed", () => {
  const reading = sources.read({ url: "https://www.ebay.com/help/home", html: "<h1>Help</h1>", status: 200 });
  expect(reading).toMatchObject({ state: "changed", source: "ebay" });
});

test("a removed page gives no item though an old copy of it comes along", () => {
  expect(sources.read({ url: itemAddress, html: "<h1 id=itemTitle>Kettle</h1>", status: 410 }).state).toBe(
    "gone",
  );
});

test("a mirror's pages are eBay's pages", () => {
  const mirrored = createSources(
    sourcesOptions(sourcesEnvironment.parse({ EBAY_BASE_URL: "http://127.0.0.1:4001" })),
  );
  expect(mirrored.forUrl("http://127.0.0.1:4001/itm/123456789012")?.name).toBe("ebay");
  expect(mirrored.forUrl("http://127.0.0.1:4002/itm/123456789012")?.name).toBe("product-page");
  expect(sources.forUrl("http://127.0.0.1:4001/itm/123456789012")?.name).toBe("product-page");
});

/** Pieces of the sites' markup that the extractors look for, cut where it hurts. */
const scraps = `
  <ul id=srp-river-results> | <li class=s-item> | <li class="s-card"> | </li> | <a href=/itm/ | 123456789012> | </a>
  <span class=s-item__price> | <span class=s-card__price> | <div class=s-card__attribute-row> | </span> | </div>
  <div class=s-card__title> | <div class=s-item__title> | Kettle | EUR 1,00 | bis | $ | 1e999 | NaN | 9999999999999999999
  <h1 id=itemTitle> | <span id=prcIsum> | <h1 class=x-item-title__mainTitle> | <div class=x-price-primary> | </h1>
  "endTime":9999999999999 | <span itemprop=price content= | <script type="application/ld+json"> | </script>
  <div data-cy="l-card"> | <a href=/d/oferta/a-IDSgrLt.html> | <p data-testid=ad-price> | 1 500 у.е. | <h6>Zamienię
  <div data-testid=offer_title> | <div data-testid=ad-price-container> | <span data-testid=total-count>0
  <script>window.__PRERENDERED_STATE__= " | {\\"listing\\":{\\"listing\\":{\\"ads\\":[ | {\\"ad\\":{\\"ad\\":{ | \\"id\\":5,\\"title\\":\\"a\\" | }]}}}";
  <div data-component-type=s-search-result data-asin=B000000001> | <h2> | <span class=a-price> | <span class=a-offscreen>€1 | <span id=productTitle>
  <li class=Product> | <a class=Product__titleLink data-auction-id=g1000000001> | <span class=Product__price> | <span class=Product__priceValue>1円
  <div data-testid=price> | ¥1,000 | <meta name=product:price:amount content=1> | <meta name=product:price:currency content=JPY>
  {"@type":"Product" | ,"offers":[null]} | <title> | Login | <div class=d-statusmessage> | sold`
  .split(/[|\n]/)
  .map((scrap) => scrap.trim());

/** What the readers of structured data, embedded state and visible prices look for. */
const productScraps = `
  <script type="application/ld+json"> | </script> | <script type="application/json"> | <script>window.__STATE__= | {"@graph":[ | ]}
  {"@type":"Product","name":"Kettle","offers": | {"price":"1e999","priceCurrency":"EU"} | {"lowPrice":5,"highPrice":9,"offers":[{}]}
  {"name":"Kettle","price":{"value":1299},"variants":[],"price_min":1} | [{"price":"19,90","priceSpecification":[null,{"price":{}}]}]
  {"@id":"#a","offers":{"@id":"#a"}} | ,"hasVariant":[{"offers":{"@id":"x"}}] | } | ] | , | ;
  <div itemscope itemtype=https://schema.org/Product itemref="a b"> | <div id=a itemprop=offers itemscope> | <b itemprop=price>
  <div typeof=schema:Product> | <i property=price content=99999999999999999999999> | <meta property=product:price:amount content="-1">
  <h1>Kettle</h1> | <title>Kettle</title> | <button>Add to cart</button> | <del> | </del> | <p class=price> | </p> | </div>
  £19<sup>99</sup> | 1.299,00 € | $0.00 | 12 x 9,99 € | Sold | Out of stock | <link rel=canonical href=//x> | <html lang=de>`
  .split(/[|\n]/)
  .map((scrap) => scrap.trim());

/** FUZZ_RUNS asks for more than there is time for in every test, each time of another kind. */
const fuzz =
  process.env["FUZZ_RUNS"] === undefined
    ? { seed: 20261122, numRuns: 2_000 }
    : { numRuns: Number(process.env["FUZZ_RUNS"]) };

describe("any bytes end in a state", { timeout: 600_000 }, () => {
  const addresses = [
    searchAddress,
    itemAddress,
    "http://127.0.0.1:30081/search?q=a",
    "https://shop.example/",
    "https://www.olx.pl/oferty/q-a/",
    "https://www.olx.ua/d/uk/obyavlenie/a-IDSgrLt.html",
    "https://www.amazon.de/s?k=a",
    "https://www.amazon.com/dp/B000000001",
    "https://jp.mercari.com/item/m10000000001",
    "https://auctions.yahoo.co.jp/search/search?p=a",
  ];
  const readEverywhere = (html: string) =>
    addresses.map((url) => sources.read({ url, html, status: null }).state);

  test.each([
    ["nothing", ""],
    ["a million open tags", "<div>".repeat(1_000_000)],
    ["a million open cards", '<li class="s-item"><a href="/itm/123456789012">x'.repeat(100_000)],
    ["a million empty cards", "<li class=s-item></li>".repeat(1_000_000)],
    ["a million attributes", `<p ${Array.from({ length: 1_000_000 }, (_, i) => `a${i}`).join(" ")}>`],
    ["a million brackets", "<".repeat(1_000_000)],
    ["a million titles", "<title".repeat(1_000_000)],
    ["a million inputs behind a login title", `<title>Login</title>${"<input ".repeat(1_000_000)}`],
    ["a million spaces", `<title>${" ".repeat(1_000_000)}`],
    ["JSON-LD of a million brackets", `<script type="application/ld+json">${"[".repeat(1_000_000)}</script>`],
    ["JSON-LD of a million slashes", `<script type="application/ld+json">${"/".repeat(1_000_000)}</script>`],
    ["a state of a million open objects", `<script>pric${'={"a'.repeat(1_000_000)}</script>`],
    ["a million references", `<div itemscope itemref="${"a ".repeat(1_000_000)}">`],
    ["a state of a million quotes", `window.__PRERENDERED_STATE__= "${'\\\\"'.repeat(1_000_000)}`],
    ["zero bytes", "\u0000".repeat(1_000_000)],
    [
      "bytes that are no text",
      Buffer.from(Array.from({ length: 65_536 }, (_, i) => i % 251)).toString("latin1"),
    ],
  ])("%s", (_, html) => {
    const states = readEverywhere(html);
    expect(states).not.toContain("ok");
  });

  test("any mixture of the sites' markup and rubbish", () => {
    const piece = fc.oneof(fc.constantFrom(...scraps), fc.string({ unit: "binary", maxLength: 20 }));
    const url = fc.constantFrom(...addresses, "", "https://ebay.com/itm/%E0%A4%A/123456789012");
    const status = fc.constantFrom(null, 200, 404, 500);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), url, status, (pieces, url, status) => {
        const reading = sources.read({ url, html: pieces.join(""), status });
        expect(reading.state === "ok").toBe(reading.items.length > 0);
      }),
      fuzz,
    );
  });

  test("any mixture of product markup and rubbish, at any address of the web", () => {
    const piece = fc.oneof(fc.constantFrom(...productScraps), fc.string({ unit: "binary", maxLength: 20 }));
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.webUrl({ withQueryParameters: true }),
        (pieces, url) => {
          const reading = sources.read({ url, html: pieces.join(""), status: 200 });
          expect(reading.state === "ok").toBe(reading.items.length === 1);
          for (const item of reading.items) expect(itemContract.safeParse(item).success).toBe(true);
          expect(listingDetails.nullable().safeParse(reading.details).success).toBe(true);
        },
      ),
      fuzz,
    );
  });
});
