import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { statisticsOf } from "./price-statistics.ts";

/** Kept statistics are all made alike, or the days could not be compared. */
const LOWEST_PRICES = 5;

/**
 * Sums up the prices of one day for each of at most `limit` searches that have a day to sum up: one that is over and was
 * not summed up yet, or today, once an hour while there are runs. Call it again until it gives less than `limit`.
 * A listing costs on a day what was seen last before the day's end, if it was still seen so on that day.
 * @returns how many days of searches were summed up.
 */
export async function sumUpDays(trx: Database, baseCurrency: string, limit: number): Promise<number> {
  const { rows } = await sql<{ search_id: string; day: string; is_over: boolean }>`
    SELECT due.search_id, due.day::text, due.day < today AS is_over
      FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) t, LATERAL (
        SELECT s.id AS search_id, m.summed_at, m.base_currency,
               CASE WHEN m.base_currency = ${baseCurrency} THEN m.next_day WHEN m.search_id IS NOT NULL THEN today
                    ELSE (SELECT (min(r.created_at) AT TIME ZONE 'UTC')::date FROM runs r WHERE r.search_id = s.id) END AS day
          FROM searches s LEFT JOIN daily_price_marks m ON m.search_id = s.id) due
     WHERE due.day < today
        OR (due.day IS NOT NULL AND (due.base_currency IS DISTINCT FROM ${baseCurrency}
            OR (due.summed_at < now() - interval '1 hour' AND EXISTS (
                 SELECT FROM runs r WHERE r.search_id = due.search_id AND coalesce(r.finished_at, now()) >= due.summed_at))))
     ORDER BY due.summed_at NULLS FIRST, due.search_id LIMIT ${limit}::integer`.execute(trx);
  for (const { search_id: searchId, day, is_over: isOver } of rows) {
    await sumUpDay(trx, searchId, day, baseCurrency);
    await sql`
      INSERT INTO daily_price_marks (search_id, base_currency, next_day, summed_at)
      VALUES (${searchId}, ${baseCurrency}, ${day}::date + ${isOver ? 1 : 0}::integer,
              least(clock_timestamp(), (${day}::date + 1)::timestamp AT TIME ZONE 'UTC'))
      ON CONFLICT (search_id) DO UPDATE SET base_currency = excluded.base_currency, next_day = excluded.next_day,
                                            summed_at = excluded.summed_at`.execute(trx);
  }
  return rows.length;
}

async function sumUpDay(trx: Database, searchId: string, day: string, baseCurrency: string): Promise<void> {
  const priced = sql`
    SELECT coalesce(lower(l.condition), '') AS condition, o.base_amount::float8 AS price
      FROM search_listings sl JOIN listings l ON l.id = sl.listing_id
      CROSS JOIN LATERAL (
        SELECT * FROM price_observations o
         WHERE o.listing_id = l.id AND o.observed_at < (${day}::date + 1)::timestamp AT TIME ZONE 'UTC' AND o.corrected_at IS NULL
           AND coalesce(o.quarantine = 'confirmed', true)
         ORDER BY o.observed_at DESC LIMIT 1) o
     WHERE sl.search_id = ${searchId}::bigint AND sl.match = 'exact' AND o.confirmed_at >= ${day}::timestamp AT TIME ZONE 'UTC'
       AND o.amount_max IS NULL AND l.bids IS NULL AND o.base_currency = ${baseCurrency} AND o.base_amount > 0`;
  await sql`DELETE FROM daily_prices WHERE search_id = ${searchId} AND base_currency = ${baseCurrency} AND day = ${day}::date`.execute(
    trx,
  );
  await sql`
    INSERT INTO daily_prices (search_id, base_currency, day, condition, listings, left_out, min, max, lowest_median,
                              p10, p25, median, p75, p90)
    SELECT ${searchId}, ${baseCurrency}, ${day}::date, condition, listings, left_out, min::numeric, max::numeric,
           lowest_median::numeric, p10::numeric, p25::numeric, median::numeric, p75::numeric, p90::numeric
      FROM (${statisticsOf(priced, LOWEST_PRICES)}) of_the_day`.execute(trx);
}

/**
 * Removes observations that were confirmed last more than `olderThanDays` days ago, at most `limit` of them: never a
 * listing's latest, and none of a day that is not summed up for every search that found the listing.
 * @returns how many were removed.
 */
export async function pruneObservations(
  trx: Database,
  olderThanDays: number,
  limit: number,
): Promise<number> {
  const { rows } = await sql<{ removed: number }>`
    WITH old AS (
      SELECT o.id, o.observed_at
        FROM price_observations o JOIN listings l ON l.id = o.listing_id
       WHERE o.observed_at < now() - make_interval(days => ${olderThanDays}::integer)
         AND o.confirmed_at < now() - make_interval(days => ${olderThanDays}::integer)
         AND (l.latest_observation_id IS NULL OR o.id <> l.latest_observation_id)
         AND NOT EXISTS (
           SELECT FROM search_listings sl LEFT JOIN daily_price_marks m USING (search_id)
            WHERE sl.listing_id = o.listing_id
              AND (m.next_day IS NULL OR m.next_day <= (o.confirmed_at AT TIME ZONE 'UTC')::date))
       ORDER BY o.observed_at LIMIT ${limit}::integer
    ), removed AS (
      DELETE FROM price_observations o USING old WHERE o.id = old.id AND o.observed_at = old.observed_at RETURNING 1
    )
    SELECT count(*)::integer AS removed FROM removed`.execute(trx);
  return rows[0]?.removed ?? 0;
}
