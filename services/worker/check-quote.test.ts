import { expect, test } from "vitest";
import { checkQuote } from "./check-quote.ts";

const gold = {
  id: "1",
  name: "TVC:GOLD",
  currency: "USD",
  pageSelector: null,
  validMin: "100",
  validMax: "100000",
};

test.each([
  ["1950.35", null, { price: "1950.35" }],
  ["1950.35", "USD", { price: "1950.35" }],
  ["100.00", null, { price: "100.00" }],
  ["100000", null, { price: "100000" }],
  ["99.99", null, { reason: "below 100" }],
  ["-1950.35", null, { reason: "below 100" }],
  ["100000.01", null, { reason: "above 100000" }],
  ["1950.35", "EUR", { reason: "in EUR, not in USD" }],
  [null, null, { reason: "not a number" }],
])("%s in %s: %o", (amount, currency, checked) => {
  expect(checkQuote({ symbol: "TVC:GOLD", text: amount ?? "—", amount, currency }, gold)).toEqual(checked);
});

test("an instrument without a range takes any number", () => {
  const anything = { ...gold, validMin: null, validMax: null };
  const quote = { symbol: "X:Y", text: "−37.63", amount: "-37.63", currency: null };
  expect(checkQuote(quote, anything)).toEqual({ price: "-37.63" });
});
