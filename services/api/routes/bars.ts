import { barIntervals } from "@pricefleet/contracts";
import { type BarSeries, type Database, findBars } from "@pricefleet/database";
import { z } from "zod";
import { decimal, moment, numberOrElse, timestamp } from "../fields.ts";
import { exchange, symbol } from "../market/instrument-fields.ts";
import { type BarFormat, barFormats, writeBars } from "../market/write-bars.ts";
import { defineRoute } from "../route.ts";

const interval = z.enum(barIntervals, { error: `one of ${barIntervals.join(", ")}` });

const bar = z
  .strictObject({
    opened_at: timestamp.describe(
      "Aligned to UTC: within a day to the epoch, days to midnight, weeks to Monday",
    ),
    open: decimal,
    high: decimal,
    low: decimal,
    close: decimal,
    volume: decimal,
    ticks: z.int().describe("Prices that it was made of; 0 of history"),
    source: z.enum(["ticks", "history"]).describe("history: filled in, where ticks were missed"),
    complete: z.boolean().describe("false: it goes on"),
  })
  .meta({ id: "Bar" });

const barsQuery = z
  .strictObject({
    exchange,
    symbol,
    interval,
    from: moment.optional().describe("Bars that opened at this time or after it"),
    to: moment.optional().describe("Bars that opened before this time"),
    limit: numberOrElse(1, 5_000, 500).describe("How many at most: the last ones of the span"),
    format: z
      .enum(["json", "csv", "parquet"], { error: "json, csv or parquet" })
      .optional()
      .describe("Goes before the header Accept"),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    error: "a time after from",
    path: ["to"],
  });

export const barRoutes = [
  defineRoute({
    method: "get",
    path: "/market-data/bars",
    tag: "Market",
    summary: "Bars of one instrument, in the order of time, the unfinished one included",
    description:
      "As JSON, CSV (RFC 4180, with a header) or Parquet (amounts as DECIMAL(38)). Answers are kept for up to 300 s and dropped as soon as a bar of theirs changes.",
    query: barsQuery,
    responses: {
      200: {
        description: "The bars",
        schema: z.strictObject({ exchange: z.string(), symbol: z.string(), interval, items: z.array(bar) }),
        otherTypes: [barFormats.csv, barFormats.parquet],
      },
    },
    answer: async ({ db, market, query, preferredType }) => {
      const format = query.format ?? formatOf(preferredType);
      // Nobody would have told of a change, were this late: then nothing is given, kept or not.
      market.quotes.all();
      const { exchange, symbol, interval, limit } = query;
      const series = { exchange, symbol, interval };
      const span = { from: query.from ?? null, to: query.to ?? null, limit };
      const document = await market.bars.getOrMake(
        `${exchange}:${symbol} ${interval}`,
        JSON.stringify([format, span]),
        () => makeDocument(db, series, span, format),
      );
      const fileName = `${exchange}-${symbol.replaceAll("/", "-")}-${interval}.${format}`;
      const headers: Record<string, string> = { Vary: "Accept" };
      if (format !== "json") headers["Content-Disposition"] = `attachment; filename="${fileName}"`;
      return { status: 200, document, headers };
    },
  }),
];

function formatOf(preferredType: (types: string[]) => string | null): BarFormat {
  const formats = Object.entries(barFormats) as [BarFormat, string][];
  const type = preferredType(formats.map(([, mediaType]) => mediaType));
  return formats.find(([, mediaType]) => mediaType === type)?.[0] ?? "json";
}

async function makeDocument(
  db: Database,
  series: BarSeries,
  span: Parameters<typeof findBars>[2],
  format: BarFormat,
) {
  const bars = await findBars(db, series, span);
  return { type: barFormats[format], body: writeBars(series, bars, format) };
}
