import type { Item } from "@pricefleet/contracts";
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { aHost, anItem, aPage, aRun, openTestBook } from "../fixtures/test-book.ts";
import { storeSearchPage } from "./collecting-repository.ts";
import { ensureMonthlyPartitions } from "./partition-repository.ts";
import { type Sighting, storeSightings } from "./sighting-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const sightingOf = (said: Partial<Item>, readFrom: "card" | "page" = "page"): Sighting => ({
  source: "sample",
  item: anItem("x", said),
  readFrom,
  runId: "1",
  targetId: null,
  snapshotId: null,
  cardDigest: null,
  details: null,
});

/** One more sighting of the listing "x", as its own page or its card tells it. */
const see = (said: Partial<Item>, readFrom: "card" | "page" = "page") =>
  db.transaction().execute((trx) => storeSightings(trx, [sightingOf(said, readFrom)], 0));

async function prices() {
  const { rows } = await sql`
    SELECT amount::text, currency, shipping::text, confirmations FROM price_observations ORDER BY observed_at, id`.execute(
    db,
  );
  return rows;
}

describe("a listing's price history keeps changes and confirms repeats", () => {
  it("a first price is the first observation, and a new price adds one", async () => {
    expect(await see({ amount: "10.00" })).toMatchObject([{ price: "new" }]);
    expect(await see({ amount: "9.50" })).toMatchObject([{ price: "new" }]);
    expect(await prices()).toMatchObject([{ amount: "10.00" }, { amount: "9.50" }]);
  });

  it("the same price again is confirmed and adds nothing", async () => {
    await see({ amount: "10.00" });
    const first = await db.selectFrom("price_observations").selectAll().executeTakeFirstOrThrow();
    expect(await see({ amount: "10.0" })).toMatchObject([{ price: "confirmed" }]);
    expect(await see({ amount: "10" }, "card")).toMatchObject([{ price: "confirmed" }]);
    expect(await prices()).toMatchObject([{ amount: "10.00", confirmations: 2 }]);
    const last = await db.selectFrom("price_observations").selectAll().executeTakeFirstOrThrow();
    expect(last.observed_at).toEqual(first.observed_at);
    expect(last.confirmed_at.getTime()).toBeGreaterThan(first.confirmed_at.getTime());
  });

  it("a price that comes back after another is an observation of its own", async () => {
    for (const amount of ["10.00", "9.00", "10.00"]) await see({ amount });
    expect(await prices()).toMatchObject([{ amount: "10.00" }, { amount: "9.00" }, { amount: "10.00" }]);
  });

  it.each(["card", "page"] as const)(
    "an ad that turns to a swap has no price any more, as its %s says, until it has one again",
    async (readFrom) => {
      const latest = () =>
        db
          .selectFrom("listings")
          .select(["amount", "currency", "base_amount", "offer_kind"])
          .executeTakeFirstOrThrow();
      await see({ amount: "10.00" });
      await see({ amount: null, currency: null, offer_kind: "swap" }, readFrom);
      expect(await latest()).toMatchObject({ amount: null, base_amount: null, offer_kind: "swap" });
      await see({ amount: "10.00" }, readFrom);
      expect(await latest()).toMatchObject({ amount: "10.00", currency: "EUR", offer_kind: null });
    },
  );

  it("a page that leaves out shipping does not contradict one that printed it", async () => {
    await see({ shipping: "4.99" });
    await see({ shipping: null });
    expect(await prices()).toMatchObject([{ shipping: "4.99", confirmations: 1 }]);
  });

  it("shipping that is learned later completes the known price", async () => {
    await see({ shipping: null }, "card");
    await see({ shipping: "4.99" });
    expect(await prices()).toMatchObject([{ shipping: "4.99", confirmations: 1 }]);
  });

  it("another shipping is another price", async () => {
    await see({ shipping: "4.99" });
    await see({ shipping: "0" });
    expect(await prices()).toMatchObject([{ shipping: "4.99" }, { shipping: "0" }]);
  });

  it("the same digits in another currency are another price", async () => {
    await see({ currency: "EUR" });
    await see({ currency: "USD" });
    expect(await prices()).toMatchObject([{ currency: "EUR" }, { currency: "USD" }]);
  });

  it("a price that is not known adds nothing, and is never 0", async () => {
    expect(await see({ amount: null })).toMatchObject([{ price: "none" }]);
    expect(await see({ currency: null })).toMatchObject([{ price: "none" }]);
    expect(await prices()).toEqual([]);
    const listing = await db.selectFrom("listings").selectAll().executeTakeFirstOrThrow();
    expect(listing).toMatchObject({ amount: null });
  });

  it("a page without a price leaves the history as it is", async () => {
    await see({ amount: "10.00" });
    await see({ amount: null, currency: null });
    await see({ amount: "10.00" });
    expect(await prices()).toMatchObject([{ amount: "10.00", confirmations: 1 }]);
  });

  it("a sighting that had to wait for another is the later one, though its transaction began first", async () => {
    await see({ amount: "10.00" });
    await db.transaction().execute(async (early) => {
      await sql`SELECT 1`.execute(early);
      await see({ amount: "9.00" });
      await storeSightings(early, [sightingOf({ amount: "8.00" })], 0);
    });
    expect(await prices()).toMatchObject([{ amount: "10.00" }, { amount: "9.00" }, { amount: "8.00" }]);
  });

  it("a listing given twice in one call is refused by name", async () => {
    const twice = [anItem("x"), anItem("x")];
    const run = await aRun(db);
    await expect(storeSearchPage(db, aPage(run, await aHost(db), twice))).rejects.toThrow(
      "one listing was given twice in one call",
    );
  });
});

