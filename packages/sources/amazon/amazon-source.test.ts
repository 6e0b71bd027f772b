import { describe, expect, test } from "vitest";
import { createAmazonSource } from "./index.ts";

const amazon = createAmazonSource(null);
const searchAddress = "https://www.amazon.de/s?k=kettle";
const readSearch = (body: string, url = searchAddress) =>
  amazon.read({ url, html: body, status: 200 }, "search");
const readItem = (
  body: string,
  url = "https://www.amazon.de/-/en/Blue-Kettle/dp/B000000001/ref=sr_1_1?keywords=a",
) => amazon.read({ url, html: body, status: 200 }, "listing");

const price = (text: string, attributes = ""): string =>
  `<span class="a-price" ${attributes}><span class="a-offscreen">${text}</span><span aria-hidden="true"><i>${text}</i></span></span>`;
const struck = (text: string): string =>
  `<span class="a-price a-text-price" data-a-strike="true"><span class="a-offscreen">${text}</span></span>`;
const card = (asin: string, prices: string, headings = "<h2>Kettle</h2>"): string =>
  `<div data-component-type="s-search-result" data-asin="${asin}" class="s-result-item"><a href="/x/dp/${asin}/ref=1">
   <img class="s-image" src="https://img.example/1.jpg"></a>${headings}<a>${prices}</a></div>`;
const next = '<a class="s-pagination-next" href="/s?k=kettle&page=2">Next</a>';
const list = (...cards: string[]): string =>
  `<span data-component-type="s-result-info-bar"><h1><span>1-48 of over 3,000 results for</span> "kettle 9000x"</h1></span>
   <div class="s-main-slot">${cards.join("")}</div>`;

describe("a search page", () => {
  test("gives each result's number, shop, price, list price and picture, and says that there is a next page", () => {
    const reading = readSearch(
      list(card("B000000001", `${price("€12.90")}(€2.69/kg) RRP: ${struck("€13.98")}`)) + next,
    );
    expect(reading).toMatchObject({ state: "ok", has_next_page: true, total_results: 9000 });
    expect(reading.items).toMatchObject([
      {
        external_id: "B000000001-de",
        url: "https://www.amazon.de/dp/B000000001",
        title: "Kettle",
        amount: "12.90",
        currency: "EUR",
        list_price: "13.98",
        availability: "in-stock",
        image_url: "https://img.example/1.jpg",
        methods: { adapter: "12.90" },
      },
    ]);
  });

  test("counts a result once that is advertised above the list, and leaves out what carousels show", () => {
    const twice = list(
      card("B000000001", price("€1.00")),
      card("B000000002", price("€2.00")),
      card("B000000001", price("€1.00")),
    );
    const carousel = '<div class="s-result-item" data-asin="B000000009"><h2>Other</h2></div>';
    const ids = readSearch(twice + carousel).items.map((item) => item.external_id);
    expect(ids).toEqual(["B000000001-de", "B000000002-de"]);
  });

  test("the same number in two shops is two listings", () => {
    const html = list(card("B000000001", price("$5.00")));
    const [us] = readSearch(html, "https://www.amazon.com/s?k=a").items;
    const [canada] = readSearch(html, "https://www.amazon.ca/s?k=a").items;
    expect(us).toMatchObject({ external_id: "B000000001-com", currency: "USD" });
    expect(canada).toMatchObject({ external_id: "B000000001-ca", currency: "CAD" });
  });

  test.each([
    ["co.jp", "￥1,234", "1234", "JPY"],
    ["de", "1.299,00 €", "1299.00", "EUR"],
    ["in", "₹1,23,456", "123456", "INR"],
    ["se", "1 299,00 kr", "1299.00", "SEK"],
    ["com", "BRL 1,329.22", "1329.22", "BRL"],
  ])("amazon.%s's %s is %s %s", (shop, text, amount, currency) => {
    const [item] = readSearch(
      list(card("B000000001", price(text))),
      `https://www.amazon.${shop}/s?k=a`,
    ).items;
    expect(item).toMatchObject({ amount, currency });
  });

  test("a range has both ends, a price by measure is none, and a card without a price has null", () => {
    const range = `${price("€5.00")}<span class="a-price-dash">-</span>${price("€9.00")}`;
    const byMeasure = '<span class="a-price a-text-price"><span class="a-offscreen">€2.00</span></span>/kg';
    const { items } = readSearch(
      list(card("B000000001", range), card("B000000002", byMeasure), card("B000000003", "")),
    );
    expect(items).toMatchObject([
      { amount: "5.00", amount_max: "9.00" },
      { amount: null, currency: null, availability: null, methods: {} },
      { amount: null },
    ]);
  });

  test("the brand of clothes stands before their name", () => {
    const headings = "<h2>Acme</h2><h2><span>Rain coat</span></h2>";
    expect(readSearch(list(card("B000000001", price("€1.00"), headings))).items[0]?.title).toBe(
      "Acme Rain coat",
    );
  });

  test("is empty where it says so, changed where it does not, and what it offers instead is related", () => {
    const notice =
      '<div class="s-main-slot"><div class="s-result-item"><span>No results for qwxz.</span></div></div>';
    expect(readSearch(notice)).toMatchObject({ state: "empty", total_results: 0 });
    expect(readSearch("<h1>Hello</h1>").state).toBe("changed");
    expect(readSearch(list(card("B000000001", ""))).state).toBe("changed");
    expect(readSearch(notice + list(card("B000000001", price("€1.00")))).items[0]?.match).toBe("related");
  });
});

