import { expect, test } from "vitest";
import { createOlxSource } from "./index.ts";

const olx = createOlxSource({ mirrorUrl: null, country: "pl" });
const address = "https://www.olx.pl/d/oferta/rower-CID99-ID16y7eR.html?reason=hp";

function read(body: string, url = address) {
  return olx.read({ url, html: `<html><body>${body}</body></html>`, status: 200 }, "listing");
}

const printed = (price = "<h3>1 100 zł</h3><p>do negocjacji</p>") => `
  <div data-testid="ad-photo"><img src="https://img.example/files/a/image;s=4284x5712"></div>
  <div data-testid="ad-photo"><img src="https://img.example/files/b/image;s=1000x700"></div>
  <div data-testid="ad-parameters-container"><p><span>Prywatne</span></p><p>Stan: Używane</p><p>Rama: 19 cali: L</p></div>
  <div data-cy="ad_description" data-testid="ad_description"><h3>Opis</h3><div>Sprawny.<br>Odbiór osobisty.</div></div>
  <h4 data-testid="user-profile-user-name">Ola</h4>
  <div data-testid="offer_title"><h4>Rower</h4></div><div data-testid="ad-price-container">${price}</div>
  <img alt="Location"><div><p>Wrocław, Krzyki</p><p>Dolnośląskie</p></div>`;

const state = (fields: object): string => {
  const data = { ad: { ad: { id: 1012921829, title: "Rower", ...fields } } };
  return `<script>window.__PRERENDERED_STATE__= ${JSON.stringify(JSON.stringify(data))};</script>`;
};

test("an ad without embedded state gives what it prints", () => {
  const { items, details } = read(printed());
  expect(items).toMatchObject([
    {
      external_id: "1012921829-pl",
      url: "https://www.olx.pl/d/oferta/rower-CID99-ID16y7eR.html",
      title: "Rower",
      amount: "1100",
      currency: "PLN",
      best_offer: true,
      seller: "Ola",
      image_url: "https://img.example/files/a/image",
      methods: { adapter: "1100" },
    },
  ]);
  expect(details).toEqual({
    description: "Sprawny. Odbiór osobisty.",
    images: ["https://img.example/files/a/image", "https://img.example/files/b/image"],
    specifics: { Stan: "Używane", Rama: "19 cali: L" },
    location: "Wrocław, Krzyki",
    ends_at: null,
    seller_feedback_count: null,
    seller_feedback_percent: null,
  });
});

test("the state adds when the ad was put up and how long it runs", () => {
  const { details } = read(
    printed() + state({ createdTime: "2025-07-09T21:58:04+02:00", validToTime: "2025-08-08T21:59:29+02:00" }),
  );
  expect(details).toMatchObject({
    posted_at: "2025-07-09T19:58:04.000Z",
    ends_at: "2025-08-08T19:59:29.000Z",
  });
});

test("JSON-LD has its say, but an AggregateOffer of 5 or 0 is not the ad's price", () => {
  const jsonLd = (offers: object) =>
    `<script type="application/ld+json">${JSON.stringify({ "@type": "Product", offers })}</script>`;
  const own = read(printed() + jsonLd({ "@type": "Offer", price: 1100, priceCurrency: "PLN" }));
  expect(own.items[0]?.methods).toEqual({ adapter: "1100", "json-ld": "1100" });
  for (const lowPrice of [5, 0]) {
    const summed = read(printed() + jsonLd({ "@type": "AggregateOffer", lowPrice, priceCurrency: "PLN" }));
    expect(summed.items[0]?.amount).toBe("1100");
    expect(summed.items[0]).toMatchObject({ methods: { adapter: "1100" }, disagreed: [], confidence: 0.97 });
  }
});

test("an ad that swaps or gives away is read as such, without a price", () => {
  const swap = read(printed("<h3>Zamienię</h3>"));
  expect(swap.items[0]).toMatchObject({ amount: null, offer_kind: "swap", methods: {} });
  expect(swap.details?.offer_kind).toBe("swap");
  expect(read(printed("<h3>Za darmo</h3>")).items[0]).toMatchObject({ amount: null, offer_kind: "free" });
});

test("a job may leave its pay open", () => {
  expect(read(printed("") + state({ isJob: true })).items[0]).toMatchObject({ title: "Rower", amount: null });
});

test.each([
  ["the notice in its place", "<h4>To ogłoszenie nie jest już dostępne</h4>"],
  ["the notice in Russian", '<div data-testid="ad-inactive-msg">Объявление больше не доступно</div>'],
  ["the notice above what is left of it", `<h4>Ogłoszenie nieaktualne</h4>${printed()}`],
  ["the state", printed() + state({ isActive: false, status: "removed_by_user" })],
])("an ad that was taken down is gone: %s", (_, body) => {
  expect(read(body)).toMatchObject({ state: "gone", items: [] });
});

test("a seller who writes that the ad is out of date has not taken it down", () => {
  const titled = printed().replace("<h4>Rower</h4>", "<h4>Rower, ogłoszenie nieaktualne</h4>");
  expect(read(titled).state).toBe("ok");
});

test("a page without title or price is changed", () => {
  expect(read("<main></main>").reason).toContain("no title");
  expect(read(printed("")).reason).toContain("no price");
});
