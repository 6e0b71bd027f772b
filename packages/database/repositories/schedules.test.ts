import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { addTargets, aHost, aRun, openTestBook } from "../fixtures/test-book.ts";
import { asLeader, tryToLead } from "./leader-repository.ts";
import { changeRunState, type CollectingRun } from "./run-repository.ts";
import { startDueSearches } from "./schedule-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const fire = () => startDueSearches(db, 24);

const searches = () => db.selectFrom("searches").selectAll().orderBy("id").execute();
const runs = () => db.selectFrom("runs").select(["id", "state"]).orderBy("id").execute();

/** Of the last run of all. */
async function history() {
  const { rows } = await sql<{ to_state: string; reason: string }>`
    SELECT to_state, reason FROM run_events WHERE run_id = (SELECT max(id) FROM runs) ORDER BY id`.execute(
    db,
  );
  return rows;
}

/** A run of a search that runs every hour and is due. */
async function dueAgain(run: CollectingRun, blocksHours: number | null = null): Promise<void> {
  await sql`UPDATE searches SET interval_seconds = 3600, next_run_at = now(), paused_run_blocks_hours = ${blocksHours}
             WHERE id = ${run.searchId}`.execute(db);
}

async function pausedFor(run: CollectingRun, hours: number): Promise<void> {
  await changeRunState(db, run.id, "paused", "test");
  await sql`UPDATE run_events SET at = now() - make_interval(hours => ${hours}) WHERE to_state = 'paused'`.execute(
    db,
  );
}

