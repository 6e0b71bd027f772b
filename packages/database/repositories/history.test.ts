import type { Bar } from "@pricefleet/contracts";
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { claim, openTestBook, rowOf } from "../fixtures/test-book.ts";
import { storeTickBars } from "./bar-repository.ts";
import { freeDeadLeases, hasWorkLeft, takeDueTargets } from "./belt-repository.ts";
import { findSync, finishSync, storeHistoryBars } from "./history-repository.ts";
import { fireSyncSchedules, startPendingSyncs } from "./sync-dispatching-repository.ts";
import { findSyncs } from "./sync-queries.ts";
import { requestFills, requestSync } from "./sync-repository.ts";
import { type Claim, markGivenUp, postponeTarget } from "./target-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(async () => {
  await book.empty();
  for (const table of ["sync_status", "bars", "bar_gaps"]) await book.owner.query(`DELETE FROM ${table}`);
});

const gold = { instrument: "TVC:GOLD", interval: "1d" as const, bars: 500 };
const failure = { errorClass: "temporary", reason: "network", message: "reset" };
const DAY_MS = 86_400_000;

function barsOf(days: number, close = "2"): Bar[] {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  return Array.from({ length: days }, (_, day) => ({
    instrument: gold.instrument,
    interval: gold.interval,
    openedAtMs: today - (days - 1 - day) * DAY_MS,
    open: "1",
    high: "3",
    low: "0.5",
    close,
    volume: "10",
    ticks: 0,
    source: "history",
    complete: day < days - 1,
  }));
}

async function claimSync(): Promise<Claim> {
  await startPendingSyncs(db, 10);
  await sql`UPDATE targets SET not_before = now() WHERE state = 'pending'`.execute(db);
  const [target] = await takeDueTargets(db, 1);
  if (target === undefined) throw new Error("nothing was due");
  const answer = await claim(db, target);
  if (answer.outcome !== "claimed") throw new Error(`not claimed but ${JSON.stringify(answer)}`);
  return answer;
}

async function status() {
  const { items } = await findSyncs(db, {}, 10, null);
  return items[0];
}
const stored = async () => {
  const { rows } = await sql<{ close: string; source: string; complete: boolean; ticks: number }>`
    SELECT close::text, source, complete, ticks FROM bars ORDER BY opened_at`.execute(db);
  return rows;
};

describe("a sync of history", () => {
  it("asked for is pending, claimed is syncing, and done is completed with its bars", async () => {
    expect(await requestSync(db, gold)).toBe(true);
    expect(await status()).toMatchObject({ exchange: "TVC", symbol: "GOLD", state: "pending", n_bars: 500 });
    const sync = await claimSync();
    expect(sync).toMatchObject({ runId: null, recurs: false, attempt: 1, externalId: "TVC:GOLD 1d" });
    expect(await status()).toMatchObject({
      state: "syncing",
      started_at: expect.any(Date),
      finished_at: null,
    });
    expect(await findSync(db, sync.externalId)).toEqual(gold);
    expect(await hasWorkLeft(db, ["history_sync"])).toBe(true);
    expect(await finishSync(db, sync, gold, barsOf(3))).toBe("now");
    expect(await finishSync(db, sync, gold, barsOf(3))).toBe("before");
    expect(await status()).toMatchObject({ state: "completed", bars_stored: 3, message: null });
    expect(await rowOf(db, sync.targetId)).toMatchObject({ state: "done" });
    expect(await stored()).toHaveLength(3);
    expect(await hasWorkLeft(db, ["history_sync"])).toBe(false);
  });

  it("asked for again while it waits is one, with as many bars as anybody wants; under way it is joined", async () => {
    await requestSync(db, gold);
    expect(await requestSync(db, { ...gold, bars: 5_000 })).toBe(false);
    expect(await requestSync(db, { ...gold, bars: 10 })).toBe(false);
    expect(await status()).toMatchObject({ n_bars: 5_000 });
    expect(await startPendingSyncs(db, 10)).toBe(1);
    expect(await startPendingSyncs(db, 10)).toBe(0);
    await claimSync();
    expect(await requestSync(db, { ...gold, bars: 10 })).toBe(false);
    expect(await status()).toMatchObject({ state: "syncing", n_bars: 5_000 });
  });

  it("asked for after its end is done again, with all attempts", async () => {
    await requestSync(db, gold);
    const first = await claimSync();
    await markGivenUp(db, first, "failed", failure);
    expect(await status()).toMatchObject({ state: "error", message: "reset", finished_at: expect.any(Date) });
    expect(await requestSync(db, gold)).toBe(true);
    expect(await status()).toMatchObject({ state: "pending", message: null, finished_at: null });
    const second = await claimSync();
    expect(second).toMatchObject({ targetId: first.targetId, attempt: 1 });
    expect(await finishSync(db, first, gold, barsOf(1))).toBe("lost");
    expect(await stored()).toEqual([]);
    expect(await finishSync(db, second, gold, barsOf(1))).toBe("now");
  });

  it("that failed for now goes on syncing, and says why it is not through", async () => {
    await requestSync(db, gold);
    await postponeTarget(db, await claimSync(), { ...failure, delayMs: 600_000, countsAsAttempt: true });
    expect(await status()).toMatchObject({ state: "syncing", message: "reset" });
    expect((await claimSync()).attempt).toBe(2);
  });

  it("whose worker is lost comes back, and after the third time ends in an error that says so", async () => {
    await requestSync(db, gold);
    for (let lost = 1; lost <= 3; lost++) {
      await claimSync();
      await sql`UPDATE targets SET lease_expires_at = now()`.execute(db);
      expect(await freeDeadLeases(db, 10)).toEqual(lost < 3 ? { freed: 1, dead: 0 } : { freed: 0, dead: 1 });
    }
    expect(await status()).toMatchObject({
      state: "error",
      message: expect.stringContaining("within its lease"),
    });
  });

  it("that is dead is retried as any dead letter, without a run", async () => {
    await requestSync(db, gold);
    const sync = await claimSync();
    await markGivenUp(db, sync, "dead", failure);
    await sql`SELECT ask_dead_letter_retry(${sync.targetId})`.execute(db);
    expect(await status()).toMatchObject({ state: "pending", message: null });
    const again = await claimSync();
    await markGivenUp(db, again, "dead", failure);
    await sql`SELECT ask_dead_letters_retry('{}', 0, 10)`.execute(db);
    expect(await status()).toMatchObject({ state: "pending" });
    await markGivenUp(db, await claimSync(), "dead", failure);
    await sql`SELECT ask_dead_letter_discard(${sync.targetId})`.execute(db);
    expect(await status()).toMatchObject({ state: "error", message: "discarded" });
  });
});

