import type { BarInterval } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { namesWithBars } from "./names-with-bars.ts";

/** Bars of an interval are kept for so many days after they opened. */
export interface BarRetention {
  interval: BarInterval;
  days: number;
}

/**
 * Deletes bars that are older than they are kept, at most `limit`.
 * @returns how many, and of which series, for who listens to bars_changed.
 */
export async function deleteOldBars(
  db: Database,
  { interval, days }: BarRetention,
  limit: number,
): Promise<{ deleted: number; series: { instrument: string; interval: BarInterval }[] }> {
  const cutoff = sql`now() - make_interval(days => ${days})`;
  const { rows } = await sql<{ instrument: string; deleted: number }>`
    WITH RECURSIVE ${namesWithBars},
    old AS MATERIALIZED (
      SELECT n.exchange, n.symbol, b.opened_at FROM names n CROSS JOIN LATERAL (
        SELECT opened_at FROM bars
         WHERE exchange = n.exchange AND symbol = n.symbol AND interval = ${interval} AND opened_at < ${cutoff}
         ORDER BY opened_at LIMIT ${limit}) AS b
       LIMIT ${limit}),
    gone AS (
      DELETE FROM bars b USING old
       WHERE b.exchange = old.exchange AND b.symbol = old.symbol AND b.interval = ${interval}
         AND b.opened_at = old.opened_at AND b.opened_at < ${cutoff}
      RETURNING b.exchange, b.symbol)
    SELECT exchange || ':' || symbol AS instrument, count(*)::integer AS deleted FROM gone GROUP BY exchange, symbol`.execute(
    db,
  );
  return {
    deleted: rows.reduce((sum, row) => sum + row.deleted, 0),
    series: rows.map(({ instrument }) => ({ instrument, interval })),
  };
}
