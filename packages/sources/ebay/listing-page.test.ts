import { describe, expect, test } from "vitest";
import { createEbaySource } from "./index.ts";

const ebay = createEbaySource(null);

function read(body: string, url = "https://www.ebay.com/itm/200000000001?hash=x") {
  return ebay.read({ url, html: `<html><head></head><body>${body}</body></html>`, status: 200 }, "listing");
}
const itemOf = (body: string) => read(body).items[0];

interface Parts2025 {
  price?: string;
  more?: string;
}

const jsonLd = (offer: object): string =>
  `<script type="application/ld+json">${JSON.stringify({ "@type": "Product", offers: offer })}</script>`;

const primary = (text: string): string =>
  `<div class="x-price-primary"><span class="ux-textspans">${text}</span></div>`;

const page2025 = ({
  price = `<div class="x-bin-price">${primary("US $12.50")}</div>`,
  more = "",
}: Parts2025) => `
  <div class="x-sellercard-atf"><div class="x-sellercard-atf__info__about-seller"><a><span class="ux-textspans ux-textspans--BOLD">acme-shop</span></a>
    <div class="x-sellercard-atf__about-seller-item"><span>(1,113)</span></div></div>
    <div class="x-sellercard-atf__data-item"><span>98.7% positive</span></div><div class="x-sellercard-atf__data-item">Contact seller</div></div>
  <h1 class="x-item-title__mainTitle"><span class="ux-textspans ux-textspans--BOLD">Blue kettle</span><span class="ux-textspans"> - </span></h1>
  <div class="x-price-section">${price}</div>
  <div class="x-item-condition-text"><span class="ux-textspans">Used</span><span class="clipped">Used</span></div>
  <div class="ux-labels-values ux-labels-values--shipping"><div class="ux-labels-values__labels">Shipping:</div><div class="ux-labels-values__values">
    <span class="ux-textspans ux-textspans--BOLD">US $4.00</span> <span class="ux-textspans">Standard</span></div></div>
  <span class="ux-textspans ux-textspans--SECONDARY">Located in: Leeds, United Kingdom</span>
  <div class="ux-image-carousel-item"><img src="https://i.example/thumbs/images/g/a/s-l500.jpg" data-zoom-src="https://i.example/images/g/a/s-l1600.jpg"></div>
  <div class="ux-image-carousel-item"><img src="https://i.example/images/g/a/s-l1600.jpg"></div>
  <div class="ux-image-carousel-item"><img src="https://i.example/images/g/b/s-l500.webp"></div>
  <div class="x-about-this-item">
    <dl class="ux-labels-values ux-labels-values--condition"><dt class="ux-labels-values__labels">Condition</dt><dd class="ux-labels-values__values">Used: an item that …</dd></dl>
    <dl class="ux-labels-values"><dt class="ux-labels-values__labels">Brand:</dt><dd class="ux-labels-values__values">Acme</dd></dl></div>
  <script>{"timer":{"endTime":{"_type":"DateTime","value":"2026-03-01T10:00:00.000Z"}}}</script>${more}`;

const page2020 = (parts: { price: string; more?: string; state?: string }) => `
  <h1 id="itemTitle"><span class="g-hdn">Details about &nbsp;</span>Blue kettle</h1>
  <div id="vi-itm-cond">New with tags</div>${parts.price}
  <span id="fshippingCost"><span>GBP 8.75</span><span> (approx. US $11.69)</span></span>
  <div id="itemLocation"><div class="iti-eu-bld-gry"><span itemprop="availableAtOrFrom">Dudley, United Kingdom</span></div></div>
  <div class="si-content"><span class="mbg-nw">acme-shop</span><span class="mbg-l"> (8116 ) </span><div id="si-fb">99.5% Positive feedback</div></div>
  <div id="vi_main_img_fs"><img src="https://i.example/images/g/a/s-l64.jpg"></div>
  <div class="itemAttr"><table><tr><td class="attrLabels">Condition:</td><td><span id="vi-cond-addl-info">A brand-new …</span></td>
    <td class="attrLabels">Type:</td><td>Whistling</td></tr></table></div>
  <script>{"endTime":1609586877000,${parts.state ?? '"ended":false'}}</script>${parts.more ?? ""}`;
const fixed2020 =
  '<span id="prcIsum" itemprop="price" content="1.99">GBP 1.99</span><span itemprop="priceCurrency" content="GBP"></span>';
const bid2020 =
  '<span id="prcIsum_bidPrice" itemprop="price" content="115.0">£115.00</span><span id="qty-test">3</span>';

