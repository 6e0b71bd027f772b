import type { BarInterval } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** An instrument that somebody subscribed to. */
export interface SubscribedInstrument {
  id: string;
  /** EXCHANGE:SYMBOL */
  name: string;
  validMin: number | null;
  validMax: number | null;
  tradingHours: string;
}

export async function subscribedInstruments(db: Database, feed: string): Promise<SubscribedInstrument[]> {
  const { rows } = await sql<SubscribedInstrument>`
    SELECT i.id, i.exchange || ':' || i.symbol AS name, i.valid_min::float8 AS "validMin",
           i.valid_max::float8 AS "validMax", i.trading_hours AS "tradingHours"
      FROM quote_subscriptions s JOIN instruments i ON i.id = s.instrument_id
     WHERE s.feed = ${feed} AND i.enabled
     ORDER BY i.id`.execute(db);
  return rows;
}

/** Subscribes to instruments of the registry by name; those that it does not have are left out. */
export async function subscribeTo(db: Database, feed: string, instruments: readonly string[]): Promise<void> {
  await sql`
    INSERT INTO quote_subscriptions (instrument_id, feed)
    SELECT i.id, ${feed} FROM unnest(${instruments}::text[]) AS n (name)
      JOIN instruments i ON i.exchange = split_part(n.name, ':', 1) AND i.symbol = split_part(n.name, ':', 2)
    ON CONFLICT DO NOTHING`.execute(db);
}

/** A quote as it is stored: the price as a decimal string, its time in milliseconds since 1970. */
export interface StoredQuote {
  instrumentId: string;
  price: string;
  bid: string | null;
  ask: string | null;
  dayVolume: string | null;
  source: string;
  atMs: number;
}

/**
 * Writes the latest quote of each instrument, each with an id of its own; an older one than is known changes nothing.
 * @returns the ids of the instruments whose quote is another now.
 */
export async function storeQuotes(db: Database, quotes: readonly StoredQuote[]): Promise<string[]> {
  if (quotes.length === 0) return [];
  const { rows } = await sql<{ instrument_id: string }>`
    INSERT INTO quotes AS q (instrument_id, id, price, bid, ask, day_volume, source, quoted_at)
    SELECT n."instrumentId", nextval('quote_ids'), n.price, n.bid, n.ask, n."dayVolume", n.source,
           to_timestamp(n."atMs" / 1000.0)
      FROM jsonb_to_recordset(${JSON.stringify(quotes)}::jsonb) AS n (
           "instrumentId" bigint, price numeric, bid numeric, ask numeric, "dayVolume" numeric, source text, "atMs" float8)
     ORDER BY n."instrumentId"
    ON CONFLICT (instrument_id) DO UPDATE SET
      id = excluded.id, price = excluded.price, bid = excluded.bid, ask = excluded.ask,
      day_volume = excluded.day_volume, source = excluded.source, quoted_at = excluded.quoted_at, received_at = now()
      WHERE excluded.quoted_at >= q.quoted_at
    RETURNING instrument_id`.execute(db);
  return rows.map((row) => row.instrument_id);
}

/** A value that was not taken for a price: counted, and the last one kept with why. */
export interface QuoteRejection {
  instrumentId: string;
  text: string;
  reason: string;
  count: number;
}

export async function countRejections(db: Database, rejections: readonly QuoteRejection[]): Promise<void> {
  if (rejections.length === 0) return;
  await sql`
    INSERT INTO quote_rejections AS r (instrument_id, count, last_text, last_reason)
    SELECT n."instrumentId", n.count, n.text, n.reason
      FROM jsonb_to_recordset(${JSON.stringify(rejections)}::jsonb) AS n (
           "instrumentId" bigint, count bigint, text text, reason text)
     ORDER BY n."instrumentId"
    ON CONFLICT (instrument_id) DO UPDATE SET
      count = r.count + excluded.count, last_text = excluded.last_text, last_reason = excluded.last_reason, last_at = now()
  `.execute(db);
}

interface Series {
  /** EXCHANGE:SYMBOL */
  instrument: string;
  interval: BarInterval;
}

/** What changed since it was told last; may name the same several times. */
export interface MarketNews {
  instrumentIds: readonly string[];
  series: readonly Series[];
}

/**
 * Tells who listens, on the channels quotes_changed (ids, comma separated) and bars_changed (a line
 * `EXCHANGE:SYMBOL interval` for each series). One transaction for both, and apart from the writing, because a NOTIFY
 * holds up every commit behind it.
 */
export async function notifyOfMarket(db: Database, { instrumentIds, series }: MarketNews): Promise<void> {
  if (instrumentIds.length + series.length === 0) return;
  const lines = new Set(series.map(({ instrument, interval }) => `${instrument} ${interval}`));
  const told = [
    { channel: "quotes_changed", payload: [...new Set(instrumentIds)].join(",") },
    { channel: "bars_changed", payload: [...lines].join("\n") },
  ];
  await sql`
    SELECT pg_notify(n.channel, n.payload)
      FROM jsonb_to_recordset(${JSON.stringify(told.map(shortened))}::jsonb) AS n (channel text, payload text)
     WHERE n.payload <> ''`.execute(db);
}

export function notifyQuotesChanged(db: Database, instrumentIds: readonly string[]): Promise<void> {
  return notifyOfMarket(db, { instrumentIds, series: [] });
}

export function notifyBarsChanged(db: Database, series: readonly Series[]): Promise<void> {
  return notifyOfMarket(db, { instrumentIds: [], series });
}

/** PostgreSQL's payloads are shorter than 8,000 bytes: more than fits there is told as "anything". */
function shortened<T extends { payload: string }>(told: T): T {
  return told.payload.length < 7_900 ? told : { ...told, payload: "*" };
}
