import { expect, test } from "vitest";
import { decodeHtml, parseHtml, readStructuredOffer, textOf } from "./index.ts";

test("a page is decoded by its mark, then by what it declares, then as UTF-8", () => {
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("<p>€", "utf16le")]);
  const declared = Buffer.concat([
    Buffer.from('<meta charset="windows-1251"><p>'),
    Buffer.from([0xf6, 0xe5]),
  ]);
  const unknown = Buffer.from('<meta charset="klingon-8"><p>€');
  expect(decodeHtml(utf16)).toBe("<p>€");
  expect(decodeHtml(Buffer.from("\ufeff<p>€"))).toBe("<p>€");
  expect(decodeHtml(declared)).toContain("<p>це");
  expect(decodeHtml(Buffer.from("<p>€"))).toBe("<p>€");
  expect(decodeHtml(unknown)).toContain("<p>€");
  expect(decodeHtml(Buffer.from('<meta charset="utf-16"><p>€'))).toContain("<p>€");
});

test("a page nested deeper than any real one is not parsed", () => {
  expect(parseHtml("<div>".repeat(100) + "deep")?.("div").length).toBe(100);
  expect(parseHtml("<div>".repeat(1_000))).toBeNull();
});

test("text is read without line breaks and marks of no width", () => {
  const html = parseHtml("<p> EUR\u00a0\n 17,72\u200b <b>\u2063bis</b></p>");
  expect(html && textOf(html("p"))).toBe("EUR 17,72 bis");
});

test("a product's offer is read from JSON-LD, also in a graph, and broken JSON-LD says nothing", () => {
  const offerIn = (json: string) => {
    const html = parseHtml(`<script type="application/ld+json">${json}</script>`);
    return html && readStructuredOffer(html).jsonLd;
  };
  const product = '{"@type":"Product","offers":{"price":12.5,"priceCurrency":"EUR"}}';
  const expected = { price: "12.5", currency: "EUR", availability: null, condition: null };
  expect(offerIn(product)).toEqual(expected);
  expect(offerIn(`[{"@type":"BreadcrumbList"},${product}]`)).toEqual(expected);
  expect(offerIn(`{"@graph":[${product}]}`)).toEqual(expected);
  expect(offerIn('{"@type":["Product","Car"],"offers":[{"price":"3","availability":"InStock"}]}')).toEqual({
    ...expected,
    price: "3",
    currency: null,
    availability: "InStock",
  });
  expect(offerIn(`/*<![CDATA[*/ ${product.replace("EUR", "E\nUR")} /*]]>*/`)?.price).toBe("12.5");
  for (const silent of ["{", "null", "3", '{"@type":"Product"}', '{"@type":"Product","offers":[null]}']) {
    expect(offerIn(silent)).toBeNull();
  }
});

test.each([
  ["the lowest of several offers is nobody's price", { lowPrice: 5, highPrice: 9, offerCount: 7 }, undefined],
  ["nor is it where nothing else is said", { lowPrice: 5 }, undefined],
  [
    "where it is the highest too, it is the price",
    { lowPrice: "5.00", highPrice: "5.00", offerCount: 3 },
    "5.00",
  ],
  ["where there is one offer, it is the price", { lowPrice: 5, highPrice: 9, offerCount: 1 }, "5"],
  ["a price beside it is the price", { price: 6, lowPrice: 5, highPrice: 9 }, "6"],
])("of an AggregateOffer %s", (_, offers, price) => {
  const json = JSON.stringify({ "@type": "Product", offers: { "@type": "AggregateOffer", ...offers } });
  const html = parseHtml(`<script type="application/ld+json">${json}</script>`);
  expect(html && readStructuredOffer(html).jsonLd?.price).toBe(price);
});

test("JSON-LD that does not parse is skipped and counted", () => {
  const script = (json: string) => `<script type="application/ld+json">${json}</script>`;
  const html = parseHtml(
    script('{"@type":') +
      script(" ") +
      script("nonsense") +
      script('{"@type":"Product","offers":{"price":1}}'),
  );
  expect(html && readStructuredOffer(html)).toMatchObject({ brokenJsonLd: 2, jsonLd: { price: "1" } });
});

test("an offer is read from microdata and OpenGraph", () => {
  const html = parseHtml(`<meta property="product:price:amount" content="9.99">
    <meta property="product:price:currency" content="GBP">
    <span itemprop="price" content="1.99">GBP 1.99</span><link itemprop="availability" href="https://schema.org/InStock">`);
  const offers = html && readStructuredOffer(html);
  expect(offers?.openGraph).toMatchObject({ price: "9.99", currency: "GBP" });
  expect(offers?.microdata).toMatchObject({
    price: "1.99",
    currency: null,
    availability: "https://schema.org/InStock",
  });
});
