import { expect, it } from "vitest";
import { listingTable } from "./listing-table.ts";

const row = { title: "ThinkPad X1", amount: "12", currency: "EUR", previousAmount: null };

it("a row has title, price and currency, with cents", () => {
  expect(listingTable([row], 60)).toEqual(["ThinkPad X1                                       € 12.00"]);
});

it("a price that moved says by how much, exactly", () => {
  const rows = [
    { ...row, amount: "12.00", previousAmount: "13.50" },
    { ...row, amount: "0.30", previousAmount: "0.1" },
    { ...row, amount: "12.0", previousAmount: "12" },
  ];
  expect(listingTable(rows, 60).map((line) => line.slice(-15).trim())).toEqual([
    "€ 12.00  ▼ 1.50",
    "€ 0.30  ▲ 0.20",
    "€ 12.00",
  ]);
});

it("a price that is not known is said so, never 0", () => {
  expect(listingTable([{ ...row, amount: null, currency: null, previousAmount: "3" }], 60)[0]).toMatch(
    /no price$/,
  );
});

it("a long title is cut to the terminal", () => {
  const [line = ""] = listingTable([{ ...row, title: "x".repeat(200) }], 50);
  expect(line).toHaveLength(47);
  expect(line).toContain("x…  € 12.00");
});

it("a currency without a sign is named by its code", () => {
  expect(listingTable([{ ...row, currency: "CHF" }], 60)[0]).toMatch(/CHF 12\.00$/);
});
