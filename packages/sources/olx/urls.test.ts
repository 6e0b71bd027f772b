import { describe, expect, test } from "vitest";
import { adNumberOf } from "./ad-number.ts";
import { createOlxSource } from "./index.ts";

const olx = createOlxSource({ mirrorUrl: null, country: "pl" });
const mirrored = createOlxSource({ mirrorUrl: "http://127.0.0.1:4001", country: "ua" });

const byTerm = (term: string) => ({ term, url: null });
const byUrl = (url: string) => ({ term: null, url });

test("OLX is at home in seven countries", () => {
  const hosts = ["olx.bg", "www.olx.pl", "m.olx.ua", "www.olx.uz", "www.olx.ro", "www.olx.pt", "www.olx.kz"];
  expect(hosts.filter((host) => olx.matches(new URL(`https://${host}/`)))).toEqual(hosts);
  const others = [
    "https://www.olx.in/",
    "https://notolx.pl/",
    "https://olx.pl.example/",
    "ftp://www.olx.pl/",
  ];
  expect(others.filter((url) => olx.matches(new URL(url)))).toEqual([]);
});

test("an ad of a sister site has no page that is read", () => {
  expect(olx.readsListingAt?.(new URL("https://www.otodom.pl/pl/oferta/a-ID4jNVC.html"))).toBe(false);
  expect(olx.readsListingAt?.(new URL("https://www.olx.pl/d/oferta/a-ID16y7eR.html"))).toBe(true);
  expect(mirrored.readsListingAt?.(new URL("http://127.0.0.1:4001/d/oferta/a-ID5.html"))).toBe(true);
});

test.each([
  ["https://www.olx.pl/d/oferta/etui-CID99-ID16y7eR.html", "listing"],
  ["https://www.olx.ua/d/uk/obyavlenie/sdam-IDSgrLt.html?reason=hp", "listing"],
  ["https://www.olx.pl/oferta/praca/kierowca-CID4-ID16y7eR.html", "listing"],
  ["https://www.olx.pl/oferty/q-rower/", "search"],
  ["https://www.olx.pl/d/nieruchomosci/mieszkania/wynajem/?page=3", "search"],
  ["https://www.olx.ua/uk/list/q-%D0%B2%D0%B5%D0%BB%D0%BE/", "search"],
  ["https://www.olx.pl/myaccount/answers/", null],
  ["https://www.olx.pl/d/adding/", null],
  ["https://www.olx.pl/robots.txt", null],
  ["https://www.olx.pl/", null],
])("%s is %s", (url, kind) => {
  expect(olx.kindOf(new URL(url))).toBe(kind);
});

test("an ad's number is written in its address, w before v", () => {
  expect(adNumberOf("/d/oferta/iphone-13-CID99-ID16y7eR.html")).toBe("1012921829");
  expect(adNumberOf("/d/oferta/male-studio-CID3-ID19jUV7.html")).toBe("1053866955");
  expect(adNumberOf("/d/oferta/mieszkanie-2-pokojowe-CID3-IDSvAvs.html")).toBe("805689036");
  expect(adNumberOf("/d/oferta/rysiek-ID.html")).toBeNull();
});

describe("a search by words", () => {
  test.each([
    ["bg", "https://www.olx.bg/ads/q-bike/"],
    ["kz", "https://www.olx.kz/list/q-bike/"],
    ["pl", "https://www.olx.pl/oferty/q-bike/"],
    ["pt", "https://www.olx.pt/ads/q-bike/"],
    ["ro", "https://www.olx.ro/oferte/q-bike/"],
    ["ua", "https://www.olx.ua/uk/list/q-bike/"],
    ["uz", "https://www.olx.uz/list/q-bike/"],
  ] as const)("goes to the country that is set: %s", (country, url) => {
    expect(createOlxSource({ mirrorUrl: null, country }).searchUrl(byTerm("bike"), 1)).toBe(url);
  });

  test("has its words joined, and whatever means something else in a path taken out", () => {
    expect(olx.searchUrl(byTerm("  rower  górski 24/7? #1 "), 2)).toBe(
      "https://www.olx.pl/oferty/q-rower-g%C3%B3rski-24-7-1/?page=2",
    );
    expect(() => olx.searchUrl(byTerm(" / "), 1)).toThrow(expect.objectContaining({ reason: "bad-search" }));
  });
});

describe("a pasted search", () => {
  test("keeps its country, category and filters, and its page is replaced", () => {
    const pasted =
      "https://www.olx.ua/d/uk/nedvizhimost/kvartiry/?currency=UAH&page=7&search%5Border%5D=filter_float_price%3Aasc#a";
    const address = "https://www.olx.ua/d/uk/nedvizhimost/kvartiry/?currency=UAH";
    expect(olx.searchUrl(byUrl(pasted), 1)).toBe(`${address}&search%5Border%5D=filter_float_price%3Aasc`);
    expect(olx.searchUrl(byUrl(pasted), 3)).toBe(
      `${address}&search%5Border%5D=filter_float_price%3Aasc&page=3`,
    );
  });

  test("goes to the mirror where there is one", () => {
    expect(mirrored.searchUrl(byUrl("https://www.olx.pl/oferty/q-rower/?search%5Bphotos%5D=1"), 2)).toBe(
      "http://127.0.0.1:4001/oferty/q-rower/?search%5Bphotos%5D=1&page=2",
    );
    expect(mirrored.searchUrl(byTerm("bike"), 1)).toBe("http://127.0.0.1:4001/uk/list/q-bike/");
  });

  test.each([
    "https://www.olx.pl/d/oferta/etui-CID99-ID16y7eR.html",
    "https://allegro.pl/listing?string=rower",
    "rower",
  ])("that is none of OLX is refused, and one is shown: %s", (url) => {
    expect(() => olx.searchUrl(byUrl(url), 1)).toThrow(/not a search page of OLX \(bg, .*looks like https/);
  });
});
