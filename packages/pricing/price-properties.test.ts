import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compareAmounts,
  currencyOf,
  normalizeAmount,
  parsePrice,
  parsePriceRange,
  parsePrices,
  sameAmount,
} from "./index.ts";

const seeded = { seed: 20_261_122, numRuns: 3_000 };
const canonical = /^-?\d+(\.\d+)?$/;

const pieces = [
  ...Array.from("0123456789.,'- €$£¥%x/:()+=٫٬٣−–円万億"),
  " ",
  " ",
  "EUR",
  "USD",
  "kr",
  "zł",
  "R$",
  "US $",
  "Rs.",
  "TRY",
  "TOP",
  "R",
  "to",
  "bis",
  "from",
  "was",
  "per",
  "kg",
  "12x",
  "1,234.50",
  "1.234,50",
  "free",
  "mln",
  "k",
];
const priceLike = fc.array(fc.constantFrom(...pieces), { maxLength: 24 }).map((parts) => parts.join(""));
const anyText = fc.oneof(
  priceLike,
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.string(),
);
const maybe = (text: fc.Arbitrary<string>) => fc.option(text, { nil: undefined });
const anyOptions = fc.record({
  currencyHint: maybe(fc.oneof(fc.constantFrom("USD", "$", "kr", "EUR"), anyText)),
  locale: maybe(fc.oneof(fc.constantFrom("de-DE", "en", "sv-SE"), anyText)),
  domain: maybe(fc.oneof(fc.constantFrom("ebay.com", "www.ebay.de"), anyText)),
  decimalSeparator: maybe(fc.oneof(fc.constantFrom(".", ","), anyText)),
});

describe("any text at all", () => {
  it("is read without an exception, into canonical amounts and ISO currencies or null", () => {
    fc.assert(
      fc.property(anyText, anyOptions, (text, options) => {
        const price = parsePrice(text, options);
        const range = parsePriceRange(text, options);
        const all = parsePrices(text, options);
        const currencies = all.map(({ currency }) => currency ?? "none");
        expect(all.map(({ amount }) => amount).filter((amount) => !canonical.test(amount))).toEqual([]);
        expect(currencies.filter((currency) => !/^([A-Z]{3}|none)$/.test(currency))).toEqual([]);
        expect([null, ...all]).toContainEqual(price);
        expect(range && { amount: range.amount, currency: range.currency }).toEqual(price);
        expect(range?.amountMax == null || compareAmounts(range.amount, range.amountMax) < 0).toBe(true);
        currencyOf(text, options);
      }),
      seeded,
    );
  });

  it("gives a canonical amount or null to normalizeAmount, which then stays as it is", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.double(), fc.integer()), (value) => {
        const amount = normalizeAmount(value);
        if (amount === null) return;
        expect(amount).toMatch(canonical);
        expect(normalizeAmount(amount)).toBe(amount);
      }),
      seeded,
    );
  });

  it("of a great length is read in one pass: more would not end within the time of a test", () => {
    for (const piece of [
      "1.",
      "1,",
      "1 ",
      "1 234 ",
      "1'",
      "..",
      "$",
      "$ ",
      "R ",
      "kr ",
      "-",
      "1-",
      "12 x ",
      "€5 ",
      "1万",
      "(",
      "a",
      "AMD 5 ",
    ]) {
      const text = piece.repeat(100_000 / piece.length);
      parsePrice(text, { currencyHint: text });
      parsePriceRange(text);
      normalizeAmount(text);
    }
    expect(parsePrice(`${"x".repeat(100_000)} 5 €`)?.amount).toBe("5");
  });
});

describe("a number printed by the rules of a locale", () => {
  const locales = [
    "en-US",
    "en-IN",
    "en-AU",
    "de-DE",
    "de-AT",
    "de-CH",
    "fr-FR",
    "fr-CH",
    "it-IT",
    "es-ES",
    "es-MX",
    "pt-BR",
    "pt-PT",
    "nl-NL",
    "pl-PL",
    "cs-CZ",
    "hu-HU",
    "ro-RO",
    "bg-BG",
    "ru-RU",
    "uk-UA",
    "sv-SE",
    "da-DK",
    "nb-NO",
    "fi-FI",
    "tr-TR",
    "el-GR",
    "he-IL",
    "ar-EG",
    "fa-IR",
    "hi-IN",
    "mr-IN-u-nu-deva",
    "bn-BD",
    "th-TH-u-nu-thai",
    "ja-JP",
    "ko-KR",
    "zh-CN",
    "vi-VN",
    "id-ID",
    "kk-KZ",
  ];
  const cents = fc.bigInt({ min: -(10n ** 13n), max: 10n ** 13n });

  it.each(locales)(
    "%s comes back as the same amount and currency, with and without the locale as a hint",
    (locale) => {
      fc.assert(
        fc.property(
          cents,
          fc.constantFrom("EUR", "GBP", "UAH", "PLN"),
          fc.constantFrom("symbol", "code"),
          (value, currency, display) => {
            const amount = decimalOfCents(value);
            const format = new Intl.NumberFormat(locale, {
              style: "currency",
              currency,
              currencyDisplay: display === "code" ? "code" : "symbol",
            });
            // As a string, for a number would round it.
            const text = format.format(amount as Intl.StringNumericLiteral);
            for (const options of [{}, { locale }]) {
              const price = parsePrice(text, options);
              expect(price?.currency, text).toBe(currency);
              expect(
                sameAmount(price?.amount ?? "0", amount),
                `${text} is ${amount}, not ${price?.amount}`,
              ).toBe(true);
            }
          },
        ),
        { ...seeded, numRuns: 40 },
      );
    },
  );

  it("compares as its cents do", () => {
    fc.assert(
      fc.property(cents, cents, (a, b) => {
        const order = compareAmounts(decimalOfCents(a), decimalOfCents(b));
        expect(order).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
      seeded,
    );
  });
});

function decimalOfCents(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(3, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
