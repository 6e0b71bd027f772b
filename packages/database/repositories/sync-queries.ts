import { sql } from "kysely";
import type { Database } from "../connect.ts";

export const syncStates = ["pending", "syncing", "completed", "error"] as const;
export type SyncState = (typeof syncStates)[number];

export interface SyncFilter {
  exchange?: string | undefined;
  symbol?: string | undefined;
  interval?: string | undefined;
  state?: SyncState | undefined;
}

/** Named as the API's JSON is. */
export interface SyncRow {
  exchange: string;
  symbol: string;
  interval: string;
  state: SyncState;
  n_bars: number;
  bars_stored: number | null;
  message: string | null;
  requested_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
}

/** Syncs by `key`, which is `EXCHANGE:SYMBOL interval`. `after`: the last key of the page before. */
export async function findSyncs(
  db: Database,
  filter: SyncFilter,
  limit: number,
  after: string | null,
): Promise<{ items: SyncRow[]; next: string | null }> {
  const key = sql`(exchange || ':' || symbol || ' ' || interval)`;
  const conditions = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([column, value]) => sql`${sql.ref(column)} = ${value}`);
  const { rows } = await sql<SyncRow & { key: string }>`
    SELECT exchange, symbol, interval, state, n_bars, bars_stored, message, requested_at, started_at, finished_at, ${key} AS key
      FROM sync_status
     WHERE ${sql.join([sql`(${after}::text IS NULL OR ${key} COLLATE "C" > ${after})`, ...conditions], sql` AND `)}
     ORDER BY ${key} COLLATE "C" LIMIT ${limit + 1}`.execute(db);
  const items = rows.slice(0, limit).map(({ key: _key, ...row }) => row);
  return { items, next: rows.length > limit ? (rows[limit - 1]?.key ?? null) : null };
}
