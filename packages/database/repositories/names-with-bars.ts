import { sql } from "kysely";

/**
 * `WITH RECURSIVE` this, `names` has (exchange, symbol) of everything that has bars, also of what is in no registry. It leaps
 * from name to name through the key: some tens of microseconds a name, however many bars there are.
 */
export const namesWithBars = sql`names AS (
  (SELECT exchange, symbol FROM bars ORDER BY exchange, symbol LIMIT 1)
  UNION ALL
  SELECT next.exchange, next.symbol FROM names n CROSS JOIN LATERAL (
    SELECT exchange, symbol FROM bars WHERE (exchange, symbol) > (n.exchange, n.symbol)
     ORDER BY exchange, symbol LIMIT 1) AS next)`;
