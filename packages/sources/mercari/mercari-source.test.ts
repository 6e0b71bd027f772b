import { expect, test } from "vitest";
import { createMercariSource } from "./index.ts";

const mercari = createMercariSource(null);
const address = "https://jp.mercari.com/item/m10000000001";
const read = (html: string, url = address) => mercari.read({ url, html, status: 200 }, "listing");
const tags = `<title>青いやかん - メルカリ</title><meta property="og:title" content="青いやかん by メルカリ">
  <meta name="product:price:currency" content="JPY"><meta name="product:price:amount" content="14880">
  <meta property="og:image" content="https://img.example/1.jpg">`;

test("the page as the server sends it gives title and price; whether it is sold is not known", () => {
  expect(read(tags).items).toMatchObject([
    {
      external_id: "m10000000001",
      url: address,
      title: "青いやかん",
      amount: "14880",
      currency: "JPY",
      availability: null,
      image_url: "https://img.example/1.jpg",
      methods: { opengraph: "14880" },
    },
  ]);
});

test("the page as a browser fills it in gives all that it prints", () => {
  const html = `${tags}<main><div data-testid="name"><h1>青いやかん</h1></div><div data-testid="price"><span>¥</span><span>14,880</span></div>
    <div data-testid="checkout-button"><button>売り切れました</button></div><span data-testid="商品の状態">目立った傷や汚れなし</span>
    <span data-testid="配送料の負担">送料込み(出品者負担)</span><span data-testid="発送元の地域">東京都</span><pre data-testid="description">美品</pre></main>`;
  const reading = read(html);
  expect(reading.items).toMatchObject([
    {
      amount: "14880",
      currency: "JPY",
      shipping: "0",
      condition: "目立った傷や汚れなし",
      availability: "sold",
      ended: true,
      methods: { adapter: "14880", opengraph: "14880" },
    },
  ]);
  expect(reading.details).toMatchObject({ description: "美品", location: "東京都" });
});

test("what is shown to a visitor from abroad is converted, and not the seller's price", () => {
  const [item] = read(
    `${tags}<div data-testid="price">BRL1,329.22</div><div data-testid="checkout-button">Buy now</div>`,
  ).items;
  expect(item).toMatchObject({
    amount: "14880",
    currency: "JPY",
    availability: "in-stock",
    methods: { opengraph: "14880" },
  });
});

test("an item that is missing is gone, and a page without a price is changed", () => {
  expect(read("<title>ページが見つかりません - メルカリ</title>").state).toBe("gone");
  expect(read("<title>メルカリ</title>").state).toBe("changed");
  expect(read("").state).toBe("changed");
});

test("an item is found by its address in any language, and by nothing else", () => {
  const search = (url: string | null, term: string | null = null) => mercari.readSearch?.({ url, term });
  expect(search("https://jp.mercari.com/en/item/m10000000001?afid=1")).toMatchObject({
    state: "ok",
    items: [{ external_id: "m10000000001", url: address }],
  });
  expect(mercari.matches(new URL("https://jp.mercari.com/shops/product/abc"))).toBe(false);
  expect(mercari.kindOf(new URL("https://jp.mercari.com/search?keyword=a"))).toBeNull();
  for (const given of ["https://jp.mercari.com/search?keyword=a", "https://shop.example/item/m10000000001"]) {
    expect(() => search(given)).toThrow(/jp\.mercari\.com\/item\/m\d+/);
  }
  expect(() => search(null, "やかん")).toThrow(expect.objectContaining({ reason: "bad-search" }));
});
