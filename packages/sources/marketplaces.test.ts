import { describe, expect, test } from "vitest";
import { addressOf, hasCaptures, readCapture } from "../../test/captures/index.ts";
import { createSources } from "./index.ts";

const sources = createSources({});

function readSaved(file: string) {
  const html = readCapture(`marketplace-other/${file}`);
  const reading = sources.read({ url: addressOf(`marketplace-other/${file}`), html, status: null });
  return { html, reading };
}

describe.skipIf(!hasCaptures)("on pages of other marketplaces, as a person reads them", () => {
  test("Amazon's search has 60 results, of which an advertised one comes twice, and one has no price", () => {
    const { html, reading } = readSaved("amazon-de-search-katzenfutter.html");
    expect(reading).toMatchObject({
      state: "ok",
      source: "amazon",
      has_next_page: true,
      total_results: 3000,
    });
    const { items } = reading;
    expect(items).toHaveLength(59);
    expect(items[0]).toMatchObject({
      external_id: "B013JF5F0C-de",
      title: "FELIX Countryside Sensations Dry Cat Food with Beef and Chicken, Pack of 1 (1 x 1 kg)",
      amount: "2.95",
      currency: "EUR",
      list_price: "3.39",
    });
    expect(items.at(-1)).toMatchObject({
      external_id: "B0882C8FZ5-de",
      amount: "12.99",
      currency: "EUR",
      list_price: "15.49",
    });
    expect(items.filter((item) => item.list_price !== null)).toHaveLength(32);
    expect(items.filter((item) => item.amount === null).map((item) => item.external_id)).toEqual([
      "B019FILDS0-de",
    ]);

    // Read off the markup by position, not by the code under test.
    const printed = new Map<string, string>();
    const cards = html.split(/data-asin="(\w{10})"[^>]{0,200}data-component-type="s-search-result"/).slice(1);
    for (let at = 0; at < cards.length; at += 2) {
      const price = /a-offscreen">(?:&#x20ac;|€)([\d.]+)</.exec(cards[at + 1] ?? "")?.[1];
      const asin = cards[at] ?? "";
      if (price !== undefined && asin !== "B019FILDS0" && !printed.has(asin)) printed.set(asin, price);
    }
    expect(cards).toHaveLength(120);
    const read = items.filter((item) => item.amount !== null);
    expect(read.map((item) => [item.external_id.replace("-de", ""), item.amount])).toEqual([...printed]);
  });

  test("Mercari's item has its title and price in yen, without cents", () => {
    const { reading } = readSaved("mercari-jp-item-m73194523815.html");
    expect(reading).toMatchObject({ state: "ok", source: "mercari" });
    expect(reading.items).toMatchObject([
      {
        external_id: "m73194523815",
        url: "https://jp.mercari.com/item/m73194523815",
        title: "美品✨ライカレンズ搭載 Panasonic LUMIX DMC-FX77 ピンク",
        amount: "14880",
        currency: "JPY",
      },
    ]);
  });

  test("Yahoo! Auctions' search has 20 auctions, two of them to buy at once, of 330 found", () => {
    const { reading } = readSaved("yahoo-auctions-jp-search.html");
    expect(reading).toMatchObject({
      state: "ok",
      source: "yahoo-auctions",
      has_next_page: true,
      total_results: 330,
    });
    const { items } = reading;
    expect(items).toHaveLength(20);
    expect(new Set(items.map((item) => item.currency))).toEqual(new Set(["JPY"]));
    expect(items[0]).toMatchObject({
      external_id: "g1241079425",
      amount: "1000",
      shipping: "580",
      bids: 0,
      buy_it_now: null,
    });
    expect(items.at(-1)).toMatchObject({
      external_id: "b1241063204",
      amount: "12100",
      shipping: "650",
      bids: 1,
    });
    expect(
      items.flatMap((item) =>
        item.buy_it_now === null ? [] : [[item.external_id, item.amount, item.buy_it_now]],
      ),
    ).toEqual([
      ["h1241083118", "889", "889"],
      ["r1241077640", "14800", "23800"],
    ]);
    expect(items.map((item) => item.bids)).toEqual([
      0, 0, 1, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1,
    ]);
    expect(items.map((item) => Number(item.amount))).toEqual([
      1000, 1, 1, 1, 889, 20000, 1, 1, 1, 1000, 14800, 5500, 5500, 5500, 21450, 21450, 22000, 1000, 9185,
      12100,
    ]);
  });
});
