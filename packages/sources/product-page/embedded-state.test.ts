import { describe, expect, test } from "vitest";
import { createProductPageSource } from "./index.ts";

const source = createProductPageSource();
const address = "https://shop.example/kettle";
const read = (scripts: string) =>
  source.read({ url: address, html: `<h1>Steel kettle</h1>${scripts}`, status: 200 }, "listing");
const itemOf = (scripts: string) => read(scripts).items[0];
const json = (data: unknown, attributes = 'type="application/json"') =>
  `<script ${attributes}>${JSON.stringify(data)}</script>`;
const assigned = (data: unknown) => `<script>window.__STATE__ = ${JSON.stringify(data)};</script>`;

test("embedded state counts where an object has the page's own name beside a price", () => {
  const other = { name: "Red toaster", price: 1 };
  const own = { name: "Steel kettle", price: "12.00", currency: "EUR" };
  expect(itemOf(assigned({ products: [other, own] }))).toMatchObject({
    amount: "12.00",
    methods: { "embedded-state": "12.00" },
  });
  expect(read(assigned({ products: [other] })).state).toBe("changed");
});

describe("Shopify", () => {
  const product = {
    title: "Steel kettle",
    vendor: "Acme",
    price: 1999,
    price_min: 1999,
    compare_at_price: 2999,
    available: true,
    variants: [
      {
        title: "Red",
        public_title: "Red",
        sku: "K-R",
        price: 1999,
        available: false,
        barcode: "4006381333931",
      },
      { title: "Blue", public_title: "Blue", sku: "K-B", price: 2499, available: true, barcode: "" },
    ],
  };
  const currency = '<script>var Shopify = {}; Shopify.currency = {"active":"EUR","rate":"1.0"};</script>';

  test("writes hundredths, list price, brand and variants into its product, and the currency beside it", () => {
    const reading = read(json(product) + currency);
    expect(reading.items).toMatchObject([
      {
        title: "Steel kettle",
        amount: "19.99",
        list_price: "29.99",
        currency: "EUR",
        availability: "in-stock",
      },
    ]);
    expect(reading.details).toMatchObject({
      brand: "Acme",
      variants: [
        { name: "Red", sku: "K-R", gtin: "4006381333931", amount: "19.99", availability: "out-of-stock" },
        { name: "Blue", sku: "K-B", gtin: null, amount: "24.99", availability: "in-stock" },
      ],
    });
  });

  test("writes hundredths into the variants that it tells its own statistics as well", () => {
    const variant = { id: 11, price: 1999, name: "Steel kettle - Red", public_title: "Red", sku: "K-R" };
    const meta = `<script>var meta = ${JSON.stringify({ product: { id: 1, variants: [variant] } })};</script>`;
    expect(itemOf(meta)).toMatchObject({ title: "Steel kettle", amount: "19.99" });
  });
});

describe("Next.js", () => {
  const next = (product: object) =>
    json({ props: { pageProps: { product } } }, 'id="__NEXT_DATA__" type="application/json"');

  test("keeps the product among its page's properties", () => {
    const product = {
      name: "Steel kettle",
      brand: { name: "Acme" },
      gtin13: "4006381333931",
      originalPrice: 29.99,
      inStock: false,
    };
    const reading = read(next({ ...product, price: { current: { value: 19.99 }, currency: "GBP" } }));
    expect(reading.items).toMatchObject([
      { amount: "19.99", currency: "GBP", list_price: "29.99", availability: "out-of-stock" },
    ]);
    expect(reading.details).toMatchObject({ brand: "Acme", gtin: "4006381333931" });
  });

  test.each([
    ["a range", { priceRange: { minVariantPrice: { amount: "19.99", currencyCode: "USD" } } }],
    ["cents", { prices: [{ value: { centAmount: 1999, fractionDigits: 2, currencyCode: "USD" } }] }],
    ["several", { prices: { list: 25, current: { amount: 19.99, currency: "USD" } } }],
  ])("has its price as %s", (_, price) => {
    expect(itemOf(next({ name: "Steel kettle", ...price }))).toMatchObject({
      amount: "19.99",
      currency: "USD",
    });
  });

  test("streams it in pieces that may be cut anywhere", () => {
    const line = `1:"x"\n2a:["$","div",null,{"product":{"name":"Steel kettle","price":19.99,"currency":"EUR"}}]\n`;
    const pushes = [line.slice(0, 40), line.slice(40)].map(
      (chunk) => `<script>self.__next_f.push([1,${JSON.stringify(chunk)}])</script>`,
    );
    expect(itemOf(pushes.join(""))).toMatchObject({ amount: "19.99", currency: "EUR" });
  });
});

test.each([
  [
    "Nuxt",
    '<script>window.__NUXT__={"data":[{"product":{"name":"Steel kettle","finalPrice":19.99,"currency":"EUR"}}]};</script>',
  ],
  [
    "Apollo",
    '<script>window.__APOLLO_STATE__={"Product:1":{"name":"Steel kettle","price":{"amount":"19.99","currencyCode":"EUR"}}}</script>',
  ],
  [
    "a data layer",
    '<script>dataLayer.push({"ecommerce":{"items":[{"name":"Steel kettle","price":19.99,"currency":"EUR"}]}});</script>',
  ],
])("%s tells the price", (_, script) => {
  expect(itemOf(script)).toMatchObject({ amount: "19.99", currency: "EUR" });
});