describe("a product's page", () => {
  const page = (parts: string) => `<span id="productTitle"> Blue  kettle </span>${parts}`;
  const block = `<div id="corePriceDisplay_desktop_feature_div">${price("€19.99")}<span class="basisPrice">List: ${struck("€25.00")}</span></div>`;

  test("gives the price to pay, not that of an accessory, and what the basket's form says", () => {
    const reading = readItem(
      page(`<div id="accessories">${price("€3.00")}</div>${block}<div id="availability"><span>In stock</span></div>
        <input name="items[0.base][customerVisiblePrice][amount]" value="19.99"><a id="sellerProfileTriggerId">Acme GmbH</a>
        <img id="landingImage" src="https://img.example/s.jpg" data-old-hires="https://img.example/l.jpg">
        <div id="productOverview_feature_div"><table><tr><td>Colour</td><td>Blue</td></tr></table></div>`),
    );
    expect(reading.items).toMatchObject([
      {
        external_id: "B000000001-de",
        url: "https://www.amazon.de/dp/B000000001",
        title: "Blue kettle",
        amount: "19.99",
        currency: "EUR",
        list_price: "25.00",
        availability: "in-stock",
        seller: "Acme GmbH",
        methods: { adapter: "19.99", "embedded-state": "19.99" },
      },
    ]);
    expect(reading.details).toMatchObject({
      images: ["https://img.example/l.jpg"],
      specifics: { Colour: "Blue" },
    });
  });

  test("of the layout before 2021 is read too", () => {
    const [item] = readItem(
      page('<span id="priceblock_ourprice">19,99 €</span><span id="listPrice">25,00 €</span>'),
    ).items;
    expect(item).toMatchObject({ amount: "19.99", currency: "EUR", list_price: "25.00" });
  });

  test("that is out of stock has no price, whatever stands beside", () => {
    const [item] = readItem(page(`${block}<div id="availability">Currently unavailable.</div>`)).items;
    expect(item).toMatchObject({ amount: null, currency: null, availability: "out-of-stock" });
  });

  test("that is missing is gone, and one without a price is changed", () => {
    expect(readItem("<title>Page Not Found</title>").state).toBe("gone");
    expect(readItem(page("")).state).toBe("changed");
    expect(readItem("").state).toBe("changed");
  });
});

describe("addresses", () => {
  test.each([
    ["https://www.amazon.de/-/en/Kettle/dp/B000000001/ref=sr_1_1?k=a", "listing"],
    ["https://www.amazon.co.jp/dp/B000000001", "listing"],
    ["https://www.amazon.com/gp/product/B000000001", "listing"],
    ["https://www.amazon.de/-/en/s?k=a", "search"],
    ["https://www.amazon.com.au/b?node=1", "search"],
    ["https://www.amazon.de/gp/help", null],
  ])("%s is %s", (address, kind) => {
    const url = new URL(address);
    expect([amazon.matches(url), amazon.kindOf(url)]).toEqual([true, kind]);
  });

  test("of other hosts are not Amazon's", () => {
    for (const host of ["amazon.example", "notamazon.de", "www.amazon.de.evil.example", "aws.amazon.com"]) {
      expect(amazon.matches(new URL(`https://${host}/dp/B000000001`))).toBe(false);
    }
  });

  test("a pasted search keeps its shop, language and filters, and loses what tells of the visit", () => {
    const pasted = "https://www.amazon.de/-/en/s?k=kettle&rh=p_36%3A1000-&qid=1&crid=2&page=7&ref=sr_pg_7";
    expect(amazon.searchUrl({ term: null, url: pasted }, 3)).toBe(
      "https://www.amazon.de/-/en/s?k=kettle&rh=p_36%3A1000-&page=3",
    );
    expect(amazon.searchUrl({ term: " blue kettle ", url: null }, 1)).toBe(
      "https://www.amazon.com/s?k=blue+kettle",
    );
    expect(createAmazonSource("http://127.0.0.1:4001").searchUrl({ term: null, url: pasted }, 1)).toBe(
      "http://127.0.0.1:4001/-/en/s?k=kettle&rh=p_36%3A1000-",
    );
  });

  test("what is no search page of Amazon is refused, with an example", () => {
    for (const url of ["https://www.amazon.de/dp/B000000001", "https://shop.example/s?k=a", "kettle"]) {
      expect(() => amazon.searchUrl({ term: null, url }, 1)).toThrow(/https:\/\/www\.amazon\.de\/s\?k=/);
    }
    expect(() => amazon.searchUrl({ term: " ", url: null }, 1)).toThrow(
      expect.objectContaining({ reason: "bad-search" }),
    );
  });
});