describe("bars of history and of ticks", () => {
  const tickBar = (bar: Bar, complete: boolean) => ({
    ...bar,
    close: "1.5",
    ticks: 7,
    source: "ticks" as const,
    complete,
    firstAtMs: bar.openedAtMs,
    lastAtMs: bar.openedAtMs + 1_000,
  });

  it("history wins over ticks of a bar that is over, and ticks keep the one they are making", async () => {
    const bars = barsOf(3);
    await storeTickBars(
      db,
      bars.map((bar, i) => tickBar(bar, i < 2)),
    );
    await storeHistoryBars(db, gold, bars);
    expect(await stored()).toMatchObject([
      { close: "2", source: "history", complete: true },
      { close: "2", source: "history", complete: true },
      { close: "1.5", source: "ticks", complete: false, ticks: 7 },
    ]);
    await storeTickBars(
      db,
      bars.map((bar) => tickBar(bar, true)),
    );
    expect((await stored()).map(({ source }) => source)).toEqual(["history", "history", "ticks"]);
  });

  it("a complete bar of ticks that history agrees with stays as it is, so what is marked as filled was filled", async () => {
    const [first, second] = barsOf(3) as [Bar, Bar, Bar];
    await storeTickBars(db, [
      { ...tickBar(first, true), close: first.close },
      { ...tickBar(second, true), close: second.close, volume: "9" },
    ]);
    await storeHistoryBars(db, gold, [first, second]);
    expect((await stored()).map(({ source }) => source)).toEqual(["ticks", "history"]);
  });

  it("a bar that ticks open while a sync is stored is theirs, and the sync is stored none the less", async () => {
    await requestSync(db, gold);
    const sync = await claimSync();
    let finished: Promise<string> | undefined;
    await db.transaction().execute(async (streamer) => {
      await storeTickBars(streamer, [tickBar(barsOf(1)[0] as Bar, false)]);
      finished = finishSync(db, sync, gold, barsOf(3));
      await expect
        .poll(async () => (await book.owner.query("SELECT FROM pg_locks WHERE NOT granted")).rows.length, {
          timeout: 10_000,
        })
        .toBe(1);
    });
    expect(await finished).toBe("now");
    expect((await stored()).map(({ source }) => source)).toEqual(["history", "history", "ticks"]);
  });

  it("a bar that history had unfinished is finished by the next sync, and what is the same is not written again", async () => {
    await storeHistoryBars(db, gold, barsOf(3));
    const versions = () => sql<{ xmin: string }>`SELECT xmin::text FROM bars ORDER BY opened_at`.execute(db);
    const before = (await versions()).rows;
    await storeHistoryBars(db, gold, [...barsOf(3).slice(0, 2), { ...barsOf(3)[2], complete: true } as Bar]);
    const after = (await versions()).rows;
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect((await stored())[2]).toMatchObject({ complete: true });
    expect(after[2]).not.toEqual(before[2]);
  });
});

