import { expect, test } from "vitest";
import { createYahooAuctionsSource } from "./index.ts";

const yahoo = createYahooAuctionsSource(null);
const address = "https://auctions.yahoo.co.jp/search/search?p=kettle";
const read = (html: string) => yahoo.read({ url: address, html, status: 200 }, "search");

const price = (label: string, text: string): string =>
  `<span class="Product__price"><span class="Product__label">${label}</span><span class="Product__priceValue">${text}</span></span>`;

interface Card {
  id?: string;
  prices?: string;
  postage?: string;
  bids?: string;
  icons?: string;
  time?: string;
  href?: string;
}

const card = ({
  id = "g1000000001",
  prices = price("現在", "1,000円"),
  postage = "＋送料580円",
  bids = "3",
  icons = "",
  time = "2日",
  href,
}: Card): string =>
  `<li class="Product"><div class="Product__image"><img class="Product__imageData" src="https://img.example/a.jpg?w=300"></div>
   <div class="Product__bonus" data-auction-id="${id}" data-auction-auc-seller-id="seller1"></div>
   <h3><a class="Product__titleLink" data-auction-id="${id}" data-auction-price="1000" href="${href ?? `/jp/auction/${id}?ref=x`}">やかん</a></h3>
   ${prices}<p class="Product__postage">${postage}</p><dd class="Product__bid">${bids}</dd><dd class="Product__time">${time}</dd>
   <div class="Product__icons">${icons}</div></li>`;
const tab = (count: string): string =>
  `<div class="Tab__item--current"><span class="Tab__subText">${count}</span></div><div class="Tab__item"><span class="Tab__subText">7件</span></div>`;
const next = '<li class="Pager__list Pager__list--next"><a href="/search/search?b=51">次へ</a></li>';

test("an auction gives bid, bids, shipping, seller and picture, and the page its count and its next page", () => {
  const reading = read(tab("1,330件") + card({}) + next);
  expect(reading).toMatchObject({ state: "ok", has_next_page: true, total_results: 1330 });
  expect(reading.items).toMatchObject([
    {
      external_id: "g1000000001",
      url: "https://auctions.yahoo.co.jp/jp/auction/g1000000001",
      title: "やかん",
      amount: "1000",
      currency: "JPY",
      buy_it_now: null,
      shipping: "580",
      bids: 3,
      availability: "in-stock",
      seller: "seller1",
      image_url: "https://img.example/a.jpg",
      methods: { adapter: "1000", "embedded-state": "1000" },
    },
  ]);
});

test("the price to buy at once stands beside the bid; alone it is a fixed price and no auction", () => {
  const both = price("現在", "14,800円") + price("即決", "23,800円");
  const fixed = price("即決", "889円");
  const { items } = read(
    card({ prices: both, bids: "0" }) + card({ id: "1000000002", prices: fixed, bids: "" }),
  );
  expect(items).toMatchObject([
    { amount: "14800", buy_it_now: "23800", bids: 0 },
    { external_id: "1000000002", amount: "889", buy_it_now: null, bids: null },
  ]);
});

test("shipping is free, known or not settled; the condition is what is marked", () => {
  const { items } = read(
    card({ id: "g1000000001", postage: '<span class="Product__icon--freeShipping">送料無料</span>' }) +
      card({ id: "g1000000002", postage: "送料未定", icons: '<span class="Product__icon">未使用</span>' }),
  );
  expect(items).toMatchObject([
    { shipping: "0", condition: null },
    { shipping: null, condition: "未使用" },
  ]);
});

test("a promoted auction that comes again is one item, and one whose time is over has ended", () => {
  const { items } = read(card({ time: "終了" }) + card({ time: "終了" }));
  expect(items).toMatchObject([{ ended: true, availability: "ended" }]);
});

test("a page is empty where it says so, and changed where it does not or prints no price", () => {
  expect(read(tab("0件"))).toMatchObject({ state: "empty", total_results: 0 });
  expect(read("<body><p>条件に一致する商品は見つかりませんでした。</p></body>").state).toBe("empty");
  expect(read("<h1>Yahoo!</h1>").state).toBe("changed");
  expect(read(card({ prices: "" })).state).toBe("changed");
});

test("pages are counted in results, of as many as the address says", () => {
  const pasted = "https://auctions.yahoo.co.jp/search/search?p=kettle&n=20&b=41&s1=new";
  expect(yahoo.searchUrl({ term: null, url: pasted }, 3)).toBe(
    "https://auctions.yahoo.co.jp/search/search?p=kettle&n=20&b=41&s1=new",
  );
  expect(yahoo.searchUrl({ term: "kettle", url: null }, 2)).toBe(
    "https://auctions.yahoo.co.jp/search/search?p=kettle&va=kettle&n=50&b=51",
  );
  const path = "https://auctions.yahoo.co.jp/search/search/ps%20vita/0/";
  expect(yahoo.searchUrl({ term: null, url: path }, 1)).toBe(`${path}?n=50&b=1`);
});

test("only searches are read: an auction's own page is known by its card alone", () => {
  const auction = new URL("https://auctions.yahoo.co.jp/jp/auction/g1000000001");
  expect([yahoo.matches(auction), yahoo.kindOf(auction), yahoo.readsListingAt?.(auction)]).toEqual([
    true,
    null,
    false,
  ]);
  for (const url of [auction.href, "https://shop.example/search/search?p=a"]) {
    expect(() => yahoo.searchUrl({ term: null, url }, 1)).toThrow(/search\/search\?p=/);
  }
  expect(() => yahoo.searchUrl({ term: "", url: null }, 1)).toThrow(
    expect.objectContaining({ reason: "bad-search" }),
  );
});
