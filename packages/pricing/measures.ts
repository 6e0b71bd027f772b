import type { Measure } from "@pricefleet/contracts";
import { Big } from "big.js";

/**
 * Weights in grams, exactly as they are defined: the troy ounce of 480 grains and the avoirdupois pound of 7,000, a grain
 * being 64.79891 mg (NIST Handbook 44, appendix C).
 */
const grams: Partial<Record<Measure, string>> = {
  gram: "1",
  kilogram: "1000",
  "troy-ounce": "31.1034768",
  pound: "453.59237",
};

/**
 * How many of `to` are in one of `from`: 31.1034768 grams in a troy ounce. Null where they are not of one kind: a unit of
 * something has no weight.
 */
export function measuresIn(from: Measure, to: Measure): Big | null {
  if (from === to) return new Big(1);
  const fromGrams = grams[from];
  const toGrams = grams[to];
  return fromGrams === undefined || toGrams === undefined ? null : new Big(fromGrams).div(toGrams);
}
