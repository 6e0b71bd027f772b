import { parsePrice, type Price } from "@pricefleet/pricing";
import { type Selection, textOf } from "../reading/index.ts";

/**
 * The price in one of Amazon's `.a-price` elements. It is printed twice, in pieces for the eye and whole for readers aloud.
 * A sign that several currencies have ("$", "kr", "¥") is that of the shop's country: Amazon writes any other out.
 */
export function readPrice(element: Selection, marketplace: string): Price | null {
  const whole = textOf(element.find(".a-offscreen").first());
  const text = whole === "" ? textOf(element.find("[aria-hidden='true']").first()) : whole;
  return readPriceText(text === "" ? textOf(element) : text, marketplace);
}

export function readPriceText(text: string, marketplace: string): Price | null {
  return parsePrice(text, { domain: `amazon.${marketplace}` });
}

/** Prices that are paid; `.a-text-price` is one struck through, or a price by measure. */
export const paidPrice = ".a-price:not(.a-text-price):not([data-a-strike='true'])";
export const struckPrice = ".a-price[data-a-strike='true']";
