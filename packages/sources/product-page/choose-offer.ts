import type { PriceMethod } from "@pricefleet/contracts";
import { sameAmount } from "@pricefleet/pricing";
import type { ProductSays } from "./product-says.ts";

export type Said = readonly { method: PriceMethod; says: ProductSays }[];

/**
 * Which method's price is the page's, `said` being in the order of trust: the amount that most methods say, and among
 * amounts said equally often the one said by the most trusted. Null if no method read a price.
 */
export function chooseOffer(said: Said): { method: PriceMethod; says: ProductSays } | null {
  const priced = said.filter(({ says }) => says.amount !== null);
  const votes = (amount: string | null) =>
    priced.filter(({ says }) => amount !== null && says.amount !== null && sameAmount(says.amount, amount))
      .length;
  return priced.reduce<Said[number] | null>(
    (best, next) => (best === null || votes(next.says.amount) > votes(best.says.amount) ? next : best),
    null,
  );
}
