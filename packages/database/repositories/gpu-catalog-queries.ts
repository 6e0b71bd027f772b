import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { isPriceOutlier, whyNotCompared } from "./price-rules.ts";

export interface GpuCatalogQuestion {
  benchmark: string;
  baseCurrency: string;
  /** How many of the lowest prices make the price of a model. */
  lowest: number;
  /** Models with fewer listings that count are left out. */
  minListings: number;
  /** Listings seen before this are no offers any more. */
  seenSince: Date;
  condition: string | null;
}

/** A model with what its listings cost. Prices are in the base currency. */
export interface GpuValue {
  model: string;
  memory_gb: number | null;
  score: string | null;
  score_source: string | null;
  score_measured_on: string | null;
  listings: number;
  left_out: number;
  min: string;
  /** The median of the lowest prices. */
  price: string;
  median: string;
  /** Score for one unit of the base currency, by `price`; null: no score is known. */
  value: string | null;
}

/** Every model that listings offer, the best value first; those without a score after them. */
export async function findGpuValues(db: Database, question: GpuCatalogQuestion): Promise<GpuValue[]> {
  const { benchmark, baseCurrency, lowest, minListings, seenSince, condition } = question;
  const { rows } = await sql<GpuValue>`
    WITH priced AS MATERIALIZED (
      SELECT m.model, m.memory_gb, l.base_amount, ln(l.base_amount::float8) AS log_price
        FROM listing_models m JOIN listings l ON l.id = m.listing_id
       WHERE m.model IS NOT NULL AND m.offer = 'card' AND ${whyNotCompared(baseCurrency)} IS NULL
         AND l.last_seen_at >= ${seenSince} AND (${condition}::text IS NULL OR lower(l.condition) = lower(${condition}))
    ), grouped AS MATERIALIZED (
      -- Whole groups as arrays: joined, PostgreSQL would take the many for few and compare each with each.
      SELECT model, memory_gb, count(*) AS prices, array_agg(base_amount::float8) AS amounts,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY log_price) AS median
        FROM priced GROUP BY model, memory_gb
    ), valued AS (
      SELECT g.model, g.memory_gb, k.listings, (g.prices - k.listings)::integer AS left_out, k.kept[1]::numeric AS min,
             low.price::numeric AS price, k.median::numeric AS median
        FROM grouped g
        CROSS JOIN LATERAL (
          SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(ln(amount) - g.median)) AS deviation FROM unnest(g.amounts) amount
        ) s
        CROSS JOIN LATERAL (
          SELECT count(*)::integer AS listings, array_agg(amount ORDER BY amount) AS kept,
                 percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS median
            FROM unnest(g.amounts) amount
           WHERE NOT ${isPriceOutlier("ln(amount)", "g.median", "s.deviation", "g.prices")}
        ) k
        CROSS JOIN LATERAL (
          SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS price FROM unnest(k.kept[1:${lowest}::integer]) amount
        ) low
       WHERE k.listings >= ${minListings}::integer
    )
    SELECT v.model, v.memory_gb, b.score::text, b.source AS score_source, b.measured_on::text AS score_measured_on,
           v.listings, v.left_out, round(v.min, 2)::text AS min, round(v.price, 2)::text AS price,
           round(v.median, 2)::text AS median, round(b.score / v.price, 4)::text AS value
      FROM valued v
      LEFT JOIN LATERAL (
        -- The score of this size of memory goes before that of the model with any.
        SELECT * FROM benchmark_scores b
         WHERE b.benchmark = ${benchmark} AND b.model = v.model AND (b.memory_gb = v.memory_gb OR b.memory_gb IS NULL)
         ORDER BY b.memory_gb NULLS LAST LIMIT 1) b ON true
     ORDER BY b.score / v.price DESC NULLS LAST, v.model, v.memory_gb`.execute(db);
  return rows;
}

/** The benchmarks of which there are scores. */
export async function findBenchmarks(db: Database): Promise<{ benchmark: string; models: number }[]> {
  const { rows } = await sql<{ benchmark: string; models: number }>`
    SELECT benchmark, count(*)::integer AS models FROM benchmark_scores GROUP BY benchmark ORDER BY benchmark`.execute(
    db,
  );
  return rows;
}
