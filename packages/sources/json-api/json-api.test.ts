import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { BadEnvironmentError, type Item, parseEnvironment } from "@pricefleet/contracts";
import { afterAll, describe, expect, it } from "vitest";
import { createSources, sourcesEnvironment, sourcesOptions } from "../index.ts";
import { jsonApiSettings } from "./index.ts";

const settings = {
  base_url: "https://api.example.com/v2/",
  headers: { authorization: "Bearer ${PRICING_TOKEN}" },
  markets: { url: "/markets", items: "markets", id: "code" },
  products: {
    url: "/products?market={market}&page={page}",
    items: "/data/the.items",
    id: "sku",
    name: "name",
    total: "total",
  },
  price: { url: "/markets/{market}/prices/{product}", amount: "price.value", currency_path: "price.unit" },
};
const folder = mkdtempSync(join(tmpdir(), "json-api-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): string {
  const file = join(folder, `${Math.random()}.json`);
  writeFileSync(file, text);
  return file;
}

const source = createSources({ jsonApi: jsonApiSettings.parse(settings) }).byName("json-api");
const sources = createSources({ jsonApi: jsonApiSettings.parse(settings) });
const priceUrl = "https://api.example.com/v2/markets/b%20%2F1/prices/x1";

function read(url: string, html: string, status = 200) {
  return sources.read({ url, html, status }, source);
}

function priceOf(html: string): Partial<Item> | string | null {
  const reading = read(priceUrl, html);
  return reading.items[0] ?? reading.reason;
}

describe("a JSON API, by its settings alone", () => {
  it("lists its markets, and the products of one with the address of each price", () => {
    const markets = read("https://api.example.com/v2/markets", '{"markets":[{"code":"b /1"},{"code":7}]}');
    expect(markets.items.map((item) => item.external_id)).toEqual(["b /1", "7"]);
    const url = source.searchUrl({ term: "b /1", url: null }, 3);
    expect(url).toBe("https://api.example.com/v2/products?market=b%20%2F1&page=3");
    const products = read(url, '{"data":{"the.items":[{"sku":"x1","name":"Gold bar"}]},"total":61}');
    expect(products).toMatchObject({
      page: "search",
      has_next_page: true,
      total_results: 61,
      items: [{ external_id: "b /1/x1", title: "Gold bar", url: priceUrl, amount: null }],
    });
  });

  it.each([
    [
      '{"price":{"value":1234.50,"unit":"eur"}}',
      { amount: "1234.50", currency: "EUR", methods: { api: "1234.50" } },
    ],
    ['{"price":{"value":123456789012345678.01,"unit":"USD"}}', { amount: "123456789012345678.01" }],
    ['{"price":{"value":1.5e3,"unit":"€"}}', { amount: "1500", currency: "EUR" }],
    ['{"price":{"value":"19.90","unit":"PLN"}}', { amount: "19.90", currency: "PLN" }],
    ['{"price":{"value":null}}', { amount: null, currency: null, methods: {} }],
  ])("reads the price of %s as it is written", (html, item) => {
    expect(priceOf(html)).toMatchObject(item);
  });

  it.each([
    ["<html>", "the answer is no JSON"],
    ['{"price":5}', 'the path "price.value" did not match: "price" is "5", without "value"'],
    ['{"price":{"unit":"EUR"}}', 'the path "price.value" did not match: there is nothing'],
    ['{"price":{"value":"soon","unit":"EUR"}}', 'the path "price.value" leads to "soon", which is no amount'],
    ['{"price":{"value":1e400,"unit":"EUR"}}', 'the path "price.value" leads to "1e400", which is no amount'],
    ['{"price":{"value":5}}', 'the path "price.unit" leads to nothing, not to text'],
  ])("%s is changed, and the reason names the path", (html, reason) => {
    expect(read(priceUrl, html)).toMatchObject({ state: "changed", items: [] });
    expect(priceOf(html)).toContain(reason);
  });

  it("tells the API's refusals by their status, and markup in its answers is no wall", () => {
    expect(read(priceUrl, "{}", 404).state).toBe("gone");
    expect(read(priceUrl, "{}", 401).state).toBe("login");
    expect(read(priceUrl, "{}", 403).state).toBe("blocked");
    const text = JSON.stringify({ price: { value: 5, unit: "EUR", note: "<title>Access denied</title>" } });
    expect(read(priceUrl, text).state).toBe("ok");
  });

  it("sends its headers to its own origin alone, filled from the environment", () => {
    const env = parseEnvironment(sourcesEnvironment, { JSON_API_CONFIG: fileOf(JSON.stringify(settings)) });
    const headersOf = (secrets: Record<string, string> | null, url: string) =>
      createSources(sourcesOptions(env, secrets)).byName("json-api").request?.headers(new URL(url));
    expect(headersOf({ PRICING_TOKEN: "s3cret" }, priceUrl)).toMatchObject({
      authorization: "Bearer s3cret",
    });
    expect(headersOf({ PRICING_TOKEN: "s3cret" }, "https://elsewhere.example/")).toEqual({});
    expect(headersOf(null, priceUrl)).toEqual({ accept: "application/json" });
    expect(() => sourcesOptions(env, {})).toThrow(BadEnvironmentError);
    expect(() => sourcesOptions(env, {})).toThrow("PRICING_TOKEN is not set");
  });

  it.each([
    [{ ...settings, base_url: "api" }, "base_url is: a URL such as"],
    [{ ...settings, price: { ...settings.price, amount: undefined } }, "price.amount is:"],
    [
      { ...settings, price: { ...settings.price, url: "/prices/{market}" } },
      "price.url is: has {market} and {product} in it",
    ],
    [
      { ...settings, price: { ...settings.price, currency: "EUR" } },
      "price.currency is: given, or currency_path in its place",
    ],
    [{ ...settings, markets: "all" }, "markets is: a list of names, or an object with url and items"],
    [{ ...settings, tokn: "x" }, 'Unrecognized key: "tokn"'],
  ])("settings that are wrong are refused by their key: %#", (wrong, message) => {
    const parse = () =>
      parseEnvironment(sourcesEnvironment, { JSON_API_CONFIG: fileOf(JSON.stringify(wrong)) });
    expect(parse).toThrow(BadEnvironmentError);
    expect(parse).toThrow(message);
  });

  it("that nobody has set up says how to", () => {
    const bare = createSources({}).byName("json-api");
    expect(() => bare.searchUrl({ term: "*", url: null }, 1)).toThrow("JSON_API_CONFIG names the file");
  });
});
