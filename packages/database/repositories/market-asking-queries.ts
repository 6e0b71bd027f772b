import type { Measure } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { asking } from "./asking.ts";

/** What a person says of an instrument. */
export interface InstrumentOrder {
  exchange: string;
  symbol: string;
  name: string;
  asset: string;
  currency: string;
  unit: Measure;
  page_url?: string | null | undefined;
  page_selector?: string | null | undefined;
  refresh_seconds?: number | undefined;
  valid_min?: string | null | undefined;
  valid_max?: string | null | undefined;
  trading_hours?: string | undefined;
  enabled?: boolean | undefined;
}

/** What is not given stays; null clears. */
export type InstrumentChange = Partial<Omit<InstrumentOrder, "exchange" | "symbol">>;

/** @returns its id. @throws NotNowError when there is one of that name. */
export async function askInstrument(db: Database, order: InstrumentOrder): Promise<string> {
  const { rows } = await asking(() =>
    sql<{ id: string }>`SELECT ask_instrument(${JSON.stringify(order)}::jsonb) AS id`.execute(db),
  );
  return rows[0]?.id ?? "";
}

/** @throws NoSuchThingError, and NotNowError when nothing would be valid any more. */
export async function askInstrumentChange(db: Database, id: string, change: InstrumentChange): Promise<void> {
  await asking(() => sql`SELECT ask_instrument_change(${id}, ${JSON.stringify(change)}::jsonb)`.execute(db));
}

/** Of a feed of live quotes. */
interface Subscription {
  exchange: string;
  symbol: string;
  feed: string;
}

/** Asked for again, it changes nothing. @throws NoSuchThingError when there is no such instrument. */
export async function askSubscription(db: Database, { exchange, symbol, feed }: Subscription): Promise<void> {
  await asking(() => sql`SELECT ask_quote_subscription(${exchange}, ${symbol}, ${feed})`.execute(db));
}

/** Asked for again, it changes nothing. @throws NoSuchThingError when there is no such instrument. */
export async function askUnsubscription(
  db: Database,
  { exchange, symbol, feed }: Subscription,
): Promise<void> {
  await asking(() => sql`SELECT ask_quote_unsubscription(${exchange}, ${symbol}, ${feed})`.execute(db));
}
