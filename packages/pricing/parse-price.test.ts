// Long because it is a table: one line for each way of printing a price.
import { describe, expect, it } from "vitest";
import { currencyOf, parsePrice, parsePriceRange, parsePrices, type PriceOptions } from "./index.ts";

const amountOf = (text: string, options?: PriceOptions) => parsePrice(text, options)?.amount ?? null;
const priceOf = (text: string, options?: PriceOptions) => {
  const price = parsePrice(text, options);
  return price && `${price.amount} ${price.currency}`;
};

describe("grouping and decimals", () => {
  it.each([
    ["1.234,56 €", "1234.56"],
    ["€1,234.56", "1234.56"],
    ["1 234,56 €", "1234.56"],
    ["1 234,56 €", "1234.56"],
    ["1 234,56 €", "1234.56"],
    ["₹1,23,456.78", "123456.78"],
    ["₹12,34,56,789", "123456789"],
    ["CHF 1'234.50", "1234.50"],
    ["CHF 1’049,95", "1049.95"],
    ["1.234.567 Ft", "1234567"],
    ["$1.234.50", "1234.50"],
    ["3'50 €", "3.50"],
    ["50,- Kč", "50"],
    ["1.198,– kr", "1198"],
    ["€ 610,", "610"],
    ["£1·99", "1.99"],
    ["€0.750", "0.750"],
    ["฿ 3.3900", "3.3900"],
    ["$1234.567", "1234.567"],
  ])("%s is %s", (text, amount) => expect(amountOf(text)).toBe(amount));

  it("a lone separator before three digits groups, unless locale or decimalSeparator says otherwise", () => {
    expect(amountOf("1.234 €")).toBe("1234");
    expect(amountOf("1.234 €", { locale: "de-DE" })).toBe("1234");
    expect(amountOf("1.234 €", { locale: "en-IE" })).toBe("1.234");
    expect(amountOf("1.234 €", { locale: "de-CH" })).toBe("1.234");
    expect(amountOf("1,234 €", { decimalSeparator: "," })).toBe("1.234");
    expect(amountOf("1,234 €", { decimalSeparator: ".", locale: "de-DE" })).toBe("1234");
  });

  it("what is printed goes before the locale where it leaves no choice", () => {
    expect(amountOf("USD 2 332.00", { locale: "es-ES" })).toBe("2332.00");
    expect(amountOf("$19.99", { locale: "de-DE" })).toBe("19.99");
  });

  it("a currency of three decimals has three decimals", () => {
    expect(priceOf("1.234 KWD")).toBe("1.234 KWD");
    expect(priceOf("12,500 د.ت")).toBe("12.500 TND");
  });

  it.each([
    ["١٬٢٣٤٫٥٠ ر.س", "1234.50 SAR"],
    ["۱۲۳٬۴۵۶ ریال", "123456 IRR"],
    ["₹१,२३,४५६", "123456 INR"],
    ["৳১,২৩৪", "1234 BDT"],
    ["￥１，２３４．５６", "1234.56 null"],
    ["１２，０００円", "12000 JPY"],
  ])("digits of any script are digits: %s", (text, price) => expect(priceOf(text)).toBe(price));

  it.each([
    "-5,00 €",
    "−5,00 €",
    "–5,00 €",
    "－5,00 €",
    "﹣5,00 €",
    "⁻5,00 €",
    "‑5,00 €",
    "€ -5.00",
    "-€5.00",
    "€−5.00",
  ])("%s is below zero", (text) => expect(priceOf(text)).toBe("-5.00 EUR"));

  it("a dash between a word or an amount and the price is no minus", () => {
    expect(amountOf("2 Piece - $6.75")).toBe("6.75");
    expect(amountOf("Price-$6.75")).toBe("6.75");
    expect(amountOf("$5 -$10")).toBe("5");
  });

  it("thousands and millions in words are multiplied out, exactly", () => {
    expect(priceOf("$1.2M", { domain: "zillow.com" })).toBe("1200000 USD");
    expect(priceOf("1,5 млн руб.")).toBe("1500000 RUB");
    expect(priceOf("12,5 tys. zł")).toBe("12500 PLN");
    expect(priceOf("1億2000万円")).toBe("120000000 JPY");
    expect(priceOf("1万2千円")).toBe("12000 JPY");
    expect(amountOf("$10K")).toBe("10000");
    expect(priceOf("₹1.25 crore")).toBe("12500000 INR");
    expect(priceOf("€5 m")).toBe("5 EUR");
  });
});

