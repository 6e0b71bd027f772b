import { type RawBuilder, sql } from "kysely";

/**
 * Why the price of the listing `l` has no part in statistics; null: it has. The first reason counts. A bid is no price
 * yet, a range ("from 9.99") is the price of its cheapest variant, and of a price in quarantine nothing is known; the one
 * known before it counts.
 */
export function whyNotCompared(baseCurrency: string): RawBuilder<string | null> {
  return sql<string | null>`
    CASE WHEN l.state <> 'active' THEN l.state
         WHEN l.availability IN ('sold', 'ended', 'out-of-stock') THEN l.availability
         WHEN l.amount IS NULL AND l.pending_observation_id IS NOT NULL THEN 'quarantined'
         WHEN l.amount IS NULL THEN 'no-price'
         WHEN l.bids IS NOT NULL THEN 'auction'
         WHEN l.amount_max IS NOT NULL THEN 'range'
         WHEN l.base_amount IS NULL THEN coalesce(l.base_missing, 'not-valued')
         WHEN l.base_currency <> ${baseCurrency} THEN 'other-base-currency'
         WHEN l.base_amount <= 0 THEN 'free' END`;
}

/** Those of them that say that there is a price, and no value of it in the base currency. */
export const withoutValue = ["no-rate", "stale-rate", "not-valued", "other-base-currency"] as const;

/**
 * Is a price too far from the others? By the modified z-score of Iglewicz and Hoaglin (How to Detect and Handle Outliers,
 * 1993, section 3.9.2): 0.6745 times the distance from the median over the median absolute deviation, with their bound of
 * 3.5; of logarithms, for prices spread by factors. Fewer than five prices have no outlier. Where most are equal the
 * deviation counts as a tenth, or the slightest difference would be one. Takes SQL for the logarithm of the price, the
 * median of all and their deviation, and how many there are.
 */
export function isPriceOutlier(logPrice: string, median: string, deviation: string, prices: string) {
  const sqlOf = (text: string) => sql.raw(text);
  return sql<boolean>`(${sqlOf(prices)} >= 5
    AND abs(${sqlOf(logPrice)} - ${sqlOf(median)}) > 3.5 * greatest(${sqlOf(deviation)} / 0.6745, 0.1))`;
}
