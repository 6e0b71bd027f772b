import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { asking } from "./asking.ts";
import type { InstrumentSettings } from "./market-queries.ts";

type Given<Settings> = { [Name in keyof Settings]?: Settings[Name] | undefined };
type Named = Pick<InstrumentSettings, "exchange" | "symbol">;
/** What an instrument does not do without; everything else has a default. */
type Needed = Pick<InstrumentSettings, "name" | "asset" | "currency" | "unit">;

/** What a person says of a new instrument. */
export type InstrumentOrder = Named & Needed & Given<Omit<InstrumentSettings, keyof (Named & Needed)>>;

/** What is not given stays; null clears. */
export type InstrumentChange = Given<Omit<InstrumentSettings, keyof Named>>;

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
