import { type BarInterval, barIntervals, isStaleQuote, type Measure } from "@pricefleet/contracts";
import { type RawBuilder, sql } from "kysely";
import type { Database } from "../connect.ts";
import { namesWithBars } from "./names-with-bars.ts";

/** What is read of instruments, quotes and bars. Rows are named as the API's JSON is, so that nothing translates them. */

/** An instrument as a person describes it. */
export interface InstrumentSettings {
  exchange: string;
  symbol: string;
  name: string;
  asset: string;
  currency: string;
  unit: Measure;
  page_url: string | null;
  page_selector: string | null;
  refresh_seconds: number;
  valid_min: string | null;
  valid_max: string | null;
  trading_hours: string;
  enabled: boolean;
}

/** The latest quote of an enabled instrument. */
export interface LatestQuote
  extends Pick<
    InstrumentSettings,
    "exchange" | "symbol" | "name" | "asset" | "currency" | "unit" | "trading_hours"
  > {
  instrument_id: string;
  /** A new one for each quote. */
  id: string;
  price: string;
  bid: string | null;
  ask: string | null;
  day_volume: string | null;
  source: string;
  quoted_at: Date;
  received_at: Date;
}

/** @param instrumentIds null: of all. */
export async function findLatestQuotes(
  db: Database,
  instrumentIds: readonly string[] | null,
): Promise<LatestQuote[]> {
  return latestQuotes(db, instrumentIds === null ? sql`true` : sql`i.id = ANY(${instrumentIds}::bigint[])`);
}

/** The quotes of currencies, as what amounts are converted by needs them. */
export async function quotesOfCurrencies(db: Database) {
  const rows = await latestQuotes(db, sql`i.unit = 'unit' AND i.asset ~ '^[A-Z]{3}$'`);
  const nowMs = Date.now();
  return rows.map(({ id, exchange, symbol, asset, currency, unit, price, quoted_at, trading_hours }) => ({
    id,
    instrument: `${exchange}:${symbol}`,
    asset,
    currency,
    unit,
    price,
    quotedAt: quoted_at,
    isStale: isStaleQuote({ quotedAt: quoted_at, tradingHours: trading_hours }, nowMs),
  }));
}

async function latestQuotes(db: Database, which: RawBuilder<unknown>): Promise<LatestQuote[]> {
  const { rows } = await sql<LatestQuote>`
    SELECT i.id AS instrument_id, i.exchange, i.symbol, i.name, i.asset, i.currency, i.unit, i.trading_hours,
           q.id, q.price, q.bid, q.ask, q.day_volume, q.source, q.quoted_at, q.received_at
      FROM instruments i JOIN quotes q ON q.instrument_id = i.id
     WHERE i.enabled AND ${which}
     ORDER BY i.exchange, i.symbol`.execute(db);
  return rows;
}

export interface BarSeries {
  exchange: string;
  symbol: string;
  interval: BarInterval;
}

/** A bar as it is served. Not complete: its time is not over, or the streamer has not said so yet. */
export interface ServedBar {
  opened_at: Date;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  ticks: number;
  source: "ticks" | "history";
  complete: boolean;
}

const servedBar = sql`opened_at, open, high, low, close, volume, ticks, source, complete`;

/** The last ones of a span, in the order of time. `from` is within it, `to` is not. */
export async function findBars(
  db: Database,
  { exchange, symbol, interval }: BarSeries,
  span: { from: Date | null; to: Date | null; limit: number },
): Promise<ServedBar[]> {
  const { from, to, limit } = span;
  const { rows } = await sql<ServedBar>`
    SELECT ${servedBar} FROM bars
     WHERE exchange = ${exchange} AND symbol = ${symbol} AND interval = ${interval}
       AND opened_at >= ${from ?? "-infinity"}::timestamptz AND opened_at < ${to ?? "infinity"}::timestamptz
     ORDER BY opened_at DESC LIMIT ${limit}`.execute(db);
  return rows.toReversed();
}

/**
 * The last two bars of each series: the one that goes on, and the one that was completed when it began.
 * @param series null: of all that have bars, as far as they changed within the last minute.
 */
export async function findNewestBars(
  db: Database,
  series: readonly BarSeries[] | null,
): Promise<(BarSeries & ServedBar & { updated_at: Date })[]> {
  if (series?.length === 0) return [];
  const which =
    series === null
      ? sql`names CROSS JOIN unnest(${barIntervals}::text[]) AS i (interval)`
      : sql`jsonb_to_recordset(${JSON.stringify(series)}::jsonb) AS i (exchange text, symbol text, interval text)`;
  const { rows } = await sql<BarSeries & ServedBar & { updated_at: Date }>`
    WITH RECURSIVE ${namesWithBars}
    SELECT n.*, newest.*
      FROM (SELECT exchange, symbol, interval FROM ${which}) AS n
      CROSS JOIN LATERAL (
        SELECT ${servedBar}, updated_at FROM bars b
         WHERE b.exchange = n.exchange AND b.symbol = n.symbol AND b.interval = n.interval
         ORDER BY opened_at DESC LIMIT 2) AS newest
     WHERE ${series !== null} OR newest.updated_at > now() - interval '1 minute'
     ORDER BY newest.opened_at`.execute(db);
  return rows;
}

export interface FoundInstrument extends InstrumentSettings {
  id: string;
  created_at: Date;
  /** The feeds that stream it. */
  feeds: string[];
  rejections: number;
  last_rejection: { text: string; reason: string; at: Date } | null;
}

/** In the order of their ids. */
export async function findInstruments(
  db: Database,
  { enabled, asset, id }: { enabled?: boolean | undefined; asset?: string | undefined; id?: string },
  limit: number,
  afterId: string | null,
): Promise<{ items: FoundInstrument[]; next: { id: string } | null }> {
  const { rows } = await sql<Omit<FoundInstrument, "last_rejection"> & RejectionColumns>`
    SELECT i.id, i.exchange, i.symbol, i.name, i.asset, i.currency, i.unit, i.page_url, i.page_selector, i.refresh_seconds,
           i.valid_min, i.valid_max, i.trading_hours, i.enabled, i.created_at,
           ARRAY(SELECT feed FROM quote_subscriptions s WHERE s.instrument_id = i.id ORDER BY feed) AS feeds,
           coalesce(r.count, 0)::float8 AS rejections, r.last_text, r.last_reason, r.last_at
      FROM instruments i LEFT JOIN quote_rejections r ON r.instrument_id = i.id
     WHERE i.id > ${afterId ?? "0"}::bigint AND (${id ?? null}::bigint IS NULL OR i.id = ${id ?? null}::bigint)
       AND (${enabled ?? null}::boolean IS NULL OR i.enabled = ${enabled ?? null}::boolean)
       AND (${asset ?? null}::text IS NULL OR i.asset = ${asset ?? null}::text)
     ORDER BY i.id LIMIT ${limit + 1}`.execute(db);
  const items = rows.slice(0, limit).map(nestRejection);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? { id: last.id } : null };
}

interface RejectionColumns {
  last_text: string | null;
  last_reason: string | null;
  last_at: Date | null;
}

function nestRejection(row: Omit<FoundInstrument, "last_rejection"> & RejectionColumns): FoundInstrument {
  const { last_text: text, last_reason: reason, last_at: at, ...instrument } = row;
  const isThere = text !== null && reason !== null && at !== null;
  return { ...instrument, last_rejection: isThere ? { text, reason, at } : null };
}
