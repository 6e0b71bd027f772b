import { describe, expect, test } from "vitest";
import { createEbaySource } from "./index.ts";

const ebay = createEbaySource(null);
const address = "https://www.ebay.com/sch/i.html?_nkw=kettle";

function read(body: string, url = address) {
  return ebay.read({ url, html: `<html><body>${body}</body></html>`, status: 200 }, "search");
}

/** A result list as both layouts have it, with eBay's placeholder card before it. */
const page = (...rows: string[]): string =>
  `<h1 class="srp-controls__count-heading"><span class="BOLD">1.234+</span> results for <span class="BOLD">kettle 3000</span></h1>
   <div>${sItem({ id: "123456", title: "Shop on eBay" })}${sCard({ id: "123456", title: "Shop on eBay" })}</div>
   <div id="srp-river-results"><ul class="srp-results">${rows.join("")}</ul></div>`;

interface Card {
  id?: string;
  title?: string;
  price?: string;
  before?: string;
  rows?: string[];
}

const sItem = ({ id = "200000000001", title = "Kettle", price = "$10.00", rows = [] }: Card): string => `
  <li class="s-item"><div class="s-item__image"><a href="https://www.ebay.com/itm/${id}?x=1"><img src="https://img.example/1.webp"></a></div>
  <a class="s-item__link" href="https://www.ebay.com/itm/${id}?x=1"><div class="s-item__title"><span role="heading"><span class="LIGHT_HIGHLIGHT">New Listing</span>${title}</span></div>
  <span class="clipped">Opens in a new window</span></a>
  <div class="s-item__subtitle"><span class="SECONDARY_INFO">Pre-Owned</span> | Business</div>
  <div class="s-item__detail"><span class="s-item__price">${price}</span></div>${rows.join("")}</li>`;

const sCard = ({ id = "200000000001", title = "Kettle", price, before = "", rows = [] }: Card): string => `
  <li class="s-card" data-listingid="${id}"><div class="su-media"><a href="https://www.ebay.com/itm/${id}?x=1"><img class="s-card__image" src="https://img.example/1.webp"></a></div>
  ${before}<a class="s-card__link" href="https://www.ebay.com/itm/${id}?x=1"><div class="s-card__title"><span class="su-styled-text">${title}</span><span class="clipped">Opens in a new window</span></div></a>
  <div class="s-card__subtitle"><span class="su-styled-text">With a lid!</span></div>
  <div class="s-card__subtitle"><span class="su-styled-text">Pre-Owned · </span><span class="su-styled-text">Acme</span></div>
  <div class="su-card-container__attributes__primary">${price ?? priceRow("$10.00")}${rows.join("")}</div>
  <div class="su-card-container__attributes__secondary">${row("<span>acme-shop</span> <span>99.5% positive (1.2K)</span>")}</div></li>`;

const row = (content: string): string => `<div class="s-card__attribute-row">${content}</div>`;
const priceRow = (...prices: string[]): string =>
  row(prices.map((price) => `<span class="su-styled-text s-card__price">${price}</span>`).join(""));
const detail = (content: string): string => `<div class="s-item__detail">${content}</div>`;

/** The same card in both layouts; `rows` are words that both print. */
function bothLayouts(price: string[], lines: string[]) {
  const older = sItem({
    price: price.join('</span></div><div class="s-item__detail"><span class="s-item__price">'),
    rows: lines.map(detail),
  });
  const newer = sCard({ price: price.map((text) => priceRow(text)).join(""), rows: lines.map(row) });
  return [older, newer].map((card) => read(page(card)).items[0]);
}

test("a card gives all that it prints, in either layout", () => {
  const [older, newer] = bothLayouts(["$10.00"], ["or Best Offer", "+$4.99 shipping"]);
  const expected = {
    external_id: "200000000001",
    url: "https://www.ebay.com/itm/200000000001",
    title: "Kettle",
    amount: "10.00",
    currency: "USD",
    shipping: "4.99",
    condition: "Pre-Owned",
    availability: "in-stock",
    best_offer: true,
    bids: null,
    ended: false,
    match: "exact",
    image_url: "https://img.example/1.webp",
    methods: { adapter: "10.00" },
  };
  expect(older).toMatchObject(expected);
  expect(newer).toMatchObject({ ...expected, seller: "acme-shop" });
});

test("placeholder cards are no items", () => {
  expect(read(page(sItem({}))).items).toHaveLength(1);
});

