import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { isPriceOutlier, whyNotCompared } from "./price-rules.ts";

/** A listing with fewer peers than this has no deal: a median of less says little. */
export const LEAST_PEERS = 5;
/** Of peers whose middle half is spread further than this factor a median says nothing either. */
const WIDEST_SPREAD = 3;
/** What costs still less than its peers is another thing: a part, a deposit, a number that was misread. */
const DEEPEST_DEAL = 0.8;
/** Listings that were not seen for so long are nobody's peers. */
const SEEN_WITHIN_DAYS = 30;

/**
 * Reckons anew how far each listing that can be compared is below the median of its peers: those of the same model (with
 * its memory) in the same condition; of the same model; or found by the same search, in the same condition, and of the
 * same kind of offer. The first of these groups with enough peers counts; of several searches the one with the most.
 * Writes only what has changed.
 * @returns how many listings have another deal now.
 */
export async function reckonDeals(trx: Database, baseCurrency: string): Promise<number> {
  const { rows } = await sql<{ changed: number }>`
    WITH counted AS MATERIALIZED (
      SELECT l.id, l.base_amount, ln(l.base_amount::float8) AS log_price, coalesce(lower(l.condition), '') AS condition,
             coalesce(m.offer, 'unknown') AS offer, m.model || coalesce(' ' || m.memory_gb || ' GB', '') AS model
        FROM listings l LEFT JOIN listing_models m ON m.listing_id = l.id
       WHERE ${whyNotCompared(baseCurrency)} IS NULL
         AND l.last_seen_at > now() - make_interval(days => ${SEEN_WITHIN_DAYS}::integer)
    ), memberships AS (
      SELECT id, base_amount, log_price, 1 AS nearness, 'model-and-condition' AS peers_by, model || '/' || condition AS peers
        FROM counted WHERE offer = 'card' AND model IS NOT NULL
      UNION ALL
      SELECT id, base_amount, log_price, 2, 'model', model FROM counted WHERE offer = 'card' AND model IS NOT NULL
      UNION ALL
      SELECT c.id, c.base_amount, c.log_price, 3, 'search', sl.search_id || '/' || c.condition || '/' || c.offer
        FROM search_listings sl JOIN counted c ON c.id = sl.listing_id WHERE sl.match = 'exact'
    ), grouped AS MATERIALIZED (
      -- Whole groups as arrays: joined, PostgreSQL would take the many for few and compare each with each.
      SELECT nearness, peers_by, peers, count(*) AS prices, array_agg(id) AS ids, array_agg(base_amount) AS amounts,
             array_agg(log_price) AS logs, percentile_cont(0.5) WITHIN GROUP (ORDER BY log_price) AS median
        FROM memberships GROUP BY nearness, peers_by, peers
    ), judged AS (
      SELECT m.id, m.amount AS base_amount, g.nearness, g.peers_by, g.peers AS peers_key,
             exp(k.quartiles[2])::numeric AS median, k.quartiles[3] - k.quartiles[1] > ln(${WIDEST_SPREAD}::float8) AS is_wide,
             (k.kept - CASE WHEN ${isPriceOutlier("m.log_price", "g.median", "s.deviation", "g.prices")} THEN 0 ELSE 1 END)::integer AS others
        FROM grouped g
        CROSS JOIN LATERAL (
          SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(log_price - g.median)) AS deviation FROM unnest(g.logs) log_price
        ) s
        CROSS JOIN LATERAL (
          SELECT count(*) AS kept, percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY log_price) AS quartiles
            FROM unnest(g.logs) log_price
           WHERE NOT ${isPriceOutlier("log_price", "g.median", "s.deviation", "g.prices")}
        ) k
        CROSS JOIN LATERAL unnest(g.ids, g.amounts, g.logs) AS m (id, amount, log_price)
    ), explained AS MATERIALIZED (
      SELECT DISTINCT ON (id) id, base_amount, median, peers_by, others AS peers,
             CASE WHEN others < ${LEAST_PEERS}::integer THEN 'few-peers' WHEN is_wide THEN 'peers-differ'
                  WHEN base_amount < median * ${1 - DEEPEST_DEAL}::numeric THEN 'far-from-peers' END AS missing
        FROM judged
       ORDER BY id, others >= ${LEAST_PEERS}::integer DESC, nearness, others DESC, peers_key
    ), stored AS (
      INSERT INTO listing_deals AS d (listing_id, base_amount, deal, peers, peers_by, peers_median, missing)
      SELECT id, base_amount, CASE WHEN missing IS NULL THEN round(1 - base_amount / median, 3) END, peers, peers_by,
             round(median, 2), missing
        FROM explained ORDER BY id
      ON CONFLICT (listing_id) DO UPDATE SET
        base_amount = excluded.base_amount, deal = excluded.deal, peers = excluded.peers, peers_by = excluded.peers_by,
        peers_median = excluded.peers_median, missing = excluded.missing
      WHERE (d.base_amount, d.deal, d.peers, d.peers_by, d.peers_median, d.missing) IS DISTINCT FROM
            (excluded.base_amount, excluded.deal, excluded.peers, excluded.peers_by, excluded.peers_median, excluded.missing)
      RETURNING 1
    ), removed AS (
      DELETE FROM listing_deals d WHERE d.listing_id NOT IN (SELECT id FROM explained) RETURNING 1
    )
    SELECT ((SELECT count(*) FROM stored) + (SELECT count(*) FROM removed))::integer AS changed`.execute(trx);
  return rows[0]?.changed ?? 0;
}
