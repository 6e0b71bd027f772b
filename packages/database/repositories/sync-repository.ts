import { type BarInterval, barIntervals, barLengthMs, splitInstrument } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** No history gives more bars at once. */
export const MOST_SYNCED_BARS = 5_000;
export interface SyncRequest {
  /** EXCHANGE:SYMBOL */
  instrument: string;
  interval: BarInterval;
  /** The newest ones, so many at most. */
  bars: number;
}

/** A fill that failed, or gave nothing, is asked for again after this. */
const ASK_AGAIN_MS = 5 * 60_000;
/** What history has not given by then it will not give. */
const GIVE_UP_AFTER_DAYS = 2;

/**
 * Asks for the history of one series; one that is pending or under way is joined: pending, it fetches as many bars as
 * anybody asked for. @returns whether there was none to join.
 */
export async function requestSync(
  db: Database,
  { instrument, interval, bars }: SyncRequest,
): Promise<boolean> {
  const { exchange, symbol } = splitInstrument(instrument);
  const { rows } = await sql<{ is_new: boolean }>`
    SELECT ask_sync(${exchange}, ${symbol}, ${interval}, ${bars}) AS is_new`.execute(db);
  return rows[0]?.is_new ?? false;
}

/**
 * Asks history for the bars that miss ticks, as far as they are over, and forgets those that history has since given, or
 * passed by because nobody traded, and those that it has not given for days. That it was asked is not enough: many feeds
 * are minutes late, and so is their history.
 * @returns how many series were asked for.
 */
export async function requestFills(db: Database): Promise<number> {
  await sql`
    DELETE FROM bar_gaps g USING sync_status s
     WHERE s.exchange = g.exchange AND s.symbol = g.symbol AND s.interval = g.interval AND s.state = 'completed'
       AND s.started_at > g.noticed_at
       AND EXISTS (SELECT FROM bars b
                    WHERE b.exchange = g.exchange AND b.symbol = g.symbol AND b.interval = g.interval
                      AND b.opened_at >= g.opened_at AND b.source = 'history' AND b.complete)`.execute(db);
  await sql`
    DELETE FROM bar_gaps g
     WHERE greatest(g.noticed_at, g.opened_at + ${lengthOf("g.interval")}) < now() - make_interval(days => ${GIVE_UP_AFTER_DAYS})
  `.execute(db);
  const { rows } = await sql<{ instrument: string; interval: BarInterval; bars: number }>`
    SELECT g.exchange || ':' || g.symbol AS instrument, g.interval,
           least(${MOST_SYNCED_BARS}, ceil(extract(epoch FROM now() - min(g.opened_at)) / extract(epoch FROM ${lengthOf("g.interval")})) + 1)::integer AS bars
      FROM bar_gaps g
      LEFT JOIN sync_status s USING (exchange, symbol, interval)
     WHERE g.opened_at + ${lengthOf("g.interval")} < now() - interval '5 seconds'
       AND (s.finished_at IS NULL OR s.requested_at < g.noticed_at OR s.finished_at < now() - make_interval(secs => ${ASK_AGAIN_MS / 1_000}))
     GROUP BY g.exchange, g.symbol, g.interval`.execute(db);
  let asked = 0;
  for (const row of rows) if (await requestSync(db, row)) asked++;
  return asked;
}

function lengthOf(column: string) {
  const cases = barIntervals.map(
    (interval) => sql`WHEN ${interval} THEN make_interval(secs => ${barLengthMs(interval) / 1_000})`,
  );
  return sql`(CASE ${sql.ref(column)} ${sql.join(cases, sql` `)} END)`;
}
