import { PermanentError } from "@pricefleet/contracts";
import { expect, test } from "vitest";
import { createSampleSource } from "./index.ts";

const source = createSampleSource("http://shop.test:8080/");

test("words become the address of a page of the search", () => {
  expect(source.searchUrl({ term: " thinkpad x1 & more ", url: null }, 3)).toBe(
    "http://shop.test:8080/search?q=thinkpad+x1+%26+more&page=3",
  );
});

test("a pasted search keeps its words and gets the page asked for", () => {
  const pasted = "http://shop.test:8080/search?q=lamp&page=7";
  expect(source.searchUrl({ term: null, url: pasted }, 2)).toBe("http://shop.test:8080/search?q=lamp&page=2");
});

test.each(["http://shop.test:8080/item/lamp-1", "http://elsewhere.test/search?q=lamp", "lamp"])(
  "%s is no search page of the site",
  (url) => {
    const asking = () => source.searchUrl({ term: null, url }, 1);
    expect(asking).toThrow(PermanentError);
    expect(asking).toThrow("one looks like http://shop.test:8080/search?q=thinkpad");
  },
);

test("a search needs words", () => {
  expect(() => source.searchUrl({ term: "  ", url: null }, 1)).toThrow(PermanentError);
});

test("the site is its own host and port; without a base URL, the sample marketplace's usual place", () => {
  expect(source.matches(new URL("http://shop.test:8080/item/lamp-1"))).toBe(true);
  expect(source.matches(new URL("http://shop.test:9090/item/lamp-1"))).toBe(false);
  expect(createSampleSource(null).matches(new URL("http://127.0.0.1:30081/search?q=lamp"))).toBe(true);
});

test("an address tells which kind of page it leads to", () => {
  const kindOf = (path: string) => source.kindOf(new URL(path, "http://shop.test:8080"));
  expect(kindOf("/search?q=lamp")).toBe("search");
  expect(kindOf("/item/lamp-1")).toBe("listing");
  expect(kindOf("/quotes/XAUUSD")).toBe("quote");
  expect(kindOf("/")).toBe(null);
});
