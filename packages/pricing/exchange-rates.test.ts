import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { convertAmount, exchangeRate, priceOf, type QuotedPrice } from "./exchange-rates.ts";

const now = Date.parse("2026-11-23T12:00:00Z");
let ids = 0;
const quote = (
  asset: string,
  currency: string,
  price: string,
  more: Partial<QuotedPrice> = {},
): QuotedPrice => ({
  id: String(++ids),
  instrument: `TEST:${asset}${currency}`,
  asset,
  currency,
  unit: "unit",
  price,
  quotedAt: new Date(now),
  ...more,
});
const gold = quote("gold", "USD", "4000", { unit: "troy-ounce" });
const copper = quote("copper", "USD", "5", { unit: "pound" });
const usdIdr = quote("USD", "IDR", "16000");
const eurUsd = quote("EUR", "USD", "1.25");
const all = [gold, copper, usdIdr, eurUsd];

describe("what a good costs, in any measure and currency", () => {
  it("a troy ounce of gold in dollars is the quote itself", () => {
    expect(priceOf(all, "gold", { unit: "troy-ounce", currency: "USD" })).toEqual({
      price: "4000",
      used: [gold],
      oldestAt: gold.quotedAt,
    });
  });

  it.each([
    ["gold", "gram", "USD", "128.6029863"],
    ["gold", "kilogram", "USD", "128602.9863"],
    ["gold", "gram", "IDR", "2057647.78"],
    ["gold", "pound", "EUR", "46666.66667"],
    ["copper", "kilogram", "USD", "11.02311311"],
  ] as const)("%s by the %s in %s", (asset, unit, currency, price) => {
    expect(priceOf(all, asset, { unit, currency })?.price).toBe(price);
  });

  it("says which quotes it used, and how old the oldest is", () => {
    const old = quote("USD", "IDR", "16000", { quotedAt: new Date(now - 90_000) });
    expect(priceOf([gold, old], "gold", { unit: "gram", currency: "IDR" })).toMatchObject({
      used: [gold, old],
      oldestAt: new Date(now - 90_000),
    });
  });

  it("a good that nobody quotes, a currency that no pair reaches and a measure of another kind give nothing", () => {
    expect(priceOf(all, "platinum", { unit: "gram", currency: "USD" })).toBeNull();
    expect(priceOf(all, "gold", { unit: "gram", currency: "JPY" })).toBeNull();
    expect(priceOf(all, "gold", { unit: "unit", currency: "USD" })).toBeNull();
  });
});

describe("exchange rates from quoted pairs", () => {
  it("go in both directions of a pair", () => {
    expect(exchangeRate(all, "USD", "IDR")?.rate.toFixed()).toBe("16000");
    expect(exchangeRate(all, "USD", "EUR")?.rate.toFixed()).toBe("0.8");
  });

  it("go over one currency between, and not over two", () => {
    expect(exchangeRate(all, "EUR", "IDR")?.rate.toFixed()).toBe("20000");
    const chain = [quote("A", "B", "2"), quote("B", "C", "2"), quote("C", "D", "2")];
    expect(exchangeRate(chain, "A", "C")?.used).toHaveLength(2);
    expect(exchangeRate(chain, "A", "D")).toBeNull();
  });

  it("prefer the direct pair, and of several the one that was quoted last", () => {
    const older = quote("EUR", "IDR", "1", { quotedAt: new Date(now - 1_000) });
    const newer = quote("EUR", "IDR", "20100");
    expect(exchangeRate([...all, older, newer], "EUR", "IDR")?.used).toEqual([newer]);
  });

  it("a metal is no currency on the way", () => {
    const inEuro = quote("gold", "EUR", "3200", { unit: "troy-ounce" });
    expect(exchangeRate([gold, inEuro], "USD", "EUR")).toBeNull();
  });

  it("a price of nothing gives no rate", () => {
    expect(exchangeRate([quote("USD", "IDR", "0")], "USD", "IDR")).toBeNull();
  });

  it("there and back again gives the amount, but for rounding", () => {
    const rates = fc.integer({ min: 1, max: 10_000_000 }).map((n) => String(n / 1_000));
    fc.assert(
      fc.property(rates, fc.integer({ min: 0, max: 10_000_000 }), (price, cents) => {
        const amount = String(cents / 100);
        const quotes = [quote("USD", "XXX", price)];
        const there = exchangeRate(quotes, "USD", "XXX");
        const back = exchangeRate(quotes, "XXX", "USD");
        if (there === null || back === null) throw new Error("no rate");
        const again = convertAmount(convertAmount(amount, there), back);
        // What is lost is the rounding of the amount in between: half of its fourth decimal, worth so much here.
        const lost = Math.abs(Number(again) - Number(amount));
        expect(lost).toBeLessThanOrEqual(0.00005 * Number(back.rate.toFixed(10)) + 0.0001);
      }),
    );
  });
});