describe("the currency", () => {
  it.each([
    ["US $1.23", "USD"],
    ["US$:12.99", "USD"],
    ["AU $59.95", "AUD"],
    ["C $12.00", "CAD"],
    ["CAN$1.23", "CAD"],
    ["R$ 44,00", "BRL"],
    ["GBP 1.99", "GBP"],
    ["USD50.94", "USD"],
    ["£94.50 GBP", "GBP"],
    ["$5.00 USD", "USD"],
    ["$ SGD4.90", "SGD"],
    ["12 097 800 сум", "UZS"],
    ["50 у.е.", "USD"],
    ["1 200 грн.", "UAH"],
    ["25 лв.", "BGN"],
    ["Rs. 1,299 INR", "INR"],
    ["6 300 Р", "RUB"],
    ["2963yen", "JPY"],
    ["22000.00元/台", "CNY"],
    ["100 € ", "EUR"],
    ["TRY 1.299,00", "TRY"],
    ["MAD 300 - MAD 400", "MAD"],
    ["R273.00", "ZAR"],
    ["PTE 120 000", "PTE"],
    ["eur 5", "EUR"],
  ])("of %s is %s", (text, currency) => expect(parsePrice(text)?.currency).toBe(currency));

  it("an ambiguous sign is resolved by hints, in the order currencyHint, locale, domain, else null", () => {
    expect(priceOf("$5")).toBe("5 null");
    expect(priceOf("$5", { domain: "www.ebay.com" })).toBe("5 USD");
    expect(priceOf("$5", { domain: "ebay.com.au" })).toBe("5 AUD");
    expect(priceOf("$5", { domain: "www.ebay.de" })).toBe("5 null");
    expect(priceOf("$5", { domain: "shop.co" })).toBe("5 null");
    expect(priceOf("$5", { locale: "en-CA", domain: "www.ebay.com" })).toBe("5 CAD");
    expect(priceOf("$5", { currencyHint: "NZD", locale: "en-CA" })).toBe("5 NZD");
    expect(priceOf("500 kr")).toBe("500 null");
    expect(priceOf("500 kr", { locale: "sv" })).toBe("500 SEK");
    expect(priceOf("500 kr.", { domain: "dba.dk" })).toBe("500 DKK");
    expect(priceOf("¥1,000", { locale: "ja-JP" })).toBe("1000 JPY");
    expect(priceOf("¥1,000", { domain: "taobao.cn" })).toBe("1000 CNY");
    expect(priceOf("Rs 500", { locale: "en_PK" })).toBe("500 PKR");
  });

  it("a sign that mostly means one currency means it unless a hint names another of its own", () => {
    expect(priceOf("£115.00", { domain: "www.ebay.ie" })).toBe("115.00 GBP");
    expect(priceOf("£115.00", { currencyHint: "EGP" })).toBe("115.00 EGP");
    expect(priceOf("100 lei", { domain: "999.md" })).toBe("100 MDL");
    expect(priceOf("100 lei")).toBe("100 RON");
  });

  it("of the text goes before the hint, and without a sign only currencyHint gives one", () => {
    expect(priceOf("3,20 €", { currencyHint: "$" })).toBe("3.20 EUR");
    expect(priceOf("5 €", { currencyHint: "USD", domain: "ebay.com" })).toBe("5 EUR");
    expect(priceOf("39.95", { currencyHint: "Price From £ 39.95" })).toBe("39.95 GBP");
    expect(priceOf("39.95", { locale: "de-DE", domain: "www.ebay.de" })).toBe("39.95 null");
  });

  it("is no name of goods: AMD, TOP, R9", () => {
    expect(priceOf("AMD Radeon 270 for 99 EUR")).toBe("99 EUR");
    expect(priceOf("TOP 10 Angebote ab 5 €")).toBe("5 EUR");
    expect(parsePrice("AMD Ryzen")?.currency).toBeUndefined();
  });

  it("Toman have no ISO code, and are not passed off as rials", () => {
    expect(priceOf("۱۲۳٬۴۵۶ تومان", { currencyHint: "IRR" })).toBe("123456 null");
  });

  it("of a sign or code alone is given by currencyOf", () => {
    expect(currencyOf("zł")).toBe("PLN");
    expect(currencyOf("DKK/stk")).toBe("DKK");
    expect(currencyOf("RENAULT")).toBeNull();
    expect(currencyOf("$", { domain: "ebay.com" })).toBe("USD");
    expect(currencyOf("XYZ")).toBeNull();
    expect(currencyOf("")).toBeNull();
  });
});

