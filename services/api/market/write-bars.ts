import type { BarSeries, ServedBar } from "@pricefleet/database";
import { type ColumnSource, parquetWriteBuffer, schemaFromColumnData } from "hyparquet-writer";
import { instrumentOf } from "./quote-view.ts";

/** The media types in which bars are served, by the word that asks for each. */
export const barFormats = {
  json: "application/json",
  csv: "text/csv",
  parquet: "application/vnd.apache.parquet",
} as const;
export type BarFormat = keyof typeof barFormats;

export function writeBars(series: BarSeries, bars: readonly ServedBar[], format: BarFormat): Buffer {
  switch (format) {
    case "json":
      return Buffer.from(JSON.stringify({ ...series, items: bars }));
    case "csv":
      return Buffer.from(asCsv(series, bars));
    case "parquet":
      return asParquet(series, bars);
  }
}

/** RFC 4180. No field has anything to quote: names are checked on their way in, and the rest are numbers and words. */
function asCsv({ exchange, symbol, interval }: BarSeries, bars: readonly ServedBar[]): string {
  const header = "exchange,symbol,interval,opened_at,open,high,low,close,volume,ticks,source,complete";
  const lines = bars.map((bar) =>
    [
      `${exchange},${symbol},${interval},${bar.opened_at.toISOString()}`,
      `${bar.open},${bar.high},${bar.low},${bar.close},${bar.volume}`,
      `${bar.ticks},${bar.source},${bar.complete}`,
    ].join(","),
  );
  return `${[header, ...lines].join("\r\n")}\r\n`;
}

/** Parquet's widest decimal: 38 digits in 16 bytes. */
const PRECISION = 38;

function asParquet(series: BarSeries, bars: readonly ServedBar[]): Buffer {
  const amounts = (["open", "high", "low", "close", "volume"] as const).map((name) => ({
    name,
    values: bars.map((bar) => bar[name]),
  }));
  const scale = Math.max(0, ...amounts.flatMap(({ values }) => values.map(decimalsOf)));
  const columnData: ColumnSource[] = [
    { name: "instrument", data: bars.map(() => instrumentOf(series)), type: "STRING", nullable: false },
    { name: "interval", data: bars.map(() => series.interval), type: "STRING", nullable: false },
    { name: "opened_at", data: bars.map(({ opened_at: at }) => at), type: "TIMESTAMP", nullable: false },
    ...amounts.map(({ name, values }) => ({
      name,
      data: values.map((value) => unscaled(value, scale)),
    })),
    { name: "ticks", data: bars.map(({ ticks }) => ticks), type: "INT32", nullable: false },
    { name: "source", data: bars.map(({ source }) => source), type: "STRING", nullable: false },
    { name: "complete", data: bars.map(({ complete }) => complete), type: "BOOLEAN", nullable: false },
  ];
  const schemaOverrides = Object.fromEntries(
    amounts.map(({ name }) => [
      name,
      {
        name,
        type: "FIXED_LEN_BYTE_ARRAY" as const,
        type_length: 16,
        converted_type: "DECIMAL" as const,
        precision: PRECISION,
        scale,
        repetition_type: "REQUIRED" as const,
      },
    ]),
  );
  // The schema says all; a column that says its type as well is refused.
  const schema = schemaFromColumnData({ columnData, schemaOverrides });
  const columns = columnData.map(({ name, data }) => ({ name, data }));
  return Buffer.from(parquetWriteBuffer({ columnData: columns, schema }));
}

function decimalsOf(amount: string): number {
  const point = amount.indexOf(".");
  return point === -1 ? 0 : amount.length - point - 1;
}

/** 1.5 at scale 3 is 1500. */
function unscaled(amount: string, scale: number): bigint {
  return BigInt(amount.replace(".", "") + "0".repeat(scale - decimalsOf(amount)));
}
