import { describe, expect, test } from "vitest";
import { createProductPageSource } from "./index.ts";

const source = createProductPageSource();
const address = "https://shop.example/kettle";
const read = (html: string, url = address) => source.read({ url, html, status: 200 }, "listing");
const itemOf = (html: string) => read(html).items[0];
const jsonLd = (data: unknown) => `<script type="application/ld+json">${JSON.stringify(data)}</script>`;
const kettle = {
  "@type": "Product",
  name: "Kettle",
  brand: { "@type": "Brand", name: "Acme" },
  gtin13: "4006381333931",
  sku: "K-1",
  offers: { "@type": "Offer", price: 19.9, priceCurrency: "EUR", availability: "https://schema.org/InStock" },
};

describe("what is marked up", () => {
  test("JSON-LD gives the product with brand, GTIN and SKU", () => {
    const reading = read(jsonLd(kettle));
    expect(reading).toMatchObject({
      state: "ok",
      details: { brand: "Acme", gtin: "4006381333931", sku: "K-1" },
    });
    expect(reading.items).toMatchObject([
      {
        title: "Kettle",
        amount: "19.9",
        currency: "EUR",
        availability: "in-stock",
        methods: { "json-ld": "19.9" },
      },
    ]);
  });

  test("JSON-LD is read in graphs, by reference, with comments, line breaks in texts and trailing commas", () => {
    const byReference = [
      { ...kettle, offers: { "@id": "#o" } },
      { "@id": "#o", "@type": "Offer", price: "5.00" },
    ];
    expect(itemOf(jsonLd({ "@graph": byReference }))?.amount).toBe("5.00");
    const sloppy = `/*<![CDATA[*/ {"@type":"Product","name":"Ket\ntle","offers":[{"price":"7.50",},]} /*]]>*/`;
    expect(itemOf(`<script type="application/ld+json">${sloppy}</script>`)?.amount).toBe("7.50");
  });

  test("JSON-LD that does not parse is skipped, and counted where nothing else is found", () => {
    const broken = '<script type="application/ld+json">{"@type":</script>';
    expect(itemOf(broken + jsonLd(kettle))?.amount).toBe("19.9");
    expect(read(broken + jsonLd(kettle)).broken_json_ld).toBe(1);
    expect(read(broken + broken)).toMatchObject({ state: "changed", broken_json_ld: 2 });
    expect(read(broken + broken).reason).toContain("2 of its JSON-LD scripts do not parse");
  });

  test("an AggregateOffer is a range, and the cheapest of several offers that can be bought is the price", () => {
    const range = { "@type": "AggregateOffer", lowPrice: "10", highPrice: "30", priceCurrency: "USD" };
    expect(itemOf(jsonLd({ ...kettle, offers: range }))).toMatchObject({ amount: "10", amount_max: "30" });
    const several = [{ price: 9 }, { price: 8 }, { price: 1, availability: "SoldOut" }];
    expect(itemOf(jsonLd({ ...kettle, offers: several }))?.amount).toBe("8");
  });

  test("a struck-through specification is the list price; a price by measure is none", () => {
    const priceSpecification = [
      { price: 25, priceType: "https://schema.org/StrikethroughPrice" },
      { price: 2, referenceQuantity: { value: 100 } },
      { price: 20, priceCurrency: "EUR" },
    ];
    expect(itemOf(jsonLd({ ...kettle, offers: { priceSpecification } }))).toMatchObject({
      amount: "20",
      list_price: "25",
    });
  });

  test("microdata with itemref, RDFa and product tags say the same in their ways", () => {
    const microdata = `<div itemscope itemtype="https://schema.org/Product" itemref="o"><b itemprop="name">Kettle</b></div>
      <div id="o" itemprop="offers" itemscope><meta itemprop="price" content="3.00"><meta itemprop="priceCurrency" content="GBP"></div>`;
    expect(itemOf(microdata)).toMatchObject({
      amount: "3.00",
      currency: "GBP",
      methods: { microdata: "3.00" },
    });
    const rdfa = `<div vocab="https://schema.org/" typeof="Product"><b property="name">Kettle</b><div property="offers" typeof="Offer">
      <i property="price">4.00</i><i property="priceCurrency" content="PLN"></i></div></div>`;
    expect(itemOf(rdfa)).toMatchObject({ amount: "4.00", currency: "PLN", methods: { rdfa: "4.00" } });
    const tags = `<meta property="og:title" content="Kettle"><meta property="product:price:amount" content="6.00">
      <meta property="product:sale_price:amount" content="5.00"><meta property="product:price:currency" content="EUR">`;
    expect(itemOf(tags)).toMatchObject({
      amount: "5.00",
      list_price: "6.00",
      methods: { opengraph: "5.00" },
    });
  });

  test("variants of a product group have their own prices, and the cheapest that can be bought is the product's", () => {
    const hasVariant = [
      {
        "@type": "Product",
        name: "Red",
        sku: "R",
        gtin13: "4006381333931",
        offers: { price: 20, availability: "OutOfStock" },
      },
      {
        "@type": "Product",
        name: "Blue",
        sku: "B",
        offers: { price: 22, priceCurrency: "EUR", availability: "InStock" },
      },
    ];
    const reading = read(jsonLd({ "@type": "ProductGroup", name: "Kettle", hasVariant }));
    expect(reading.items).toMatchObject([{ amount: "22", currency: "EUR" }]);
    expect(reading.details?.variants).toEqual([
      { name: "Red", sku: "R", gtin: "4006381333931", amount: "20", availability: "out-of-stock" },
      { name: "Blue", sku: "B", gtin: null, amount: "22", availability: "in-stock" },
    ]);
  });

  test("an offer without a price still says that the thing is out of stock", () => {
    const offers = { price: 0, availability: "https://schema.org/OutOfStock" };
    expect(itemOf(jsonLd({ ...kettle, offers }))).toMatchObject({
      amount: null,
      availability: "out-of-stock",
    });
  });

  test("GTIN, brand, list price and availability are read from microdata, RDFa and tags too", () => {
    const micro = `<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Kettle</b><i itemprop="gtin13">4006381333931</i>
      <i itemprop="brand">Acme</i><div itemprop="offers" itemscope><meta itemprop="price" content="3"><link itemprop="availability" href="https://schema.org/OutOfStock"></div></div>`;
    const rdfa = `<div vocab="https://schema.org/" typeof="Product"><b property="name">Kettle</b><meta property="gtin13" content="4006381333931">
      <i property="brand" typeof="Brand"><b property="name">Acme</b></i><div property="offers" typeof="Offer"><i property="price">3</i><link property="availability" href="https://schema.org/OutOfStock"></div></div>`;
    const tags = `<meta property="og:title" content="Kettle"><meta property="product:price:amount" content="3"><meta property="product:original_price:amount" content="5">
      <meta property="product:ean" content="4006381333931"><meta property="product:brand" content="Acme"><meta property="product:availability" content="out of stock">`;
    for (const html of [micro, rdfa, tags]) {
      const { items, details } = read(html);
      expect(items).toMatchObject([{ amount: "3", availability: "out-of-stock" }]);
      expect(details).toMatchObject({ brand: "Acme", gtin: "4006381333931" });
    }
    expect(itemOf(tags)?.list_price).toBe("5");
  });
});