describe("a search whose time has come", () => {
  it("is fired once by several at the same moment, however often it was missed, and gets its next time", async () => {
    await sql`
      INSERT INTO searches (source, term, interval_seconds, jitter_percent, next_run_at) VALUES
        ('sample', 'missed a day', 3600, 0, now() - interval '1 day'), ('sample', 'later', 3600, 0, now() + interval '1 minute'),
        ('sample', 'never', NULL, 0, NULL)`.execute(db);
    const fired = await Promise.all(Array.from({ length: 4 }, fire));
    expect(fired.flat()).toMatchObject([{ runId: expect.any(String), skippedBecause: null }]);
    expect(await runs()).toHaveLength(1);
    expect(await history()).toEqual([{ to_state: "initializing", reason: "its time had come" }]);
    const { rows } = await sql<{ minutes: number }>`
      SELECT round(extract(epoch FROM next_run_at - now()) / 60)::integer AS minutes FROM searches
       WHERE term = 'missed a day'`.execute(db);
    expect(rows).toEqual([{ minutes: 60 }]);
    expect(await fire()).toEqual([]);
  });

  it("two leaders that both think they lead fire it once", async () => {
    await sql`INSERT INTO searches (source, term, interval_seconds, next_run_at) VALUES ('sample', 'x', 3600, now())`.execute(
      db,
    );
    const one = await tryToLead(db, "dispatcher", "one", 60);
    await sql`UPDATE leaders SET expires_at = now() - interval '1 second'`.execute(db);
    const other = await tryToLead(db, "dispatcher", "other", 60);
    if (one === null || other === null) throw new Error("nobody leads");
    const asked = await Promise.allSettled(
      [one, other].map((term) => asLeader(db, term, (trx) => startDueSearches(trx, 24))),
    );
    expect(asked.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect(await runs()).toHaveLength(1);
  });

  it("is given the next time of its cron expression on its own clock", async () => {
    await sql`INSERT INTO searches (source, term, cron, time_zone, next_run_at)
              VALUES ('sample', 'daily', '0 6 * * *', 'Asia/Kolkata', now() - interval '3 days')`.execute(db);
    await fire();
    const [search] = await searches();
    expect(search?.next_run_at?.toISOString()).toMatch(/T00:30:00.000Z$/);
    expect(search?.next_run_at?.getTime()).toBeGreaterThan(Date.now());
  });

  it("an interval is longer or shorter by its jitter, so that searches do not keep step", async () => {
    await sql`INSERT INTO searches (source, term, interval_seconds, jitter_percent, next_run_at)
              SELECT 'sample', 'lamp ' || n, 100000, 20, now() FROM generate_series(1, 20) n`.execute(db);
    await fire();
    const waits = (await searches()).map(({ next_run_at }) =>
      Math.round(((next_run_at?.getTime() ?? 0) - Date.now()) / 1_000),
    );
    expect(new Set(waits).size).toBeGreaterThan(10);
    for (const wait of waits) expect(Math.abs(wait - 100_000)).toBeLessThanOrEqual(20_060);
  });

  it("is not fired when it is switched off", async () => {
    await sql`INSERT INTO searches (source, term, interval_seconds, next_run_at, enabled)
              VALUES ('sample', 'off', 3600, now(), false)`.execute(db);
    expect(await fire()).toEqual([]);
  });

  it("a cron expression that somebody wrote into the book wrongly stops its own search and no other", async () => {
    await sql`INSERT INTO searches (source, term, cron, time_zone, next_run_at) VALUES
                ('sample', 'wrong', '61 * * * *', 'UTC', now()), ('sample', 'right', '1 * * * *', 'UTC', now())`.execute(
      db,
    );
    expect(await fire()).toMatchObject([{ runId: expect.any(String) }]);
    expect(await searches()).toMatchObject([
      {
        next_run_at: null,
        last_skipped_reason: "its cron expression is wrong: Invalid value for minute: 61",
      },
      { last_skipped_reason: null },
    ]);
  });
});

describe("a search whose time has come while a run of it is under way", () => {
  it("is skipped, says so, and waits for its next time", async () => {
    const run = await aRun(db);
    await dueAgain(run);
    const because = `run ${run.id} is still processing`;
    expect(await fire()).toMatchObject([{ runId: null, skippedBecause: because }]);
    expect(await searches()).toMatchObject([
      { last_skipped_at: expect.any(Date), last_skipped_reason: because },
    ]);
    expect(await runs()).toEqual([{ id: run.id, state: "processing" }]);
    expect(await fire()).toEqual([]);
  });

  it("a run paused lately is left to the person who paused it", async () => {
    const run = await aRun(db);
    await dueAgain(run);
    await pausedFor(run, 23);
    expect(await fire()).toMatchObject([{ runId: null }]);
    const [search] = await searches();
    expect(search?.last_skipped_reason).toMatch(
      new RegExp(
        `^run ${run.id} is paused; it blocks the schedule until \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC$`,
      ),
    );
  });

  it("a run paused for longer than it may block is reset with the reason, and the next one starts", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 3);
    await dueAgain(run);
    await pausedFor(run, 25);
    expect(await fire()).toMatchObject([{ skippedBecause: null }]);
    expect(await runs()).toMatchObject([{ id: run.id, state: "idle" }, { state: "initializing" }]);
    const targets = await db.selectFrom("targets").select("state").execute();
    expect(targets).toEqual([{ state: "cancelled" }, { state: "cancelled" }, { state: "cancelled" }]);
    const reasons = await db.selectFrom("run_events").select("reason").where("run_id", "=", run.id).execute();
    expect(reasons.at(-1)?.reason).toBe(
      "paused for 24 hours or more when the next run was due: what it had left is cancelled",
    );
  });

  it("how long a paused run may block is the search's own to say", async () => {
    const [patient, impatient] = [await aRun(db), await aRun(db)];
    await dueAgain(patient, 48);
    await pausedFor(patient, 25);
    await dueAgain(impatient, 0);
    await changeRunState(db, impatient.id, "paused", "test");
    await fire();
    expect(await runs()).toMatchObject([
      { id: patient.id, state: "paused" },
      { id: impatient.id, state: "idle" },
      { state: "initializing" },
    ]);
  });
});
