import { describe, expect, test } from "vitest";
import { createOlxSource } from "./index.ts";

const olx = createOlxSource({ mirrorUrl: "http://127.0.0.1:4001", country: "ua" });
const address = "https://www.olx.pl/oferty/q-rower/";

function read(body: string, url = address) {
  return olx.read({ url, html: `<html><body>${body}</body></html>`, status: 200 }, "search");
}

interface Card {
  id?: string;
  href?: string;
  title?: string;
  price?: string;
}

const card = ({ id = "1012921829", href, title = "Rower", price = "1 100 zł" }: Card = {}): string => `
  <div data-cy="l-card" ${id === "" ? "" : `id="${id}"`}><style>.a{}</style><a href="${href ?? `/d/oferta/rower-CID99-ID16y7eR.html?search_reason=search%7Corganic`}">
  <img src="https://img.example/files/a/image;s=216x152" alt="${title}"></a>
  <div data-cy="ad-card-title"><a><style>.b{}</style><h4>${title}</h4></a><p data-testid="ad-price"><style>.c{}</style>${price}</p></div>
  <span title="Używane"><span>Używane</span></span><p data-testid="location-date">Wrocław - 09 lipca 2025</p></div>`;

const page = (cards: string, total = "12"): string =>
  `<span data-testid="total-count">Znaleźliśmy <span>ponad</span> ${total} ogłoszeń</span>
   <p>Jeśli pojawią się podobne ogłoszenia, powiadomimy.</p><div data-testid="listing-grid">${cards}</div>`;

const ad = (fields: object = {}) => ({
  id: 1012921829,
  title: "Rower",
  url: "https://www.olx.pl/d/oferta/rower-CID99-ID16y7eR.html",
  user: { name: "Ola" },
  price: { regularPrice: { value: 1100, currencyCode: "PLN", currencySymbol: "zł", negotiable: false } },
  ...fields,
});

const state = (ads: object[], fields: object = {}): string =>
  `<script>window.__PRERENDERED_STATE__= ${JSON.stringify(JSON.stringify({ listing: { listing: { ads, ...fields } } }))};
window.__TAURUS__= [];</script>`;

test("a card and the state's ad of the same number are one item, and each has its say on the price", () => {
  const { items } = read(page(card()) + state([ad()]));
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({
    external_id: "1012921829-pl",
    url: "https://www.olx.pl/d/oferta/rower-CID99-ID16y7eR.html",
    title: "Rower",
    amount: "1100",
    currency: "PLN",
    condition: "Używane",
    availability: "in-stock",
    match: "exact",
    seller: "Ola",
    image_url: "https://img.example/files/a/image",
    methods: { adapter: "1100", "embedded-state": "1100" },
  });
});

test("where card and state disagree, the printed price is the amount and both are kept", () => {
  const [item] = read(page(card({ price: "1 200 zł" })) + state([ad()])).items;
  expect(item).toMatchObject({ amount: "1200", methods: { adapter: "1200", "embedded-state": "1100" } });
});

test("an ad that only the state has is found too", () => {
  const second = ad({ id: 5, url: "https://www.olx.pl/d/oferta/b-ID5.html", title: "Rama" });
  expect(read(page(card()) + state([ad(), second])).items.map((item) => item.title)).toEqual([
    "Rower",
    "Rama",
  ]);
  expect(read(state([ad()])).items[0]).toMatchObject({
    amount: "1100",
    methods: { "embedded-state": "1100" },
  });
});

test("a promoted ad that stands twice on a page is one item", () => {
  expect(read(page(card() + card({ price: "9 zł" }))).items).toMatchObject([{ amount: "1100" }]);
});

test("without a number on the card, the address has it", () => {
  expect(read(page(card({ id: "" }))).items[0]?.external_id).toBe("1012921829-pl");
});

test("the same number in two countries is two ads", () => {
  const ukrainian = read(page(card()), "https://www.olx.ua/uk/list/q-rower/").items[0];
  expect(ukrainian?.external_id).toBe("1012921829-ua");
});

test("a mirror's ads stay on the mirror", () => {
  const html = page(card({ href: "https://www.olx.ua/d/oferta/rower-CID99-ID16y7eR.html" }));
  expect(read(html, "http://127.0.0.1:4001/uk/list/q-rower/").items[0]).toMatchObject({
    external_id: "1012921829-ua",
    url: "http://127.0.0.1:4001/d/oferta/rower-CID99-ID16y7eR.html",
  });
});