describe("two searches that find the same listings at the same time", () => {
  it("neither stop each other nor double a price", async () => {
    const host = await aHost(db);
    const ids = Array.from({ length: 60 }, (_, index) => `shared-${index}`);
    const shuffled = (turn: number) => ids.toSorted((a, b) => hash(`${a}${turn}`) - hash(`${b}${turn}`));
    for (let round = 0; round < 5; round++) {
      const amount = `${round + 1}.00`;
      const runs = await Promise.all(Array.from({ length: 10 }, () => aRun(db)));
      await Promise.all(
        runs.map((run, turn) => {
          const items = shuffled(turn).map((id) => anItem(id, { amount }));
          return storeSearchPage(db, aPage(run, host, items));
        }),
      );
    }
    const { rows } = await sql`
      SELECT count(*)::integer AS observations, count(DISTINCT listing_id)::integer AS listings,
             min(confirmations) AS least, max(confirmations) AS most FROM price_observations`.execute(db);
    // Each of five prices was new to one of ten collectors, and confirmed by the nine others.
    expect(rows).toEqual([{ observations: 300, listings: 60, least: 9, most: 9 }]);
  });
});

/** Any order will do, so long as it is another for each turn. */
function hash(text: string): number {
  let value = 7;
  for (const character of text) value = (value * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return (value * 7919) % 1_000_003;
}

describe("prices are kept in monthly partitions", () => {
  const partitionOf = async (observedAt: string) => {
    const { rows } = await sql<{ partition: string }>`
      INSERT INTO price_observations (listing_id, observed_at, amount, currency, read_from, methods, run_id, confirmed_at)
      VALUES (1, ${observedAt}::timestamptz, 1, 'EUR', 'page', '{}', 1, now())
      RETURNING tableoid::regclass::text AS partition`.execute(db);
    return rows[0]?.partition;
  };
  const monthsFromNow = (months: number) => {
    const now = new Date();
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1));
  };
  const nameOf = (month: Date) => `price_observations_${month.toISOString().slice(0, 7).replace("-", "_")}`;

  it("from the first migration there is one for this month and the next three", async () => {
    for (const months of [0, 1, 2, 3]) {
      const month = monthsFromNow(months);
      expect(await partitionOf(month.toISOString())).toBe(nameOf(month));
    }
  });

  it("a price lands in the partition of its month in UTC", async () => {
    await see({ amount: "10.00" });
    const { rows } = await sql`SELECT tableoid::regclass::text AS partition FROM price_observations`.execute(
      db,
    );
    expect(rows).toEqual([{ partition: nameOf(monthsFromNow(0)) }]);
    const lastMoment = new Date(monthsFromNow(1).getTime() - 1);
    expect(await partitionOf(lastMoment.toISOString())).toBe(nameOf(monthsFromNow(0)));
  });

  it("a price outside every month lands in the rest, and moves when its month is made", async () => {
    const month = monthsFromNow(5);
    expect(await partitionOf(month.toISOString())).toBe("price_observations_rest");
    // Two months, each for prices and for bars.
    expect(await ensureMonthlyPartitions(db, 5)).toBe(4);
    const { rows } = await sql`SELECT tableoid::regclass::text AS partition FROM price_observations`.execute(
      db,
    );
    expect(rows).toEqual([{ partition: nameOf(month) }]);
    expect(await partitionOf(month.toISOString())).toBe(nameOf(month));
  });

  it("making the partitions again makes none", async () => {
    await ensureMonthlyPartitions(db, 7);
    expect(await ensureMonthlyPartitions(db, 7)).toBe(0);
  });

  it("a partition made later has the indexes of the first", async () => {
    await ensureMonthlyPartitions(db, 8);
    const { rows } = await sql<{ shape: string }>`
      SELECT DISTINCT string_agg(replace(indexdef, tablename, 'partition'), ';' ORDER BY replace(indexdef, tablename, 'partition')) AS shape
        FROM pg_indexes WHERE schemaname = 'price_tracker' AND tablename ~ '^price_observations_[0-9]'
       GROUP BY tablename`.execute(db);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.shape).toContain("(listing_id, observed_at DESC)");
  });
});