test("an item stays on the mirror that shows it", () => {
  const reading = read(page(sItem({})), "http://127.0.0.1:4001/sch/i.html?_nkw=kettle");
  expect(reading.items[0]?.url).toBe("http://127.0.0.1:4001/itm/200000000001");
});

describe("prices", () => {
  test("the currency is what the price says, not what the domain suggests", () => {
    const printed = ["£3.50", "EUR 1.199,00", "AU $12.00", "C $12.00", "US $12.00", "PLN 12,50"];
    const read = printed.map((price) => bothLayouts([price], []).map((item) => item?.currency));
    expect(read.flat()).toEqual(["GBP", "EUR", "AUD", "CAD", "USD", "PLN"].flatMap((code) => [code, code]));
  });

  test.each(["to", "bis", "à", "a", "tot", "do"])('a range joined by "%s" has both ends', (word) => {
    const newer = sCard({ price: priceRow("EUR 17,72", word, "EUR 18,66") });
    const older = sItem({ price: `EUR 17,72<span class="DEFAULT"> ${word} </span>EUR 18,66` });
    for (const card of [newer, older]) {
      expect(read(page(card)).items[0]).toMatchObject({
        amount: "17.72",
        amount_max: "18.66",
        buy_it_now: null,
        currency: "EUR",
      });
    }
  });

  test("of an auction with Buy It Now, the bid is the amount", () => {
    for (const item of bothLayouts(["$80.00", "$115.00"], ["15 bids · Time left 2h", "Buy It Now"])) {
      expect(item).toMatchObject({ amount: "80.00", amount_max: null, buy_it_now: "115.00", bids: 15 });
    }
  });

  test.each([
    ["0 bids", 0],
    ["1 Gebot", 1],
    ["12 Gebote", 12],
    ["0 ofertas de subasta", 0],
    ["3 enchères", 3],
    ["2 offerte", 2],
    ["4 biedingen", 4],
    ["6 次出價", 6],
  ])('"%s" is %i bids', (line, bids) => {
    expect(bothLayouts(["EUR 1,00"], [line]).map((item) => item?.bids)).toEqual([bids, bids]);
  });

  test("a struck-through price is the list price, and so is a recommended one", () => {
    const older = sItem({ rows: [detail('Was: <span class="STRIKETHROUGH">$15.00</span>')] });
    const struck = '<span class="su-spacer"></span><span class="su-styled-text strikethrough">$15.00</span>';
    const recommended =
      '<span class="su-spacer"></span><span class="su-styled-text">UVP</span><span class="su-styled-text">EUR 15,00</span>';
    const newer = sCard({ price: row(`<span class="s-card__price">$10.00</span>${struck}`) });
    const german = sCard({ price: row(`<span class="s-card__price">EUR 10,00</span>${recommended}`) });
    for (const card of [older, newer, german]) {
      expect(read(page(card)).items[0]).toMatchObject({ amount: "10.00", list_price: "15.00" });
    }
  });

  test("the struck-through price of an accepted offer is all that is known of it", () => {
    const price = row('<span class="su-styled-text strikethrough s-card__price">$109.00</span>');
    const reading = read(page(sCard({ price, rows: [row("Best offer accepted")] })));
    expect(reading.items[0]).toMatchObject({ amount: "109.00", list_price: null, best_offer: true });
  });

  test("a card without a price has none, and never 0", () => {
    const reading = read(page(sItem({}), sItem({ id: "200000000002", price: "See price" })));
    expect(reading.items[1]).toMatchObject({ amount: null, currency: null, methods: {} });
  });
});

test.each([
  ["Free shipping", "0"],
  ["Kostenloser Versand", "0"],
  ["Gratis 3-Tage-Lieferung", "0"],
  ["Free International Shipping", "0"],
  ["Livraison gratuite", "0"],
  ["+$4.50 delivery", "4.50"],
  ["+$1.36 delivery in 2-4 days", "1.36"],
  ["+$45.00 shipping estimate", "45.00"],
  ["Envío no especificado", null],
  ["Free returns", null],
  ["Verkäufer zahlt Rückversand", null],
  ["Gratis Rückversand", null],
  ["Free return shipping", null],
  ["免運費", "0"],
  ["Lieferung an Abholstation möglich", null],
  ["+EUR 4,50 Versand", null],
])('shipping in dollars: "%s" costs %s', (line, cost) => {
  expect(bothLayouts(["$10.00"], [line]).map((item) => item?.shipping)).toEqual([cost, cost]);
});

