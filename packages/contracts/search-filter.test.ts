import { describe, expect, it } from "vitest";
import { type SearchFilter, searchFilter, whyFilteredOut } from "./search-filter.ts";

const card = {
  title: "Śliczna karta RTX-3060 Ti, 8GB",
  amount: "200",
  currency: "EUR",
  condition: "Używane",
};
const why = (
  filter: SearchFilter,
  changes: Partial<typeof card> | object = {},
  location: string | null = null,
) =>
  whyFilteredOut(filter, { ...card, ...changes }, { location }, (currency) =>
    currency === "PLN" ? 0.25 : null,
  );

describe("a search's filter", () => {
  it.each([
    [{ must_contain: ["rtx 3060", "sliczna"] }, null],
    [{ must_contain: ["RTX 3060 TI"] }, null],
    [{ must_contain: ["3060", "ventus"] }, "must-contain"],
    [{ must_contain: ["306"] }, "must-contain"],
    [{ must_not_contain: ["kart"] }, null],
    [{ must_not_contain: ["KARTA"] }, "must-not-contain"],
    [{ min_price: "200", max_price: "200", currency: "EUR" }, null],
    [{ min_price: "200.01", currency: "EUR" }, "price-too-low"],
    [{ max_price: "199.99", currency: "EUR" }, "price-too-high"],
    [{ conditions: ["nowe", "uzywane"] }, null],
    [{ conditions: ["nowe"] }, "condition"],
  ])("%j gives %s", (filter, reason) => {
    expect(why(filter)).toBe(reason);
  });

  it("compares prices by rates, and keeps what is not known", () => {
    const filter = { min_price: "60", max_price: "100", currency: "EUR" };
    expect(why(filter, { currency: "PLN" })).toBe("price-too-low" satisfies string);
    expect(why(filter, { currency: "PLN", amount: "300" })).toBeNull();
    expect(why(filter, { currency: "XAG", amount: "1" })).toBeNull();
    expect(why(filter, { currency: null, amount: null })).toBeNull();
    expect(why({ conditions: ["used"] }, { condition: null })).toBeNull();
    expect(why({ locations: ["Warszawa"] }, {}, null)).toBeNull();
  });

  it("takes a location by its words", () => {
    expect(why({ locations: ["łódź"] }, {}, "Lodz, Polesie")).toBeNull();
    expect(why({ locations: ["Łódź"] }, {}, "Warszawa")).toBe("location");
  });

  it.each([
    [{ must_contain: [] }, /list of 1 to 50 words/],
    [{ must_contain: ["!?"] }, /letter or digit/],
    [{ min_price: "5" }, /ISO 4217/],
    [{ min_price: "5", max_price: "4", currency: "EUR" }, /not below min_price/],
    [{ min_price: "-5", currency: "EUR" }, /not below 0/],
    [{ contains: ["x"] }, /must_contain, must_not_contain/],
    ["x", /must_contain, must_not_contain/],
  ])("%j is refused, and it is said what would be right", (filter, right) => {
    const { error } = searchFilter.safeParse(filter);
    expect(error?.issues.map(({ message }) => message).join()).toMatch(right);
  });
});
