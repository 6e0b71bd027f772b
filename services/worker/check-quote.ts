import type { PageQuote } from "@pricefleet/contracts";
import type { PageInstrument } from "@pricefleet/database";
import { compareAmounts } from "@pricefleet/pricing";

/** Can what a page shows be the instrument's price? `reason` is for people. */
export function checkQuote(
  { text, amount, currency }: PageQuote,
  instrument: PageInstrument,
): { price: string } | { reason: string } {
  const { validMin, validMax } = instrument;
  if (amount === null) return { reason: text === "" ? "no value" : "not a number" };
  // Where the page tells none, the instrument's own is meant.
  if (currency !== null && currency !== instrument.currency)
    return { reason: `in ${currency}, not in ${instrument.currency}` };
  if (validMin !== null && compareAmounts(amount, validMin) < 0) return { reason: `below ${validMin}` };
  if (validMax !== null && compareAmounts(amount, validMax) > 0) return { reason: `above ${validMax}` };
  return { price: amount };
}
