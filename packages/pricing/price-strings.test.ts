import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { currencyOf, parsePrice, sameAmount } from "./index.ts";

const capturesDir = resolve(
  process.env.CAPTURES_DIR ?? join(import.meta.dirname, "../../../shared/captures"),
);
const file = join(capturesDir, "prices/price-strings.jsonl");

interface PriceString {
  line: number;
  xfail: boolean;
  raw_currency_hint: string | null;
  raw_price: string | null;
  expected_amount: string | null;
  expected_currency: string | null;
  decimal_separator_hint: string | null;
}

describe.skipIf(!existsSync(file))("the price strings collected from shops", () => {
  const rows = existsSync(file)
    ? readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as PriceString)
    : [];

  it("are all there", () => expect(rows).toHaveLength(558));

  it("give the amount a person reads, all but those marked as beyond the original parser", () => {
    const wrong = rows.flatMap((row) => {
      if (row.xfail || row.raw_price === null) return [];
      const price = parsePrice(row.raw_price, {
        currencyHint: row.raw_currency_hint,
        decimalSeparator: row.decimal_separator_hint,
      });
      const got = price?.amount ?? null;
      const isRight =
        got === null || row.expected_amount === null
          ? got === row.expected_amount
          : sameAmount(got, row.expected_amount);
      return isRight ? [] : [{ row, got }];
    });
    expect(wrong).toEqual([]);
  });

  it("give the currency of the sign that a person reads there", () => {
    const wrong = rows.flatMap((row) => {
      if (row.xfail || row.raw_price === null || row.expected_currency === null) return [];
      const currencyHint = row.raw_currency_hint;
      const price = parsePrice(row.raw_price, { currencyHint });
      if (price === null) return [];
      const expected = currencyOf(row.expected_currency, { currencyHint });
      return price.currency === expected ? [] : [{ row, expected, got: price.currency }];
    });
    expect(wrong).toEqual([]);
  });
});
