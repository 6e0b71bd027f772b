import { isStaleQuote, measures } from "@pricefleet/contracts";
import type { LatestQuote } from "@pricefleet/database";
import type { QuotedPrice } from "@pricefleet/pricing";
import { z } from "zod";
import { decimal, id, timestamp } from "../fields.ts";

const age = z.number().nonnegative().describe("Seconds since then");
const stale = z
  .boolean()
  .describe("The market was open later than 60 s after the quote, and no other quote came");
export const unit = z.enum(measures, { error: `one of ${measures.join(", ")}` });
export const quote = z
  .strictObject({
    id: id.describe("Of this quote; each has its own"),
    exchange: z.string(),
    symbol: z.string(),
    name: z.string(),
    asset: z.string().describe("What is priced: gold, or a currency such as USD"),
    unit: unit.describe("What the price is per"),
    currency: z.string(),
    price: decimal,
    bid: decimal.nullable(),
    ask: decimal.nullable(),
    day_volume: decimal.nullable(),
    source: z.string().describe("page, or the feed that told it"),
    quoted_at: timestamp,
    received_at: timestamp,
    age_seconds: age,
    stale,
  })
  .meta({ id: "Quote" });

export const latestPrice = z
  .strictObject({
    instrument: z.string().describe("EXCHANGE:SYMBOL"),
    asset: z.string(),
    unit,
    currency: z.string(),
    price: decimal,
    source: z.string(),
    updated_at: timestamp,
    age_seconds: age,
    stale,
  })
  .meta({ id: "LatestPrice" });

export const convertedPrice = z
  .strictObject({
    asset: z.string(),
    unit,
    currency: z.string(),
    price: decimal.describe("Rounded to ten digits that count"),
    source: z.string().describe("Of the quote of the asset itself"),
    updated_at: timestamp.describe("Of the oldest quote that was used"),
    age_seconds: age,
    stale: z.boolean().describe("One of the quotes that were used is stale"),
    used: z
      .array(latestPrice.extend({ id }))
      .describe("The quotes that the price rests on, in the order of use"),
  })
  .meta({ id: "ConvertedPrice" });

export function instrumentOf({ exchange, symbol }: { exchange: string; symbol: string }): string {
  return `${exchange}:${symbol}`;
}

export function quoteView(row: LatestQuote, nowMs: number): z.infer<typeof quote> {
  // oxlint-disable-next-line no-unused-vars -- named so that the rest is without them
  const { instrument_id, trading_hours, ...fields } = row;
  return { ...fields, ...freshness(row, nowMs) };
}

export function priceView(row: LatestQuote, nowMs: number): z.infer<typeof latestPrice> {
  const { asset, unit, currency, price, source, quoted_at: updated_at } = row;
  return {
    instrument: instrumentOf(row),
    asset,
    unit,
    currency,
    price,
    source,
    updated_at,
    ...freshness(row, nowMs),
  };
}

export function asQuotedPrice(row: LatestQuote): QuotedPrice {
  const { id, asset, currency, unit, price, quoted_at: quotedAt } = row;
  return { id, instrument: instrumentOf(row), asset, currency, unit, price, quotedAt };
}

function freshness(row: LatestQuote, nowMs: number) {
  const ageMs = Math.max(0, nowMs - row.quoted_at.getTime());
  return { age_seconds: Math.floor(ageMs) / 1_000, stale: isStale(row, nowMs) };
}

export function isStale({ quoted_at: quotedAt, trading_hours }: LatestQuote, nowMs: number): boolean {
  return isStaleQuote({ quotedAt, tradingHours: trading_hours }, nowMs);
}
