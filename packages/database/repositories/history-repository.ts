import { type Bar, type BarInterval, splitInstrument } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { sqlStateOf } from "../retryable-errors.ts";
import type { Lease } from "./target-repository.ts";
import type { SyncRequest } from "./sync-repository.ts";

const UNIQUE_VIOLATION = "23505";
const MOST_COLLISIONS = 5;

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
 * The finish of a sync, its bars the oldest first: they, its state and its target's are one transaction, so a worker that is
 * killed leaves nothing half done. @returns "lost", and nothing is stored, when the lease is no longer current; "before"
 * if it was made before.
 */
export async function finishSync(
  db: Database,
  lease: Lease,
  sync: SyncRequest,
  bars: readonly Bar[],
): Promise<"now" | "before" | "lost"> {
  for (let collisions = 0; ; collisions++) {
    try {
      return await db.transaction().execute((trx) => finishOnce(trx, lease, sync, bars));
    } catch (error) {
      // The streamer opened one of these bars in the same moment. It is there now, and is found the next time.
      if (sqlStateOf(error) !== UNIQUE_VIOLATION || collisions === MOST_COLLISIONS) throw error;
    }
  }
}

async function finishOnce(
  trx: Database,
  lease: Lease,
  sync: SyncRequest,
  bars: readonly Bar[],
): Promise<"now" | "before" | "lost"> {
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
    UPDATE sync_status SET state = 'completed', bars_stored = ${bars.length}, message = NULL, finished_at = now(),
           given_from = ${timeOf(bars[0])}, given_until = ${timeOf(bars.findLast(({ complete }) => complete))}
     WHERE exchange = ${exchange} AND symbol = ${symbol} AND interval = ${sync.interval}`.execute(trx);
  return "now";
}

function timeOf(bar: Bar | undefined): Date | null {
  return bar === undefined ? null : new Date(bar.openedAtMs);
}

/**
 * Writes the bars of one series, the oldest first. History wins over what ticks made of a bar that is over: its exchange
 * heard them all. The bar that ticks are still making is theirs. What is there already is not written again.
 *
 * A MERGE, because it finds what is there by one join: an upsert by ON CONFLICT takes half as long again, and twice as
 * long where nothing is new (bench/history.ts measures it against a COPY).
 * @throws the error of a unique violation when another transaction makes one of the bars meanwhile.
 */
export async function storeHistoryBars(
  db: Database,
  { instrument, interval }: Pick<SyncRequest, "instrument" | "interval">,
  bars: readonly Bar[],
): Promise<void> {
  if (bars.length === 0) return;
  const { exchange, symbol } = splitInstrument(instrument);
  await sql`
    MERGE INTO bars b
    USING (
      SELECT to_timestamp(opened_at) AS opened_at, open, high, low, close, volume, complete
        FROM unnest(${bars.map((bar) => bar.openedAtMs / 1_000)}::float8[], ${bars.map((bar) => bar.open)}::numeric[],
                    ${bars.map((bar) => bar.high)}::numeric[], ${bars.map((bar) => bar.low)}::numeric[],
                    ${bars.map((bar) => bar.close)}::numeric[], ${bars.map((bar) => bar.volume)}::numeric[],
                    ${bars.map((bar) => bar.complete)}::boolean[])
          AS given (opened_at, open, high, low, close, volume, complete)
    ) n
    ON b.exchange = ${exchange} AND b.symbol = ${symbol} AND b.interval = ${interval} AND b.opened_at = n.opened_at
       AND b.opened_at BETWEEN ${timeOf(bars[0])} AND ${timeOf(bars.at(-1))}
    WHEN MATCHED AND (n.complete OR b.source = 'history' AND NOT b.complete)
                 AND (b.complete, b.open, b.high, b.low, b.close, b.volume)
                     IS DISTINCT FROM (n.complete, n.open, n.high, n.low, n.close, n.volume)
      THEN UPDATE SET open = n.open, high = n.high, low = n.low, close = n.close, volume = n.volume, source = 'history',
                      complete = n.complete, updated_at = now()
    WHEN NOT MATCHED
      THEN INSERT (exchange, symbol, interval, opened_at, open, high, low, close, volume, source, complete)
           VALUES (${exchange}, ${symbol}, ${interval}, n.opened_at, n.open, n.high, n.low, n.close, n.volume, 'history',
                   n.complete)`.execute(db);
}
