import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isNearlySameTitle, titleLikeness } from "./index.ts";

const word = fc.constantFrom(
  "thinkpad",
  "Łóżko",
  "straße",
  "rower",
  "górski",
  "RTX",
  "carbon",
  "чехол",
  "16",
  "gb",
);
const title = fc.oneof(
  fc.array(word, { maxLength: 8 }).map((words) => words.join(" ")),
  fc.string(),
);

describe("how alike two titles are", () => {
  it("is a share, the same from either side", () => {
    fc.assert(
      fc.property(title, title, (a, b) => {
        const likeness = titleLikeness(a, b);
        expect(likeness).toBeGreaterThanOrEqual(0);
        expect(likeness).toBeLessThanOrEqual(1);
        expect(titleLikeness(b, a)).toBe(likeness);
        expect(isNearlySameTitle(b, a)).toBe(isNearlySameTitle(a, b));
      }),
    );
  });

  it("is whole for a title that differs in case, accents, punctuation and the order of its words alone", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), fc.nat(), (words, turn) => {
        const at = turn % words.length;
        const other = [...words.slice(at), ...words.slice(0, at)]
          .join(" - ")
          .toUpperCase()
          .normalize("NFD")
          .replaceAll("SS", "ß");
        expect(
          titleLikeness(words.join(" ").replaceAll("straße", "ß"), other.replaceAll("STRAßE", "ß")),
        ).toBe(1);
      }),
    );
  });

  it("is nothing where a title has no words", () => {
    expect(titleLikeness("!!!", "???")).toBe(0);
    expect(isNearlySameTitle("", "")).toBe(false);
  });

  it.each([
    ["Lenovo ThinkPad X1 Carbon Gen 9, 16GB RAM", "THINKPAD X1 CARBON GEN 9 16 GB Lenovo"],
    ["Rower górski Kross Level 5.0", "rower gorski kross level 5.0!"],
    ["Canon EOS 5D Mark III body", "Canon EOS 5D Mark III Body only"],
    ["Велосипед горный Stels", "Горный велосипед STELS"],
  ])("nearly the same: %s | %s", (a, b) => {
    expect(isNearlySameTitle(a, b)).toBe(true);
  });

  it.each([
    ["Gigabyte RTX 4070 Gaming OC", "Gigabyte RTX 4080 Gaming OC"],
    ["iPhone 12 64GB black unlocked", "iPhone 12 128GB black unlocked"],
    ["Lenovo ThinkPad X1 Carbon", "Charger for Lenovo ThinkPad X1 Carbon and many others"],
    ["Łóżko drewniane", "Stół drewniany"],
  ])("not the same: %s | %s", (a, b) => {
    expect(isNearlySameTitle(a, b)).toBe(false);
  });
});
