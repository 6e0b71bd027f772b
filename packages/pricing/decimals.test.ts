import { describe, expect, it } from "vitest";
import { compareAmounts, normalizeAmount, sameAmount } from "./index.ts";

describe("an amount made for machines", () => {
  it.each([
    [19.9, "19.9"],
    ["19.90", "19.90"],
    ["1,234.50", "1234.50"],
    ["1.234,50", "1234.50"],
    ["19,90", "19.90"],
    ["1.234", "1.234"],
    ["1,234", "1234"],
    ["1.234.567", "1234567"],
    ["007.50", "7.50"],
    ["1234.", "1234"],
    [".5", "0.5"],
    [0, "0"],
    [-0, "0"],
    ["-0.00", "0.00"],
    [-5.25, "-5.25"],
    ["- 5", "-5"],
    [" 5 ", "5"],
    ["$5.00", "5.00"],
    ["5.00 EUR", "5.00"],
    [1e-7, "0.0000001"],
    [19.900000000000002, "19.9"],
    ["1.5E+3", "1500"],
    ["999999999999999999.99", "999999999999999999.99"],
  ])("%s is %s", (amount, canonical) => expect(normalizeAmount(amount)).toBe(canonical));

  it.each([
    Number.NaN,
    Infinity,
    "",
    "free",
    "19.90 - 29.90",
    "1.2.3",
    "1e999999999",
    1e21,
    "4006381333931".repeat(2),
    "e5",
    "$",
  ])("%s is none", (amount) => expect(normalizeAmount(amount)).toBeNull());
});

describe("amounts are compared as decimals", () => {
  it("the same number is the same amount, however it is printed", () => {
    expect(sameAmount("19.9", "19.90")).toBe(true);
    expect(sameAmount("0", "-0.00")).toBe(true);
    expect(sameAmount("007", "7.0")).toBe(true);
    expect(sameAmount("0.1", "0.10000000000000000001")).toBe(false);
    expect(sameAmount("5", "-5")).toBe(false);
  });

  it("in the order of numbers, not of texts", () => {
    const amounts = ["100", "9.5", "-1", "9.49", "-1.5", "0", "99999999999999999999", "0.001"];
    expect(amounts.toSorted(compareAmounts)).toEqual([
      "-1.5",
      "-1",
      "0",
      "0.001",
      "9.49",
      "9.5",
      "100",
      "99999999999999999999",
    ]);
  });
});
