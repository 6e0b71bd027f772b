import { expect, test } from "vitest";
import { createEbaySource } from "./index.ts";

const ebay = createEbaySource(null);
const kindAt = (address: string) => ebay.kindOf(new URL(address));
const pasted = (url: string, pageNumber: number) => ebay.searchUrl({ term: null, url }, pageNumber);

test("words become a search on ebay.com", () => {
  const url = ebay.searchUrl({ term: " thinkpad x1 & dock ", url: null }, 1);
  expect(url).toBe("https://www.ebay.com/sch/i.html?_nkw=thinkpad+x1+%26+dock");
  expect(ebay.searchUrl({ term: "lamp", url: null }, 3)).toBe(
    "https://www.ebay.com/sch/i.html?_nkw=lamp&_pgn=3",
  );
});

test.each(["com", "de", "co.uk", "ie", "fr", "it", "es", "pl", "nl", "at", "ch", "ca", "com.au", "be", "ph"])(
  "a search pasted from ebay.%s stays there",
  (domain) => {
    expect(pasted(`https://www.ebay.${domain}/sch/i.html?_nkw=lego`, 2)).toBe(
      `https://www.ebay.${domain}/sch/i.html?_nkw=lego&_pgn=2`,
    );
  },
);

test("a pasted search keeps its category and filters, and turns to the page that is asked for", () => {
  const address = "https://www.benl.ebay.be/sch/6000/i.html?_nkw=bmw&_sop=12&LH_Sold=1&_pgn=4&_udlo=10#top";
  expect(pasted(address, 1)).toBe(
    "https://www.benl.ebay.be/sch/6000/i.html?_nkw=bmw&_sop=12&LH_Sold=1&_udlo=10",
  );
  expect(pasted(address, 7)).toContain("_udlo=10&_pgn=7");
});

test.each([
  "https://www.ebay.com/itm/123456789012",
  "https://www.ebay.com/",
  "https://www.ebay.com.example/sch/i.html?_nkw=a",
  "https://notebay.com/sch/i.html?_nkw=a",
  "ftp://www.ebay.com/sch/i.html?_nkw=a",
  "thinkpad",
])("%s is no search, and the error shows what one looks like", (address) => {
  expect(() => pasted(address, 1)).toThrow(expect.objectContaining({ reason: "bad-search" }));
  expect(() => pasted(address, 1)).toThrow(/https:\/\/www\.ebay\.de\/sch/);
});

test("a search without words is refused", () => {
  for (const term of [null, "", "  "]) {
    expect(() => ebay.searchUrl({ term, url: null }, 1)).toThrow(
      expect.objectContaining({ reason: "bad-search" }),
    );
  }
});

test("items are known by their number, with or without a name before it", () => {
  expect(kindAt("https://www.ebay.de/itm/266831246079?hash=x")).toBe("listing");
  expect(kindAt("https://www.ebay.com/itm/Darth-Maul/133407052389?_trkparms=a")).toBe("listing");
  expect(kindAt("https://ebay.com/itm/123456")).toBeNull();
  expect(kindAt("https://www.ebay.com/p/1676001104")).toBeNull();
  expect(kindAt("https://www.ebay.com/sch/i.html?_nkw=a")).toBe("search");
});

test("a mirror answers every search, also one pasted from eBay, and its own", () => {
  const mirrored = createEbaySource("http://127.0.0.1:4001");
  expect(mirrored.searchUrl({ term: "lego", url: null }, 2)).toBe(
    "http://127.0.0.1:4001/sch/i.html?_nkw=lego&_pgn=2",
  );
  for (const host of ["https://www.ebay.de", "http://127.0.0.1:4001"]) {
    const url = `${host}/sch/1/i.html?_nkw=lego&_sop=12`;
    expect(mirrored.searchUrl({ term: null, url }, 1)).toBe(
      "http://127.0.0.1:4001/sch/1/i.html?_nkw=lego&_sop=12",
    );
  }
  expect(mirrored.matches(new URL("https://www.ebay.com/itm/123456789012"))).toBe(true);
});
