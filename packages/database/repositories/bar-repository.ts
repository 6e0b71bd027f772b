import type { Bar, BarInterval } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** A bar that ticks made. Times in milliseconds since 1970. */
export interface StoredTickBar extends Bar {
  firstAtMs: number;
  lastAtMs: number;
}

/** Writes bars made of ticks over what was there of them. A complete one stays, whether ticks made it or history. */
export async function storeTickBars(db: Database, bars: readonly StoredTickBar[]): Promise<void> {
  if (bars.length === 0) return;
  await sql`
    INSERT INTO bars AS b (exchange, symbol, interval, opened_at, open, high, low, close, volume, ticks, source, complete,
           first_tick_at, last_tick_at)
    SELECT split_part(n.instrument, ':', 1), substr(n.instrument, strpos(n.instrument, ':') + 1), n.interval,
           to_timestamp(n."openedAtMs" / 1000.0), n.open, n.high, n.low, n.close, n.volume, n.ticks, 'ticks', n.complete,
           to_timestamp(n."firstAtMs" / 1000.0), to_timestamp(n."lastAtMs" / 1000.0)
      FROM jsonb_to_recordset(${JSON.stringify(bars)}::jsonb) AS n (
           instrument text, interval text, "openedAtMs" float8, open numeric, high numeric, low numeric, close numeric,
           volume numeric, ticks integer, complete boolean, "firstAtMs" float8, "lastAtMs" float8)
     ORDER BY 1, 2, 3, 4
    ON CONFLICT (exchange, symbol, interval, opened_at) DO UPDATE SET
      open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
      ticks = excluded.ticks, source = excluded.source, complete = excluded.complete,
      first_tick_at = excluded.first_tick_at, last_tick_at = excluded.last_tick_at, updated_at = now()
      WHERE NOT b.complete`.execute(db);
}

/**
 * Of each series the newest bar that ticks made, complete or not: what a process that goes on with it needs to know. A sync
 * may have written other prices into it since.
 */
export async function newestTickBarsOf(
  db: Database,
  instruments: readonly string[],
  intervals: readonly BarInterval[],
): Promise<StoredTickBar[]> {
  if (instruments.length === 0) return [];
  const { rows } = await sql<Omit<StoredTickBar, "source">>`
    SELECT n.instrument, i.interval, b.*
      FROM unnest(${instruments}::text[]) AS n (instrument)
      CROSS JOIN unnest(${intervals}::text[]) AS i (interval)
      CROSS JOIN LATERAL (
        SELECT ${ms("opened_at")} AS "openedAtMs", open::text, high::text, low::text, close::text, volume::text, ticks,
               ${ms("first_tick_at")} AS "firstAtMs", ${ms("last_tick_at")} AS "lastAtMs", complete
          FROM bars
         WHERE exchange = split_part(n.instrument, ':', 1) AND symbol = substr(n.instrument, strpos(n.instrument, ':') + 1)
           AND interval = i.interval AND last_tick_at IS NOT NULL
         ORDER BY opened_at DESC LIMIT 1) AS b`.execute(db);
  return rows.map((row) => ({ ...row, source: "ticks" }));
}

/** A bar of which not all ticks were heard. */
export interface BarGap {
  instrument: string;
  interval: BarInterval;
  openedAtMs: number;
}

export async function noteGaps(db: Database, gaps: readonly BarGap[]): Promise<void> {
  if (gaps.length === 0) return;
  await sql`
    INSERT INTO bar_gaps (exchange, symbol, interval, opened_at)
    SELECT split_part(n.instrument, ':', 1), substr(n.instrument, strpos(n.instrument, ':') + 1), n.interval,
           to_timestamp(n."openedAtMs" / 1000.0)
      FROM jsonb_to_recordset(${JSON.stringify(gaps)}::jsonb) AS n (instrument text, interval text, "openedAtMs" float8)
    ON CONFLICT DO NOTHING`.execute(db);
}

function ms(column: string) {
  return sql`(extract(epoch FROM ${sql.ref(column)}) * 1000)::float8`;
}