describe("what is seen", () => {
  const page = (offer: string) => `<nav>$1.00</nav><main><h1>Kettle</h1>${offer}</main>
    <div class="related-products"><p class="price">$2.00</p></div>`;

  test("the price beside the heading and the buy button, not savings, shipping, instalments or other products", () => {
    const offer = `<span>You save:</span><b>$5.00</b><del>$24.99</del><p class="price">$19<sup>99</sup></p>
      <p>Shipping:</p><p>$3.00</p><p>12 x $1.80</p><button>Add to cart</button>`;
    expect(itemOf(page(offer))).toMatchObject({
      amount: "19.99",
      list_price: "24.99",
      availability: "in-stock",
      methods: { adapter: "19.99" },
    });
  });

  test("numbers of neighbours are not one number, and a price after a long heading is found", () => {
    const auction = "<div><span class=price>$200</span><span>2 bids</span></div>";
    expect(itemOf(page(auction))?.amount).toBe("200");
    const heading =
      "<div><div><h1>Slatted frame, a kit, 140 cm wide</h1></div>\n <div class=price> <b>€ <i>206,-</i></b> <i>Fixed</i></div></div>";
    expect(itemOf(`<html lang="de"><main>${heading}</main>`)).toMatchObject({
      amount: "206",
      currency: "EUR",
    });
  });

  test("a product that is sold out keeps a null price; an article or a list is changed", () => {
    expect(itemOf(page("<p>Currently unavailable</p>"))).toMatchObject({
      amount: null,
      availability: "out-of-stock",
    });
    expect(read(page("<p>On the history of kettles.</p>"))).toMatchObject({ state: "changed", items: [] });
    const list = [kettle, { ...kettle, name: "Pot" }].map(jsonLd).join("");
    expect(read(`<h1>All for tea</h1>${list}`)).toMatchObject({ state: "changed", items: [] });
  });

  test("a page whose title says that it is missing is gone", () => {
    expect(read("<title>404 - Page not found</title>").state).toBe("gone");
  });
});

describe("which methods are believed", () => {
  test("the amount that most say, else the most trusted; the others' stay to be seen", () => {
    const tag = (amount: string) => `<meta property="product:price:amount" content="${amount}">`;
    const seen = '<h1>Kettle</h1><p class="price">€ 15.00</p>';
    expect(itemOf(jsonLd(kettle) + tag("15.00") + seen)).toMatchObject({
      amount: "15.00",
      methods: { "json-ld": "19.9", opengraph: "15.00", adapter: "15.00" },
      disagreed: [{ method: "json-ld", amount: "19.9", currency: "EUR" }],
    });
    expect(itemOf(jsonLd(kettle) + tag("15.00"))?.amount).toBe("19.9");
  });
});

describe("addresses", () => {
  test("tracking goes, what chooses the thing stays, and a search is one target without a page", () => {
    const url = `${address}/?utm_source=x&size=M&gclid=1&colour=red#reviews`;
    expect(source.searchUrl({ term: null, url }, 1)).toBe(`${address}/?colour=red&size=M`);
    expect(source.readSearch?.({ term: null, url }).items).toMatchObject([
      {
        external_id: "shop.example/kettle?colour=red&size=M",
        url: `${address}/?colour=red&size=M`,
        amount: null,
      },
    ]);
  });

  test.each(["kettle", "ftp://shop.example/kettle"])("%s is no product's address", (url) => {
    expect(() => source.searchUrl({ term: null, url }, 1)).toThrow(/no address of a product's page/);
    expect(() => source.searchUrl({ term: url, url: null }, 1)).toThrow(
      expect.objectContaining({ reason: "bad-search" }),
    );
  });
});
