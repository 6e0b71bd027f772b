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

/** Gaps of a series are asked for no more often than this. */
const FILL_AGAIN_SECONDS = 60;
/** Each question that no trade came out of doubles that, up to this: a thinly traded instrument has empty bars all day. */
const LONGEST_WAIT_SECONDS = 3_600;
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
 * Asks history for the bars that miss ticks, as far as they are over, each series at most once a minute, and forgets those
 * that history has since answered, and those that it has not answered for days. That it was asked is not enough: many
 * feeds are minutes late, and so is their history.
 * @returns how many series were asked for.
 */
export async function requestFills(db: Database): Promise<number> {
  await forgetAnswered(db);
  await sql`
    DELETE FROM bar_gaps g
     WHERE greatest(g.noticed_at, g.opened_at + ${lengthOf("g.interval")}) < now() - make_interval(days => ${GIVE_UP_AFTER_DAYS})
  `.execute(db);
  const { rows } = await sql<{ exchange: string; symbol: string; interval: string; is_new: boolean }>`
    SELECT exchange, symbol, interval, ask_sync(exchange, symbol, interval, bars) AS is_new FROM (
      SELECT g.exchange, g.symbol, g.interval,
             least(${MOST_SYNCED_BARS}, ceil(extract(epoch FROM now() - min(g.opened_at)) / extract(epoch FROM ${lengthOf("g.interval")})) + 1)::integer AS bars
        FROM bar_gaps g
        LEFT JOIN sync_status s USING (exchange, symbol, interval)
       WHERE g.opened_at + ${lengthOf("g.interval")} < now() - interval '5 seconds'
         AND s.state IS DISTINCT FROM 'syncing' AND (s.fill_not_before IS NULL OR s.fill_not_before <= now())
       GROUP BY g.exchange, g.symbol, g.interval) wanted`.execute(db);
  const asked = rows.filter((row) => row.is_new);
  await sql`
    UPDATE sync_status s SET fills_in_vain = fills_in_vain + 1,
           fill_not_before = now() + make_interval(secs => least(${LONGEST_WAIT_SECONDS}, ${FILL_AGAIN_SECONDS} * 2.0 ^ least(fills_in_vain, 20)))
      FROM jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) AS n (exchange text, symbol text, interval text)
     WHERE s.exchange = n.exchange AND s.symbol = n.symbol AND s.interval = n.interval`.execute(db);
  return asked.length;
}

/**
 * A gap is answered when a sync that began after it was noticed reached back to it, or had no older bars, and gave its bar
 * or a later one: then nobody traded in it. Where a bar came out of it, the series is no thin one.
 */
async function forgetAnswered(db: Database): Promise<void> {
  await sql`
    WITH answered AS (
      DELETE FROM bar_gaps g USING sync_status s
       WHERE s.exchange = g.exchange AND s.symbol = g.symbol AND s.interval = g.interval AND s.state = 'completed'
         AND s.started_at > g.noticed_at AND s.given_until >= g.opened_at
         AND (s.given_from <= g.opened_at OR s.bars_stored < s.n_bars)
      RETURNING g.exchange, g.symbol, g.interval, g.opened_at),
    traded AS (
      SELECT DISTINCT exchange, symbol, interval FROM answered
        JOIN bars b USING (exchange, symbol, interval, opened_at) WHERE b.complete)
    UPDATE sync_status s SET fills_in_vain = 0,
           fill_not_before = least(fill_not_before, now() + make_interval(secs => ${FILL_AGAIN_SECONDS}))
      FROM traded t
     WHERE s.exchange = t.exchange AND s.symbol = t.symbol AND s.interval = t.interval`.execute(db);
}

function lengthOf(column: string) {
  const cases = barIntervals.map(
    (interval) => sql`WHEN ${interval} THEN make_interval(secs => ${barLengthMs(interval) / 1_000})`,
  );
  return sql`(CASE ${sql.ref(column)} ${sql.join(cases, sql` `)} END)`;
}