describe("which amount is the price", () => {
  it.each([
    ["AED 8000 (USD 2179)", "8000 AED"],
    ["Was £120.00 Now £60.00", "60.00 GBP"],
    ["RRP: £ 180.00 £149.00", "149.00 GBP"],
    ["Statt 249,00 EUR 199,00 EUR", "199.00 EUR"],
    ["You save €15.01 €84.99", "84.99 EUR"],
    ["€10 off €49.90", "49.90 EUR"],
    ["Lot of 2 EUR 17,72", "17.72 EUR"],
    ["3 Ausgaben für nur 14,85 EUR", "14.85 EUR"],
    ["-30% 19,99 €", "19.99 EUR"],
    ["€29.00/month, €348.00 in total", "348.00 EUR"],
    ["19,99 € + 4,90 € Versand", "19.99 EUR"],
    ["+ 4,90 € Versand, 19,99 €", "19.99 EUR"],
    ["R$ 528,00 ou 12x de R$ 44,00 sem juros", "528.00 BRL"],
    ["12x de R$ 44,00 sem juros ou R$ 528,00", "528.00 BRL"],
    ["12 payments of £9.99 or £99", "99 GBP"],
    ["29,90 €/kg 2,99 €", "2.99 EUR"],
    ["(100 g = 1,99 €) 3,98 €", "3.98 EUR"],
    ["2,99 € (1,50 € je 100 ml)", "2.99 EUR"],
    ["599,00 EUR pro Kilogramm 59,90 EUR", "59.90 EUR"],
    ["From €109.90", "109.90 EUR"],
    ["ab 5 €", "5 EUR"],
    ["от 2 750 руб.", "2750 RUB"],
    ["35€ 99", "35.99 EUR"],
    ["35€99 TTC", "35.99 EUR"],
    ["10€ 20€", "10 EUR"],
    ["€ 1.234,00 *", "1234.00 EUR"],
    ["PS5 400€", "400 EUR"],
    ["Pre-order €59.99", "59.99 EUR"],
    ["Discount price: €20", "20 EUR"],
    ["Rabatt 5 € 20 €", "20 EUR"],
    ["Под заказ 500 руб.", "500 RUB"],
    ["RTX 4070 Ti 12GB €599.00", "599.00 EUR"],
  ])("of %s is %s", (text, price) => expect(priceOf(text)).toBe(price));

  it("an instalment, a price by measure or a saving alone is no price", () => {
    for (const text of [
      "12x de R$ 44,00",
      "12 x 44,00 €",
      "€44 x 12",
      "1,99 €/100 g",
      "€5 per kg",
      "Save $5",
      "$5 off",
      "Free shipping on orders $49+",
    ]) {
      expect(parsePrice(text), text).toBeNull();
    }
  });

  it("a price per month, for a piece, before a rebate or for shipping alone is the price printed", () => {
    expect(amountOf("Price: $15.95/mo")).toBe("15.95");
    expect(amountOf("$426.20/EA")).toBe("426.20");
    expect(amountOf("Was $20")).toBe("20");
    expect(amountOf("+ $5.00 shipping")).toBe("5.00");
  });

  it("a bare number is the price only where no currency is printed, and where it is a number", () => {
    expect(amountOf("129.900")).toBe("129900");
    expect(amountOf("5.00 trên 5")).toBe("5.00");
    for (const text of [
      "RTX4070",
      "2017-08-15",
      "15.08.2017",
      "12:30",
      "25-09",
      "50%",
      "192.168.1.1",
      "MX924 IX",
      "12 x",
    ]) {
      expect(parsePrice(text), text).toBeNull();
    }
  });

  it("free is 0, but a free thing beside the price is not", () => {
    for (const text of ["Free!", "FREE", "Za darmo", "Бесплатно", "無料", "For free", "Price: gratis"]) {
      expect(amountOf(text), text).toBe("0");
    }
    expect(priceOf("Free", { currencyHint: "EUR" })).toBe("0 EUR");
    for (const text of ["Free shipping", "Free returns", "Kostenloser Versand", "gluten-free bread"]) {
      expect(parsePrice(text), text).toBeNull();
    }
  });

  it("what prints no amount has no price", () => {
    for (const text of [
      "",
      " ",
      "Zamienię",
      "Обмен",
      "$",
      "EUR",
      "i",
      "No longer available",
      "....",
      "-",
      ",",
      "€,-",
    ]) {
      expect(parsePrice(text), text).toBeNull();
    }
  });
});

