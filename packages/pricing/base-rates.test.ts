import { describe, expect, it } from "vitest";
import { baseRateOf, createBaseRates, type JudgedQuote } from "./base-rates.ts";

const quote = (id: string, asset: string, currency: string, price: string, isStale = false): JudgedQuote => ({
  id,
  instrument: `TEST:${asset}${currency}`,
  asset,
  currency,
  unit: "unit",
  price,
  quotedAt: new Date(`2026-11-23T12:00:0${id}Z`),
  isStale,
});
const usdIdr = quote("1", "USD", "IDR", "16000");
const eurUsd = quote("2", "EUR", "USD", "1.25");

describe("what a currency is worth in the base currency", () => {
  it("is a rate with the quotes it rests on and the time of the oldest", () => {
    expect(baseRateOf([usdIdr, eurUsd], "EUR", "IDR")).toEqual({
      base: "IDR",
      rate: "20000",
      quoteIds: ["2", "1"],
      quotedAt: usdIdr.quotedAt,
      missing: null,
    });
  });

  it("is one for the base currency itself, and rests on nothing", () => {
    expect(baseRateOf([], "USD", "USD")).toEqual({
      base: "USD",
      rate: "1",
      quoteIds: [],
      quotedAt: null,
      missing: null,
    });
  });

  it("is not known where no quotes lead there, or only stale ones, and says which", () => {
    expect(baseRateOf([usdIdr], "EUR", "IDR")).toMatchObject({
      rate: null,
      quoteIds: [],
      missing: "no-rate",
    });
    const stale = quote("2", "EUR", "USD", "1.25", true);
    expect(baseRateOf([usdIdr, stale], "EUR", "IDR")).toMatchObject({
      rate: null,
      quoteIds: [],
      missing: "stale-rate",
    });
  });

  it("goes by two fresh quotes rather than by a stale one", () => {
    const stale = quote("3", "EUR", "IDR", "1", true);
    expect(baseRateOf([usdIdr, eurUsd, stale], "EUR", "IDR").rate).toBe("20000");
  });

  it("quotes that could not be read are asked for again", async () => {
    let fails = true;
    const rates = createBaseRates("USD", async () => {
      if (fails) throw new Error("away");
      return [eurUsd];
    });
    await expect(rates.of("EUR")).rejects.toThrow("away");
    fails = false;
    expect((await rates.of("EUR"))?.rate).toBe("1.25");
    expect(await rates.of(null)).toBeNull();
  });
});
