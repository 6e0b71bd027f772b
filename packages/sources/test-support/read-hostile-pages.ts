/**
 * Reads pages of 8 MB that are made to hurt, each as a page of every source, and prints how each ended and how much memory
 * the process has taken at most: a JSON line a page. A process of its own, for what a process once took it never gives back.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createSources } from "../index.ts";

/** The most that is fetched of a page. */
const BYTES = 8 * 1024 * 1024;

const addresses = [
  "https://www.ebay.com/sch/i.html?_nkw=kettle",
  "https://www.ebay.com/itm/123456789012",
  "https://www.olx.pl/oferty/q-a/",
  "https://www.olx.ua/d/uk/obyavlenie/a-IDSgrLt.html",
  "https://www.amazon.de/s?k=a",
  "https://www.amazon.com/dp/B000000001",
  "https://jp.mercari.com/item/m10000000001",
  "https://auctions.yahoo.co.jp/search/search?p=a",
  "https://shop.example/kettle",
];

const jsonLd = '<script type="application/ld+json">';
const pages: Record<string, () => string> = {
  "open tags": () => filledWith("<div>"),
  elements: () => `<main>${filledWith("<p>£1</p>")}`,
  "deep branches": () => filledWith(`${"<div>".repeat(400)}x${"</div>".repeat(400)}`),
  "eBay's cards": () =>
    `<div>${filledWith('<li class="s-card"><a href="/itm/123456789012">x</a><div class="s-card__title">k</div></li>')}`,
  prices: () => `<h1>K</h1><div>${filledWith('<i class="price aB_c" id="x__y">$1</i>')}`,
  items: () => `<div>${filledWith("<b itemscope itemtype=Product><i itemprop=price>1</i></b>")}`,
  brackets: () => filledWith("<"),
  entities: () => filledWith("&lt;"),
  ampersands: () => filledWith("&"),
  attributes: () => `<p ${filledWith("a=1 ")}`,
  scripts: () => `<div>${filledWith('<script>price={"a":[1]}</script>')}`,
  "JSON-LD of brackets": () => `${jsonLd}${filledWith("[")}`,
  "JSON-LD of products": () =>
    `<div>${filledWith(`${jsonLd}{"@type":"Product","offers":[{"price":1}]}</script>`)}`,
  "a state of objects": () =>
    `<h1>Kettle</h1><script>price=${filledWith('{"name":"Kettle","price":')}</script>`,
  "a state in a string": () => `<script>window.__PRERENDERED_STATE__= "${filledWith('{\\"a\\":')}";</script>`,
  blanks: () => `<p>${filledWith(" ")}`,
  zeros: () => filledWith("\0"),
};

function filledWith(text: string): string {
  return text.repeat(Math.ceil(BYTES / text.length)).slice(0, BYTES);
}

// Of one page it is that is measured, not how long V8 leaves those before it lying about.
setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const sources = createSources({});
for (const [name, make] of Object.entries(pages)) {
  // As bytes become a page: a flat string, and not one that is still to be joined.
  const html = Buffer.from(make()).toString();
  const states = addresses.map((url) => {
    collectGarbage();
    const { state, reason } = sources.read({ url, html, status: 200 });
    return { url, state, reason };
  });
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(`${JSON.stringify({ name, states, peakMb })}\n`);
}