describe("several prices", () => {
  it("are all given in order, nothing dropped", () => {
    expect(parsePrices("EUR 17,72 bis EUR 18,66")).toEqual([
      { amount: "17.72", currency: "EUR" },
      { amount: "18.66", currency: "EUR" },
    ]);
    expect(parsePrices("12 097 800 сум")).toEqual([{ amount: "12097800", currency: "UZS" }]);
    expect(parsePrices("$1,234.50 to $2,000.00", { domain: "ebay.com" })).toEqual([
      { amount: "1234.50", currency: "USD" },
      { amount: "2000.00", currency: "USD" },
    ]);
    expect(parsePrices("R$ 528,00 ou 12x de R$ 44,00").map(({ amount }) => amount)).toEqual([
      "528.00",
      "44.00",
    ]);
    expect(parsePrices("90 728.00 руб 103 100.00 руб").map(({ amount }) => amount)).toEqual([
      "90728.00",
      "103100.00",
    ]);
    expect(parsePrices("100 лв. / 51,13 €")).toEqual([
      { amount: "100", currency: "BGN" },
      { amount: "51.13", currency: "EUR" },
    ]);
    expect(parsePrices("10.00 20.00").map(({ amount }) => amount)).toEqual(["10.00", "20.00"]);
    expect(parsePrices("nothing")).toEqual([]);
  });

  it.each([
    ["EUR 17,72 bis EUR 18,66", "17.72", "18.66", "EUR"],
    ["EUR 17,72bis EUR 18,66", "17.72", "18.66", "EUR"],
    ["EUR 17,72\n bis\n EUR 18,66", "17.72", "18.66", "EUR"],
    ["10,00 bis 20,00 EUR", "10.00", "20.00", "EUR"],
    ["From 26 to 50 €", "26", "50", "EUR"],
    ["€10-20", "10", "20", "EUR"],
    ["841,00 zł – 995,00 zł", "841.00", "995.00", "PLN"],
    ["£5 — £10", "5", "10", "GBP"],
    ["1 000 〜 2 000円", "1000", "2000", "JPY"],
    ["€10 to €10", "10", null, "EUR"],
    ["€ 10.00 € 8.00 – € 10.00", "10.00", null, "EUR"],
    ["€20", "20", null, "EUR"],
    ["50 - €2.00", "2.00", null, "EUR"],
    ["Model 2023 – 15 000 €", "15000", null, "EUR"],
    ["RTX 4070 - 599 €", "599", null, "EUR"],
    ["1.234 - 1.500 KWD", "1.234", "1.500", "KWD"],
    ["$10 - $20 USD", "10", "20", "USD"],
    ["€10 - $20", "10", null, "EUR"],
    ["Gratis", "0", null, null],
  ])("%s is a range from %s to %s", (text, amount, amountMax, currency) => {
    expect(parsePriceRange(text)).toEqual({ amount, amountMax, currency });
  });

  it("no price is no range", () => expect(parsePriceRange("Zamienię")).toBeNull());
});
