import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { whyNotCompared } from "./price-rules.ts";
import { type PriceStatistics, statisticsOf } from "./price-statistics.ts";

export interface StatisticsQuestion {
  searchId: string;
  baseCurrency: string;
  /** The median is taken of so many of the lowest prices. */
  lowest: number;
  /** Listings seen before this are no offers any more. */
  seenSince: Date;
  /** As the site words it, in any case. */
  condition: string | null;
}

export interface SearchStatistics {
  /** Null: no price counts. */
  prices: PriceStatistics | null;
  conditions: (PriceStatistics & { condition: string })[];
  /** Listings whose price does not count, by reason. */
  not_compared: Record<string, number>;
}

/** What a search's listings cost now. */
export async function findSearchStatistics(
  db: Database,
  question: StatisticsQuestion,
): Promise<SearchStatistics> {
  const { searchId, baseCurrency, seenSince, condition, lowest } = question;
  const found = sql`
      FROM search_listings sl JOIN listings l ON l.id = sl.listing_id
     WHERE sl.search_id = ${searchId}::bigint AND l.last_seen_at >= ${seenSince}
       AND (${condition}::text IS NULL OR lower(l.condition) = lower(${condition}))`;
  const why = sql`CASE WHEN sl.match = 'related' THEN 'related' ELSE ${whyNotCompared(baseCurrency)} END`;
  const priced = sql`
    SELECT coalesce(lower(l.condition), '') AS condition, l.base_amount::float8 AS price ${found} AND ${why} IS NULL`;
  const { rows } = await statisticsOf(priced, lowest).execute(db);
  const { rows: reasons } = await sql<{ reason: string; listings: number }>`
    SELECT ${why} AS reason, count(*)::integer AS listings ${found} AND ${why} IS NOT NULL
     GROUP BY 1 ORDER BY 1`.execute(db);
  const all = rows.find((row) => row.condition === null);
  return {
    prices: all === undefined ? null : withoutCondition(all),
    conditions: rows.flatMap((row) => (row.condition === null ? [] : [{ ...row, condition: row.condition }])),
    not_compared: Object.fromEntries(reasons.map(({ reason, listings }) => [reason, listings])),
  };
}

function withoutCondition(row: PriceStatistics & { condition: string | null }): PriceStatistics {
  const statistics: PriceStatistics & { condition?: string | null } = { ...row };
  delete statistics.condition;
  return statistics;
}

/** A search's prices by day (UTC), the oldest first. Kept also when the observations are gone. */
export async function findPriceTrend(
  db: Database,
  searchId: string,
  baseCurrency: string,
  condition: string | null,
  days: number,
): Promise<(PriceStatistics & { day: string })[]> {
  const { rows } = await sql<PriceStatistics & { day: string }>`
    SELECT day::text, listings, left_out, min::text, max::text, lowest_median::text, p10::text, p25::text, median::text,
           p75::text, p90::text
      FROM daily_prices
     WHERE search_id = ${searchId}::bigint AND base_currency = ${baseCurrency}
       AND condition IS NOT DISTINCT FROM lower(${condition}::text)
       AND day > (now() AT TIME ZONE 'UTC')::date - ${days}::integer
     ORDER BY day`.execute(db);
  return rows;
}
