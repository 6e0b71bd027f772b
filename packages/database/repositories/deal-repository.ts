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
    ), memberships AS MATERIALIZED (
      SELECT id, log_price, 1 AS nearness, 'model-and-condition' AS peers_by, model || '/' || condition AS peers
        FROM counted WHERE offer = 'card' AND model IS NOT NULL
      UNION ALL
      SELECT id, log_price, 2, 'model', model FROM counted WHERE offer = 'card' AND model IS NOT NULL
      UNION ALL
      SELECT c.id, c.log_price, 3, 'search', sl.search_id || '/' || c.condition || '/' || c.offer
        FROM counted c JOIN search_listings sl ON sl.listing_id = c.id AND sl.match = 'exact'
    ), centred AS MATERIALIZED (
      SELECT nearness, peers, count(*) AS prices, percentile_cont(0.5) WITHIN GROUP (ORDER BY log_price) AS median
        FROM memberships GROUP BY nearness, peers
    ), spread AS MATERIALIZED (
      SELECT c.nearness, c.peers, c.prices, c.median,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(m.log_price - c.median)) AS deviation
        FROM centred c JOIN memberships m USING (nearness, peers) GROUP BY c.nearness, c.peers, c.prices, c.median
    ), judged AS MATERIALIZED (
      SELECT m.*, ${isPriceOutlier("m.log_price", "s.median", "s.deviation", "s.prices")} AS is_outlier
        FROM memberships m JOIN spread s USING (nearness, peers)
    ), grouped AS MATERIALIZED (
      SELECT nearness, peers, count(*) AS kept,
             percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY log_price) AS quartiles
        FROM judged WHERE NOT is_outlier GROUP BY nearness, peers
    ), chosen AS (
      SELECT DISTINCT ON (id) id, is_outlier, peers_by, others, exp(quartiles[2])::numeric AS median,
             quartiles[3] - quartiles[1] > ln(${WIDEST_SPREAD}::float8) AS is_wide
        FROM (SELECT j.*, g.quartiles, (g.kept - CASE WHEN j.is_outlier THEN 0 ELSE 1 END)::integer AS others
                FROM judged j JOIN grouped g USING (nearness, peers)) grouped
       ORDER BY id, others >= ${LEAST_PEERS}::integer DESC, nearness, others DESC, peers
    ), explained AS (
      SELECT c.id, c.base_amount, g.median, g.peers_by, coalesce(g.others, 0) AS peers,
             CASE WHEN g.id IS NULL OR g.others < ${LEAST_PEERS}::integer THEN 'few-peers'
                  WHEN g.is_wide THEN 'peers-differ'
                  WHEN c.base_amount < g.median * ${1 - DEEPEST_DEAL}::numeric THEN 'far-from-peers' END AS missing
        FROM counted c LEFT JOIN chosen g USING (id)
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
      DELETE FROM listing_deals d WHERE NOT EXISTS (SELECT FROM counted c WHERE c.id = d.listing_id) RETURNING 1
    )
    SELECT ((SELECT count(*) FROM stored) + (SELECT count(*) FROM removed))::integer AS changed`.execute(trx);
  return rows[0]?.changed ?? 0;
}