describe("prices", () => {
  test.each([
    ["12 097 800 сум", "12097800", "UZS"],
    ["12\u202f097\u202f800 сўм", "12097800", "UZS"],
    ["1 500 у.е.", "1500", "USD"],
    ["500 $", "500", "USD"],
    ["51,13 € <span>100 лв.</span>", "51.13", "EUR"],
    ["<span>100 лв.</span><span>51,13 €</span>", "100", "BGN"],
    ["5 000 грн.", "5000", "UAH"],
    ["250 000 тг.", "250000", "KZT"],
    ["1 200 lei", "1200", "RON"],
    ["17,99 zł", "17.99", "PLN"],
    ["1.500 €", "1500", "EUR"],
  ])('"%s" is %s %s', (price, amount, currency) => {
    expect(read(page(card({ price }))).items[0]).toMatchObject({ amount, currency, best_offer: false });
  });

  test.each([
    "2 800 zł<span>do negocjacji</span>",
    "2 800 грн.<span>Договірна</span>",
    "2 800 сум Договорная",
    "2 800 lei Prețul e negociabil",
    "2 800 € Negociável",
  ])('"%s" is open to offers', (price) => {
    expect(read(page(card({ price }))).items[0]).toMatchObject({ amount: "2800", best_offer: true });
  });

  test.each([
    ["Zamienię", "swap"],
    ["Обмен", "swap"],
    ["Обмін", "swap"],
    ["Schimb", "swap"],
    ["Za darmo", "free"],
    ["Бесплатно", "free"],
    ["Безкоштовно", "free"],
    ["Gratuit", "free"],
    ["Договорная", "negotiable"],
    ["Договірна", "negotiable"],
    ["Zapytaj o cenę", "price-on-request"],
  ])('"%s" is %s and no price', (price, offerKind) => {
    const [item] = read(page(card({ price }))).items;
    expect(item).toMatchObject({ amount: null, currency: null, offer_kind: offerKind });
    expect(item?.methods).toEqual({});
  });

  test.each([
    [{ exchange: true, regularPrice: { value: 900, currencyCode: "PLN" } }, "swap"],
    [{ free: true, regularPrice: { value: 0, currencyCode: "PLN" } }, "free"],
    [{ budget: true }, "price-on-request"],
    [{ regularPrice: { value: 0, currencyCode: "PLN", negotiable: true } }, "negotiable"],
  ])("the state says so too: %o is %s", (price, offerKind) => {
    const [item] = read(state([ad({ price })])).items;
    expect(item).toMatchObject({ amount: null, offer_kind: offerKind });
    expect(item?.methods).toEqual({});
  });

  test("OLX's own code for у.е. is the dollar", () => {
    const price = { regularPrice: { value: 1500, currencyCode: "UYE", currencySymbol: "у.е." } };
    expect(read(state([ad({ price })])).items[0]).toMatchObject({ amount: "1500", currency: "USD" });
  });

  test("an AggregateOffer over the whole page is nobody's price", () => {
    const jsonLd = `<script type="application/ld+json">{"@type":"Product","offers":{"@type":"AggregateOffer","lowPrice":5,"priceCurrency":"PLN"}}</script>`;
    const reading = read(jsonLd + page(card({ price: "" })));
    expect(reading).toMatchObject({ state: "changed", items: [] });
  });
});

describe("the page", () => {
  test("says how many ads there are, and whether there is a page after it", () => {
    const forward = (href: string) =>
      `<div data-testid="pagination-wrapper"><a data-testid="pagination-forward" ${href}></a></div>`;
    const reading = read(page(card(), "1&nbsp;000") + forward('href="/oferty/q-rower/?page=2"'));
    expect(reading).toMatchObject({ total_results: 1000, has_next_page: true });
    expect(read(page(card()) + forward("")).has_next_page).toBe(false);
    expect(read(state([ad()], { pageNumber: 0, totalPages: 2 })).has_next_page).toBe(true);
    expect(read(state([ad()], { pageNumber: 1, totalPages: 2 })).has_next_page).toBe(false);
  });

  test('under "we found 0 ads" others are related', () => {
    const reading = read(page(card(), "0"));
    expect(reading).toMatchObject({ state: "ok", total_results: 0, items: [{ match: "related" }] });
  });

  test("what follows a heading of others, or was found by a wider search, is related", () => {
    const other = card({ id: "7", href: "/d/oferta/b-ID7.html" });
    const wider = card({ id: "8", href: "/d/oferta/c-ID8.html?reason=extended-region" });
    const heading = "<h4>Znaleźliśmy też inne ogłoszenia, które mogą być związane z tym, czego szukasz:</h4>";
    expect(read(page(card() + heading + other)).items.map((item) => item.match)).toEqual([
      "exact",
      "related",
    ]);
    expect(read(page(wider + card())).items.map((item) => item.match)).toEqual(["related", "exact"]);
  });

  test("a search that found nothing is empty", () => {
    expect(read(page("", "0")).state).toBe("empty");
    expect(read("<h3>Nie znaleziono ogłoszeń</h3>").state).toBe("empty");
    expect(read(state([], { totalElements: 0 })).state).toBe("empty");
  });

  test("a page that is not understood is changed", () => {
    expect(read("<main>welcome</main>")).toMatchObject({ state: "changed", items: [] });
    expect(read(page(card({ price: "<b>soon</b>" }))).reason).toContain("no price on any of 1 ads");
    expect(read('<script>window.__PRERENDERED_STATE__= "{\\"listing\\":').state).toBe("changed");
  });
});
