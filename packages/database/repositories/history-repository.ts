import { type Bar, type BarInterval, splitInstrument } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import type { Lease } from "./target-repository.ts";
import type { SyncRequest } from "./sync-repository.ts";

/** What a `history_sync` target is about; null when nobody asked for such a series. */
export async function findSync(db: Database, externalId: string): Promise<SyncRequest | null> {
  const [instrument = "", interval = ""] = externalId.split(" ");
  const { exchange, symbol } = splitInstrument(instrument);
  const row = await db
    .selectFrom("sync_status")
    .select("n_bars")
    .where("exchange", "=", exchange)
    .where("symbol", "=", symbol)
    .where("interval", "=", interval)
    .executeTakeFirst();
  return row === undefined ? null : { instrument, interval: interval as BarInterval, bars: row.n_bars };
}

/**
 * The finish of a sync: its bars, its state and its target's in one transaction, so a worker that is killed leaves nothing
 * half done. @returns "lost", and nothing is stored, when the lease is no longer current; "before" if it was made before.
 */
export async function finishSync(
  db: Database,
  lease: Lease,
  sync: SyncRequest,
  bars: readonly Bar[],
): Promise<"now" | "before" | "lost"> {
  return db.transaction().execute(async (trx) => {
    const target = await trx
      .selectFrom("targets")
      .select("state")
      .where("id", "=", lease.targetId)
      .where("lease_token", "=", lease.leaseToken)
      .forUpdate()
      .executeTakeFirst();
    if (target?.state === "done") return "before";
    if (target?.state !== "running") return "lost";
    await storeHistoryBars(trx, sync, bars);
    await trx
      .updateTable("targets")
      .set({ state: "done", finished_at: sql`now()`, lease_expires_at: null, walls_met: 0 })
      .set({ error_class: null, reason: null, last_error: null })
      .where("id", "=", lease.targetId)
      .execute();
    const { exchange, symbol } = splitInstrument(sync.instrument);
    await sql`
      UPDATE sync_status SET state = 'completed', bars_stored = ${bars.length}, message = NULL, finished_at = now()
       WHERE exchange = ${exchange} AND symbol = ${symbol} AND interval = ${sync.interval}`.execute(trx);
    return "now";
  });
}

/**
 * Writes the bars of one series. History wins over what ticks made of a bar that is over: its exchange heard them all. The
 * bar that ticks are still making is theirs. What is there already is not written again.
 *
 * Arrays, because one statement of them stores, compares and tells conflicts apart (bench/history.ts measures it against a COPY).
 */
export async function storeHistoryBars(
  db: Database,
  { instrument, interval }: Pick<SyncRequest, "instrument" | "interval">,
  bars: readonly Bar[],
): Promise<void> {
  if (bars.length === 0) return;
  const { exchange, symbol } = splitInstrument(instrument);
  await sql`
    INSERT INTO bars AS b (exchange, symbol, interval, opened_at, open, high, low, close, volume, source, complete)
    SELECT ${exchange}, ${symbol}, ${interval}, to_timestamp(n.opened_at), n.open, n.high, n.low, n.close, n.volume,
           'history', n.complete
      FROM unnest(${bars.map((bar) => bar.openedAtMs / 1_000)}::float8[], ${bars.map((bar) => bar.open)}::numeric[],
                  ${bars.map((bar) => bar.high)}::numeric[], ${bars.map((bar) => bar.low)}::numeric[],
                  ${bars.map((bar) => bar.close)}::numeric[], ${bars.map((bar) => bar.volume)}::numeric[],
                  ${bars.map((bar) => bar.complete)}::boolean[])
        AS n (opened_at, open, high, low, close, volume, complete)
    ON CONFLICT (exchange, symbol, interval, opened_at) DO UPDATE SET
      open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
      source = 'history', complete = excluded.complete, updated_at = now()
      WHERE (excluded.complete OR b.source = 'history' AND NOT b.complete)
        AND (b.source, b.complete, b.open, b.high, b.low, b.close, b.volume)
            IS DISTINCT FROM ('history', excluded.complete, excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)`.execute(
    db,
  );
}
