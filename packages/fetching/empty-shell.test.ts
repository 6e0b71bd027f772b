import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { isEmptyShell } from "./empty-shell.ts";

describe("an empty shell", () => {
  it("has a root for scripts to fill, and nothing to read", () => {
    expect(isEmptyShell('<title>Shop</title><div id="root"></div><script src="/app.js"></script>')).toBe(
      true,
    );
  });

  it("is not made full by asking for JavaScript", () => {
    const plea = "You need to enable JavaScript to run this app. ".repeat(10);
    expect(isEmptyShell(`<noscript>${plea}</noscript><div id=root></div><script src=a.js></script>`)).toBe(
      true,
    );
  });

  it("is not a page with something to read, however many scripts it has", () => {
    const text = "ThinkPad X1 Carbon, 349.00 EUR, used. ".repeat(10);
    expect(isEmptyShell(`<p>${text}</p>${'<script src="/a.js"></script>'.repeat(30)}`)).toBe(false);
  });

  it("is not a short page that no script would fill", () => {
    expect(isEmptyShell("<h1>Not found</h1>")).toBe(false);
    expect(isEmptyShell('<h1>Gone</h1><script type="application/ld+json">{"a":1}</script>')).toBe(false);
    expect(isEmptyShell("<h1>Gone</h1><script>track()</script>")).toBe(false);
  });

  it("may carry its program inline", () => {
    expect(isEmptyShell(`<div id=app></div><script>${"render();".repeat(60)}</script>`)).toBe(true);
  });

  it("is told in linear time on a page made of unclosed scripts", () => {
    expect(isEmptyShell("<script>".repeat(200_000))).toBe(true);
  });
});

const capturesDir = process.env["CAPTURES_DIR"] ?? join(import.meta.dirname, "../../../shared/captures");

describe.skipIf(!existsSync(capturesDir))("among captured pages", () => {
  it("no search or item page of a shop counts as an empty shell", () => {
    const files = globSync(join(capturesDir, "{ebay,olx,product}/**/*.{html,html.gz}"));
    const shells = files.filter((file) => {
      const bytes = readFileSync(file);
      return isEmptyShell((file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString());
    });
    expect(files.length).toBeGreaterThan(10);
    expect(shells).toEqual([]);
  });
});
