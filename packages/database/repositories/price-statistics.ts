import { type RawBuilder, sql } from "kysely";
import { isPriceOutlier } from "./price-rules.ts";

/** Of prices in the base currency, without those too far from the others. */
export interface PriceStatistics {
  listings: number;
  left_out: number;
  min: string;
  max: string;
  /** The median of the lowest ones. */
  lowest_median: string;
  p10: string;
  p25: string;
  median: string;
  p75: string;
  p90: string;
}

/**
 * SQL that gives the statistics of all prices (condition null) and of each condition, a row each.
 * @param priced SQL of rows with `condition`, not null, and `price` as float8 above 0.
 * @param lowest of how many of the lowest prices the median is taken.
 */
export function statisticsOf(priced: RawBuilder<unknown>, lowest: number) {
  return sql<PriceStatistics & { condition: string | null }>`
    WITH priced AS MATERIALIZED (${priced}),
    centre AS MATERIALIZED (
      SELECT count(*) AS prices, ln(percentile_disc(0.5) WITHIN GROUP (ORDER BY price)) AS median FROM priced
    ), spread AS MATERIALIZED (
      SELECT c.prices, c.median, s.deviation
        FROM centre c, LATERAL (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY abs(ln(price) - c.median)) AS deviation FROM priced) s
    ), kept AS MATERIALIZED (
      SELECT p.condition, p.price FROM priced p, spread s
       WHERE NOT ${isPriceOutlier("ln(p.price)", "s.median", "s.deviation", "s.prices")}
       ORDER BY p.price
    ), summed AS (
      SELECT condition, count(*)::integer AS listings,
             percentile_cont(ARRAY[0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]) WITHIN GROUP (ORDER BY price) AS p
        FROM kept GROUP BY GROUPING SETS ((), (condition)) HAVING count(*) > 0
    )
    SELECT s.condition, s.listings, (a.prices - s.listings)::integer AS left_out,
           round(p[1]::numeric, 2)::text AS min, round(p[7]::numeric, 2)::text AS max,
           round(l.median::numeric, 2)::text AS lowest_median, round(p[2]::numeric, 2)::text AS p10,
           round(p[3]::numeric, 2)::text AS p25, round(p[4]::numeric, 2)::text AS median,
           round(p[5]::numeric, 2)::text AS p75, round(p[6]::numeric, 2)::text AS p90
      FROM summed s
      CROSS JOIN LATERAL (SELECT count(*) AS prices FROM priced WHERE s.condition IS NULL OR condition = s.condition) a
      CROSS JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS median
          FROM (SELECT price FROM kept WHERE s.condition IS NULL OR condition = s.condition
                 ORDER BY price LIMIT ${lowest}::integer) lowest
      ) l
     ORDER BY s.condition NULLS FIRST`;
}