describe("endings", () => {
  const caption = (text: string): string =>
    `<div class="s-card__caption"><span class="su-styled-text">${text}</span></div>`;

  test("a card says that it was sold, or that it ended unsold", () => {
    const cards = ["Sold Mar 6, 2026", "Verkauft 6. Mrz 2026", "Ended Mar 6, 2026", "Beendet 6. Mrz"].map(
      (text, index) => sCard({ id: `20000000000${index}`, before: caption(text) }),
    );
    const items = read(page(...cards)).items;
    expect(items.map((item) => item.availability)).toEqual(["sold", "sold", "ended", "ended"]);
    expect(items.every((item) => item.ended)).toBe(true);
  });

  test("a card of the older layout says so in a caption, or by the date of its end", () => {
    const sold = sItem({
      rows: ['<div class="s-item__title--tag"><span class="POSITIVE">Sold Feb 12, 2021</span></div>'],
    });
    const ended = sItem({
      id: "200000000002",
      rows: ['<span class="s-item__ended-date">Feb-12 09:10</span>'],
    });
    const items = read(page(sold, ended, sItem({ id: "200000000003" }))).items;
    expect(items.map((item) => item.availability)).toEqual(["sold", "ended", "in-stock"]);
  });

  test("an auction has ended when no time is left", () => {
    const time = (left: string) => row(`0 bids · <span class="s-card__time-left">${left}</span>`);
    const items = read(
      page(sCard({ rows: [time("9m left")] }), sCard({ id: "200000000002", rows: [time("Ended")] })),
    ).items;
    expect(items.map((item) => [item.ended, item.availability])).toEqual([
      [false, "in-stock"],
      [true, "ended"],
    ]);
  });
});

describe("which results", () => {
  test("results for fewer words are related", () => {
    const rewrite =
      '<li class="srp-river-answer srp-river-answer--REWRITE_START">Results matching fewer words</li>';
    const notice = '<li><div class="section-notice">Ergebnisse für weniger Suchbegriffe</div></li>';
    for (const mark of [rewrite, notice]) {
      const items = read(page(sCard({}), mark, sCard({ id: "200000000002" }))).items;
      expect(items.map((item) => item.match)).toEqual(["exact", "related"]);
    }
  });

  test("what is advertised beside the results is related", () => {
    const items = read(`<ul>${sItem({ id: "200000000009" })}</ul>${page(sItem({}))}`).items;
    expect(items.map((item) => item.match)).toEqual(["related", "exact"]);
  });

  test("a result that a carousel repeats is one item", () => {
    const items = read(page(sItem({}), sItem({ price: "$9.00" }))).items;
    expect(items.map((item) => item.amount)).toEqual(["10.00"]);
  });
});

describe("the page", () => {
  const next = '<a class="pagination__next" href="/sch/i.html?_nkw=kettle&_pgn=2">Next</a>';

  test("says how many results there are, and whether there is a page after it", () => {
    expect(read(page(sItem({})) + next)).toMatchObject({ total_results: 1234, has_next_page: true });
    expect(read(page(sItem({}))).has_next_page).toBe(false);
    const last = '<a class="pagination__next" href="/sch/i.html?_pgn=9" aria-disabled="true">Next</a>';
    expect(read(page(sItem({})) + last).has_next_page).toBe(false);
  });

  test("a search with no results is empty, not changed", () => {
    const byCount =
      '<h1 class="srp-controls__count-heading"><span class="BOLD">0</span> results for kettle</h1>';
    const byNotice = '<div class="srp-save-null-search"><h3>No exact matches found</h3></div>';
    for (const body of [byCount, byNotice]) {
      expect(read(body)).toMatchObject({ state: "empty", items: [], total_results: 0 });
    }
  });

  test("a search that found only results for fewer words is read, and they are related", () => {
    const body = `<h1 class="srp-controls__count-heading"><span class="BOLD">0</span> results</h1>
      <div id="srp-river-results"><ul><li class="srp-river-answer--REWRITE_START srp-river-answer"></li>${sItem({})}</ul></div>`;
    expect(read(body)).toMatchObject({ state: "ok", items: [{ match: "related" }] });
  });

  test("a page without a result and without a word that there is none is changed", () => {
    expect(read("<h1>Welcome</h1>").state).toBe("changed");
    expect(read(page()).state).toBe("changed");
  });

  test("a page whose prices are not where they were is changed, and gives no item", () => {
    const reading = read(page(sItem({ price: "" }), sItem({ id: "200000000002", price: "" })));
    expect(reading).toMatchObject({ state: "changed", items: [] });
  });
});
