import type { BarInterval } from "@pricefleet/contracts";
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { openTestBook } from "../fixtures/test-book.ts";
import { deleteOldBars } from "./bar-retention-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());

const HOURS = 24 * 40;

beforeEach(async () => {
  await book.owner.query("DELETE FROM bars");
  // Over two months at least, so in several partitions; BITSTAMP's is in no registry.
  await sql`
    INSERT INTO bars (exchange, symbol, interval, opened_at, open, high, low, close, source, complete)
    SELECT split_part(name, ':', 1), split_part(name, ':', 2), interval, date_trunc('hour', now()) - make_interval(hours => hour),
           1, 1, 1, 1, 'ticks', hour > 0
      FROM unnest(ARRAY['TVC:GOLD', 'TVC:SILVER', 'BITSTAMP:BTCUSD']) AS name, unnest(ARRAY['1m', '1h']) AS interval,
           generate_series(0, ${HOURS - 1}) AS hour`.execute(db);
});

async function left() {
  const { rows } = await sql<{ series: string; bars: number; days: number }>`
    SELECT exchange || ':' || symbol || ' ' || interval AS series, count(*)::integer AS bars,
           ceil(extract(epoch FROM now() - min(opened_at)) / 86400)::integer AS days
      FROM bars GROUP BY 1 ORDER BY 1`.execute(db);
  return rows;
}

async function deleteAll(interval: BarInterval, days: number, limit: number) {
  const deleted: number[] = [];
  for (;;) {
    const batch = await deleteOldBars(db, { interval, days }, limit);
    deleted.push(batch.deleted);
    if (batch.deleted < limit) return deleted;
  }
}

describe("bars that are older than they are kept", () => {
  it("are deleted of their interval alone, of every instrument, and younger ones stay", async () => {
    const { deleted, series } = await deleteOldBars(db, { interval: "1m", days: 30 }, 100_000);
    expect(series.map(({ instrument }) => instrument).toSorted()).toEqual([
      "BITSTAMP:BTCUSD",
      "TVC:GOLD",
      "TVC:SILVER",
    ]);
    expect(series.every(({ interval }) => interval === "1m")).toBe(true);
    expect(await left()).toEqual(
      ["BITSTAMP:BTCUSD", "TVC:GOLD", "TVC:SILVER"].flatMap((name) => [
        { series: `${name} 1h`, bars: HOURS, days: 40 },
        { series: `${name} 1m`, bars: HOURS - deleted / 3, days: 30 },
      ]),
    );
  });

  it("are deleted in batches, and nothing where all are young", async () => {
    expect(await deleteAll("1h", 39, 50)).toEqual([50, 22]);
    expect(await deleteOldBars(db, { interval: "1h", days: 39 }, 50)).toEqual({ deleted: 0, series: [] });
    expect(await deleteOldBars(db, { interval: "1w", days: 1 }, 50)).toEqual({ deleted: 0, series: [] });
  });
});
