import fc from "fast-check";
import { expect, test } from "vitest";
import { createSources } from "../index.ts";

const sources = createSources({ tradingviewBaseUrl: "http://mirror.test:8080" });
const goldUrl = "https://www.tradingview.com/symbols/GOLD/?exchange=TVC";

const read = (html: string, url = goldUrl) => sources.read({ url, html, status: 200 });
const valueOf = (text: string, lang = "") =>
  read(`<html lang="${lang}"><span data-qa-id="symbol-last-value">${text}</span>`).quotes?.[0]?.amount;

test.each([
  ["https://www.tradingview.com/symbols/GOLD/?exchange=TVC", "TVC:GOLD"],
  ["https://www.tradingview.com/symbols/COMEX-HG1!/", "COMEX:HG1!"],
  ["https://de.tradingview.com/symbols/NASDAQ-AAPL", "NASDAQ:AAPL"],
  ["https://www.tradingview.com/symbols/SPX/", "SPX"],
])("%s is the page of %s", (url, symbol) => {
  expect(read('<div class="js-symbol-last">1950.<span>35</span></div>', url)).toMatchObject({
    page: "quote",
    state: "ok",
    source: "tradingview",
    items: [],
    quotes: [{ symbol, text: "1950.35", amount: "1950.35", currency: null }],
  });
});

test("the symbol's own value goes before those of lists, and its currency is read where the page tells it", () => {
  const page = `<div class="js-symbol-last">77</div><span data-qa-id="symbol-last-value">16,250.5</span>
    <span data-qa-id="symbol-currency">IDR</span>`;
  expect(read(page).quotes).toEqual([
    { symbol: "TVC:GOLD", text: "16,250.5", amount: "16250.5", currency: "IDR" },
  ]);
});

test.each([
  ["3,788.39", "", "3788.39"],
  ["2.958", "en", "2.958"],
  ["2.958", "", "2.958"],
  ["1.950,35", "de", "1950.35"],
  ["16\u202f250,5", "fr", "16250.5"],
  ["12\u2009097\u2009800", "", "12097800"],
  ["\u221237.63", "en", "-37.63"],
  ["\u22120.35", "de", "-0.35"],
  ["904.465B", "en", "904465000000"],
  ["0,00007", "pl", "0.00007"],
])("%s on a page in '%s' is %s", (text, lang, amount) => {
  expect(valueOf(text, lang)).toBe(amount);
});

test.each(["", "&nbsp;", "—", "N/A", "Loading", "12%"])(
  "%j is no number, so the page is not read yet or has changed",
  (text) => {
    expect(valueOf(text)).toBe(null);
    expect(read(`<p class="js-symbol-last">${text}</p>`)).toMatchObject({ state: "changed" });
  },
);

test("of an overview each symbol is read once, with its value where one of its lists has it", () => {
  const row = (symbol: string, value: string) =>
    `<div data-symbol="${symbol}"><a data-symbol="short">x</a><div class="js-symbol-last">${value}</div></div>`;
  const html =
    row("TVC:DXY", "&nbsp;") + row("FX:EURUSD", "1.00286") + row("TVC:DXY", "110.2") + row("FX:X", "&nbsp;");
  expect(read(html, "https://www.tradingview.com/markets/").quotes).toEqual([
    { symbol: "TVC:DXY", text: "110.2", amount: "110.2", currency: null },
    { symbol: "FX:EURUSD", text: "1.00286", amount: "1.00286", currency: null },
    { symbol: "FX:X", text: "", amount: null, currency: null },
  ]);
});

test("quotes are asked for at the address that stands in for the site; other sites stay where they are", () => {
  const at = (address: string) => {
    const found = sources.forQuotes(address);
    return found && `${found.source.name} ${found.url.href}`;
  };
  expect(at(goldUrl)).toBe("tradingview http://mirror.test:8080/symbols/GOLD/?exchange=TVC");
  expect(at("https://rates.example/usd-idr")).toBe("quote-page https://rates.example/usd-idr");
  expect(at("https://www.ebay.com/itm/200000000001")).toContain("quote-page ");
  expect(at("ftp://rates.example/")).toBe(null);
  expect(at("rates")).toBe(null);
});

test("any page is read by the selector that its instrument names, and a bad one is named", () => {
  const { source } = sources.forQuotes("https://rates.example/") ?? {};
  const page = {
    url: "https://rates.example/",
    html: '<table><tr><td>USD<td class="bid">16.250,50 IDR</table>',
    status: 200,
  };
  const wanted = { symbol: "X:USDIDR", selector: "td.bid" };
  if (source === undefined) throw new Error("no source");
  expect(sources.readQuote(page, source, wanted)).toMatchObject({
    state: "ok",
    quotes: [{ symbol: "X:USDIDR", amount: "16250.50", currency: "IDR" }],
  });
  expect(sources.readQuote(page, source, { ...wanted, selector: "td.ask" })).toMatchObject({
    state: "changed",
    quotes: [],
  });
  expect(sources.readQuote(page, source, { ...wanted, selector: "td[" })).toMatchObject({
    state: "changed",
    reason: expect.stringContaining('"td[" is no CSS selector'),
  });
  expect(sources.readQuote({ ...page, status: 403 }, source, wanted).state).toBe("blocked");
});

test("of a page with many symbols the wanted one counts: without it the page is changed, whatever else it has", () => {
  const html = `<p data-symbol="A:B"><b class="js-symbol-last">5</b></p>
    <p data-symbol="A:C"><b class="js-symbol-last">&nbsp;</b></p>`;
  const page = { url: "https://www.tradingview.com/markets/", html, status: 200 };
  const source = sources.byName("tradingview");
  const read = (symbol: string) => sources.readQuote(page, source, { symbol, selector: null });
  expect(read("A:B")).toMatchObject({ state: "ok", quotes: [{ symbol: "A:B", amount: "5" }] });
  expect(read("A:C")).toMatchObject({ state: "changed", quotes: [{ symbol: "A:C", text: "" }] });
  expect(read("A:D")).toMatchObject({ state: "changed", quotes: [] });
});

test("no page and no selector makes reading a quote throw", () => {
  const source = sources.byName("tradingview");
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.boolean(), (html, selector, isOverview) => {
      const url = isOverview ? "https://www.tradingview.com/markets/" : goldUrl;
      const page = { url, html: `<b class="js-symbol-last">${html}`, status: null };
      expect(sources.read(page).source).toBe("tradingview");
      expect(sources.readQuote(page, source, { symbol: "A:B", selector }).page).toBe("quote");
    }),
  );
});