describe("schedules of history", () => {
  const setDue = (name: string) =>
    sql`UPDATE sync_schedules SET next_run_at = now() - interval '3 days' WHERE name = ${name}`.execute(db);
  const hour = 3_600_000;

  it("are given their first time, and nothing is asked for before it", async () => {
    await sql`UPDATE sync_schedules SET next_run_at = NULL`.execute(db);
    const fired = await db.transaction().execute(fireSyncSchedules);
    expect(fired.map(({ name, asked, wrong }) => ({ name, asked, wrong }))).toEqual([
      { name: "daily bars", asked: null, wrong: null },
      { name: "hourly bars", asked: null, wrong: null },
    ]);
    expect(fired[0]?.nextRunAt.getTime()).toBeLessThanOrEqual(Date.now() + 6 * hour);
    expect(await db.transaction().execute(fireSyncSchedules)).toEqual([]);
    expect(await status()).toBeUndefined();
  });

  it("due, ask for all instruments once, however many times were missed", async () => {
    await setDue("daily bars");
    const [fired] = await db.transaction().execute(fireSyncSchedules);
    const { items } = await findSyncs(db, {}, 50, null);
    expect(fired).toMatchObject({ name: "daily bars", asked: items.length });
    const { rows: instruments } = await sql<{ name: string }>`
      SELECT exchange || ':' || symbol AS name FROM instruments`.execute(db);
    expect(instruments.length).toBeGreaterThan(4);
    expect(items.map(({ exchange, symbol }) => `${exchange}:${symbol}`).toSorted()).toEqual(
      instruments.map(({ name }) => name).toSorted(),
    );
    expect(items.every(({ interval, n_bars: bars }) => interval === "1d" && bars === 500)).toBe(true);
    expect(fired?.nextRunAt.getTime()).toBeGreaterThan(Date.now());
    expect(await db.transaction().execute(fireSyncSchedules)).toEqual([]);
  });

  it("of named symbols ask for those, and one that nobody can read holds up no other", async () => {
    await sql`INSERT INTO sync_schedules (name, cron, interval, n_bars, symbols)
              VALUES ('two', '0 0 * * *', '1h', 10, ${["TVC:GOLD", "BITSTAMP:BTCUSD"]}), ('broken', 'soon', '1h', 10, NULL)`.execute(
      db,
    );
    await setDue("two");
    await setDue("broken");
    const fired = await db.transaction().execute(fireSyncSchedules);
    await book.owner.query("DELETE FROM sync_schedules WHERE name IN ('two', 'broken')");
    expect(fired).toMatchObject([
      { name: "two", asked: 2, wrong: null },
      { name: "broken", asked: null, wrong: expect.stringContaining("field") },
    ]);
  });
});

describe("gaps", () => {
  const note = (daysAgo: number) =>
    sql`
    INSERT INTO bar_gaps (exchange, symbol, interval, opened_at)
    VALUES ('TVC', 'GOLD', '1d', date_trunc('day', now(), 'UTC') - make_interval(days => ${daysAgo}))`.execute(
      db,
    );
  const gaps = async () => (await sql`SELECT FROM bar_gaps`.execute(db)).rows.length;
  /** How long history is not asked again; after a look, that time is over. */
  const waitSeconds = async () => {
    const { rows } = await sql<{ seconds: number }>`
      SELECT round(extract(epoch FROM fill_not_before - now()))::integer AS seconds FROM sync_status`.execute(
      db,
    );
    await sql`UPDATE sync_status SET fill_not_before = now()`.execute(db);
    return rows[0]?.seconds;
  };
  const inOne = () => db.transaction().execute(requestFills);
  const answerWith = async (bars: Bar[]) => finishSync(db, await claimSync(), gold, bars);

  it("are filled by one sync that reaches back to them, and are forgotten when that began after them", async () => {
    await note(3);
    expect(await inOne()).toBe(1);
    expect(await inOne()).toBe(0);
    expect(await status()).toMatchObject({ n_bars: 5 });
    await answerWith(barsOf(5));
    await inOne();
    expect(await gaps()).toBe(0);
  });

  it("that a sync did not reach back to stay, and so do those that its bars do not reach yet", async () => {
    await note(8);
    await requestSync(db, { ...gold, bars: 3 });
    await answerWith(barsOf(3));
    expect(await inOne()).toBe(1);
    expect(await gaps()).toBe(1);
    await answerWith(barsOf(20).slice(0, 10));
    await inOne();
    expect(await gaps()).toBe(1);
  });

  it("older than all that history has are forgotten", async () => {
    await note(8);
    await inOne();
    await answerWith(barsOf(3));
    await inOne();
    expect(await gaps()).toBe(0);
  });

  it("without trades are asked for ever more seldom, until a trade comes out of one", async () => {
    const waits: (number | undefined)[] = [];
    for (let round = 0; round < 9; round++) {
      await inOne();
      await note(3);
      expect(await inOne()).toBe(1);
      waits.push(await waitSeconds());
      await answerWith(barsOf(5).filter((_, day) => day !== 1));
    }
    expect(waits).toEqual([60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
    await inOne();
    await note(3);
    await inOne();
    await answerWith(barsOf(5));
    await inOne();
    expect(await waitSeconds()).toBeLessThanOrEqual(60);
    await note(3);
    await inOne();
    expect(await waitSeconds()).toBe(60);
  });

  it("noticed while history need not be asked yet wait for that", async () => {
    await note(3);
    await inOne();
    await answerWith(barsOf(5));
    await inOne();
    await note(3);
    expect(await inOne()).toBe(0);
    expect(await gaps()).toBe(1);
    await waitSeconds();
    expect(await inOne()).toBe(1);
  });
});