describe("the layout since 2022", () => {
  test("gives the item with its details", () => {
    const reading = read(page2025({}));
    expect(reading.items).toEqual([
      {
        external_id: "200000000001",
        url: "https://www.ebay.com/itm/200000000001",
        title: "Blue kettle",
        amount: "12.50",
        amount_max: null,
        buy_it_now: null,
        currency: "USD",
        shipping: "4.00",
        condition: "Used",
        availability: "in-stock",
        bids: null,
        ended: false,
        match: "exact",
        methods: { adapter: "12.50" },
        disagreed: [],
        confidence: 0.97,
        list_price: null,
        best_offer: false,
        seller: "acme-shop",
        image_url: "https://i.example/images/g/a/s-l1600.jpg",
      },
    ]);
    expect(reading.details).toEqual({
      description: null,
      images: ["https://i.example/images/g/a/s-l1600.jpg", "https://i.example/images/g/b/s-l1600.webp"],
      specifics: { Brand: "Acme" },
      location: "Leeds, United Kingdom",
      ends_at: "2026-03-01T10:00:00.000Z",
      seller_feedback_count: 1113,
      seller_feedback_percent: 98.7,
    });
  });

  test("the seller's price counts, not the one that is converted for the visitor", () => {
    const price = `<div class="x-bin-price">${primary("EUR 3,500.00")}
      <div class="x-price-approx">Approximately <span class="x-price-approx__price">US $3,971.45</span></div></div>`;
    const offer = jsonLd({
      price: "3971.45",
      priceCurrency: "USD",
      availability: "https://schema.org/InStock",
    });
    expect(itemOf(page2025({ price, more: offer }))).toMatchObject({
      amount: "3500.00",
      currency: "EUR",
      methods: { adapter: "3500.00", "json-ld": "3971.45" },
      disagreed: [{ method: "json-ld", amount: "3971.45", currency: "USD" }],
      confidence: 0.78,
    });
  });

  test("an auction has its bid, its bids and Buy It Now", () => {
    const price = `<div class="x-bid-price">${primary("US $5.00")}<span class="x-bid-count">2 bids</span></div>
      <div class="x-bin-price">${primary("US $20.00")}</div>`;
    expect(itemOf(page2025({ price }))).toMatchObject({ amount: "5.00", buy_it_now: "20.00", bids: 2 });
  });

  test("free shipping is 0", () => {
    const body = page2025({}).replace("US $4.00", "Free");
    expect(itemOf(body)?.shipping).toBe("0");
  });

  test("a listing that was sold, or that ended, says so", () => {
    const status = (text: string): string => `<div class="d-statusmessage">${text}</div>`;
    expect(itemOf(page2025({ more: status("This listing sold on Sun, Jul 6 at 3:12 PM.") }))).toMatchObject({
      ended: true,
      availability: "sold",
    });
    expect(
      itemOf(page2025({ more: status("This listing was ended by the seller on Sat, Mar 2.") })),
    ).toMatchObject({ ended: true, availability: "ended" });
  });

  test("what is out of stock says so", () => {
    const more = '<div class="x-quantity__availability">Out of Stock / 12 sold</div>';
    expect(itemOf(page2025({ more }))?.availability).toBe("out-of-stock");
  });
});

describe("the layout of 2020", () => {
  test("gives the item with its details", () => {
    const reading = read(
      page2020({ price: fixed2020, more: '<div id="desc_div">A kettle that <b>sings</b></div>' }),
    );
    expect(reading.items[0]).toMatchObject({
      title: "Blue kettle",
      amount: "1.99",
      currency: "GBP",
      shipping: "8.75",
      condition: "New with tags",
      availability: "in-stock",
      seller: "acme-shop",
      methods: { adapter: "1.99", microdata: "1.99" },
      disagreed: [],
      confidence: 0.99,
    });
    expect(reading.details).toEqual({
      description: "A kettle that sings",
      images: ["https://i.example/images/g/a/s-l1600.jpg"],
      specifics: { Type: "Whistling" },
      location: "Dudley, United Kingdom",
      ends_at: "2021-01-02T11:27:57.000Z",
      seller_feedback_count: 8116,
      seller_feedback_percent: 99.5,
    });
  });

  test("an auction that runs has its bids; one that ended with bids is sold, one without has ended", () => {
    expect(itemOf(page2020({ price: bid2020 }))).toMatchObject({ amount: "115.00", bids: 3, ended: false });
    const over = { state: '"ended":true' };
    expect(itemOf(page2020({ price: bid2020, ...over }))?.availability).toBe("sold");
    expect(itemOf(page2020({ price: bid2020.replace(">3<", ">0<"), ...over }))?.availability).toBe("ended");
  });
});

test("an item keeps the address of the mirror that showed it", () => {
  const reading = read(page2025({}), "http://127.0.0.1:4001/itm/Blue-kettle/200000000001?a=b");
  expect(reading.items[0]?.url).toBe("http://127.0.0.1:4001/itm/200000000001");
});

test("a page without title or price is changed, and says which", () => {
  expect(read("<h1>Welcome</h1>")).toMatchObject({ state: "changed", items: [], details: null });
  expect(read(page2025({ price: "" })).reason).toContain("price");
});

test("a listing that is not there any more is gone, not changed", () => {
  const missing = "<h1>We looked everywhere. Looks like this page is missing.</h1>";
  expect(read(missing)).toMatchObject({ state: "gone", items: [] });
  const ended = page2025({
    price: "",
    more: '<div class="d-statusmessage">This listing ended on Sat.</div>',
  });
  expect(read(ended)).toMatchObject({ state: "gone", ending: "ended" });
});
