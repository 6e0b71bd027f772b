import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import {
  aClaim,
  addTargets,
  aHost,
  aRun,
  claimed,
  openTestBook,
  queuedTargets,
  rowOf,
} from "../fixtures/test-book.ts";
import {
  defaultBelt,
  distrustTheBelt,
  type DueTarget,
  freeDeadLeases,
  returnOverdueTargets,
  takeDueTargets,
  undeliveredDeadLetters,
} from "./belt-repository.ts";
import { changeRunState } from "./run-repository.ts";
import { markDeadLettered, markGivenUp } from "./target-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const failure = { errorClass: "temporary", reason: "network", message: "reset" };
const hostsOf = (targets: readonly DueTarget[]) => targets.map(({ host }) => host);
const runsOf = (targets: readonly DueTarget[]) => targets.map(({ runId }) => runId);
const queuedCount = async () => {
  const rows = await db.selectFrom("targets").select("id").where("state", "=", "queued").execute();
  return rows.length;
};

describe("taking what is due", () => {
  it("marks each target queued under a new publish id, with a time to publish it again", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 1);
    const [target] = await takeDueTargets(db, 10, { longestBelt: 100, republishAfterSeconds: 90 });
    if (target === undefined) throw new Error("one was due");
    expect(target).toMatchObject({ publishId: 1, runId: run.id, queue: "listing_enrichment", attempts: 0 });
    expect(await rowOf(db, target.targetId)).toMatchObject({ state: "queued", publish_id: 1 });
    const { rows } = await sql<{ seconds: number }>`
      SELECT extract(epoch FROM republish_after - now())::float8 AS seconds FROM targets`.execute(db);
    expect(rows[0]?.seconds).toBeGreaterThan(80);
    expect(rows[0]?.seconds).toBeLessThanOrEqual(90);
  });

  it("takes no more than it was asked for", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 20);
    expect(await takeDueTargets(db, 7)).toHaveLength(7);
    expect(await queuedCount()).toBe(7);
  });

  it("hosts take turns, so that a great one does not bury a small one", async () => {
    const [run, great, small] = [await aRun(db), await aHost(db), await aHost(db)];
    await addTargets(db, run, great, 50);
    await addTargets(db, run, small, 5);
    const taken = hostsOf(await takeDueTargets(db, 10));
    expect(taken).toEqual(Array.from({ length: 5 }, () => [great, small]).flat());
  });

  it("runs at one host take turns", async () => {
    const [first, second, host] = [await aRun(db), await aRun(db), await aHost(db)];
    await addTargets(db, first, host, 50);
    await addTargets(db, second, host, 3);
    const taken = runsOf(await takeDueTargets(db, 6));
    expect(taken.filter((id) => id === second.id)).toHaveLength(3);
    expect(new Set(taken.slice(0, 2))).toEqual(new Set([first.id, second.id]));
  });

  it("what small hosts and finished runs leave goes to those that have more", async () => {
    const [run, emptyRun, great] = [await aRun(db), await aRun(db), await aHost(db)];
    await addTargets(db, run, great, 300);
    await addTargets(db, emptyRun, great, 1);
    for (let small = 0; small < 20; small++) await addTargets(db, run, await aHost(db), 1);
    const taken = hostsOf(await takeDueTargets(db, 250));
    expect(taken).toHaveLength(250);
    expect(new Set(taken.slice(0, 21)).size).toBe(21);
    expect(taken.filter((host) => host === great)).toHaveLength(230);
  });

  it("what has waited longest comes first", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 3);
    await sql`UPDATE targets SET not_before = now() - make_interval(secs => id)`.execute(db);
    const ids = (await takeDueTargets(db, 3)).map(({ targetId }) => Number(targetId));
    expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  });

  it("a target is not taken before its time", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 2);
    await sql`UPDATE targets SET not_before = now() + interval '1 minute' WHERE id = (SELECT min(id) FROM targets)`.execute(
      db,
    );
    expect(await takeDueTargets(db, 10)).toHaveLength(1);
  });

  it("a host gets ten minutes' pace onto the belt, and the rest stays in the book", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db, { minDelayMs: 12_000 }), 80);
    expect(await takeDueTargets(db, 1_000)).toHaveLength(50);
    expect(await takeDueTargets(db, 1_000)).toEqual([]);
    await sql`UPDATE targets SET state = 'done' WHERE id IN (SELECT id FROM targets WHERE state = 'queued' LIMIT 4)`.execute(
      db,
    );
    expect(await takeDueTargets(db, 1_000)).toHaveLength(4);
  });

  it("a very slow host still gets 32", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db, { minDelayMs: 3_600_000 }), 40);
    expect(await takeDueTargets(db, 1_000)).toHaveLength(32);
  });

  it("a host that was slowed down, or asks for a Crawl-delay, gets ten minutes of the pace that it goes at now", async () => {
    const run = await aRun(db);
    const host = await aHost(db, { minDelayMs: 1_000 });
    await addTargets(db, run, host, 700);
    await sql`UPDATE hosts SET slowed_delay_ms = 4000 WHERE host = ${host}`.execute(db);
    expect(await takeDueTargets(db, 1_000)).toHaveLength(150);
    await sql`UPDATE hosts SET slowed_delay_ms = NULL, crawl_delay_ms = 3000 WHERE host = ${host}`.execute(
      db,
    );
    expect(await takeDueTargets(db, 1_000)).toHaveLength(50);
    await sql`UPDATE hosts SET crawl_delay_ms = NULL WHERE host = ${host}`.execute(db);
    expect(await takeDueTargets(db, 1_000)).toHaveLength(400);
  });

  it("two runs at one host share its room", async () => {
    const [first, second, host] = [await aRun(db), await aRun(db), await aHost(db, { minDelayMs: 30_000 })];
    await addTargets(db, first, host, 40);
    await addTargets(db, second, host, 40);
    const taken = runsOf(await takeDueTargets(db, 1_000));
    expect(taken.filter((id) => id === first.id)).toHaveLength(16);
    expect(taken.filter((id) => id === second.id)).toHaveLength(16);
  });

  it("the belt of a host without limits is never longer than the longest belt", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 60);
    const belt = { ...defaultBelt, longestBelt: 40 };
    await takeDueTargets(db, 1_000, belt);
    await takeDueTargets(db, 1_000, belt);
    expect(await queuedCount()).toBe(40);
  });

  it("takers at the same time never take one target twice, nor lengthen the belt beyond its longest", async () => {
    const [run, slow, quick] = [await aRun(db), await aHost(db, { minDelayMs: 10_000 }), await aHost(db)];
    await addTargets(db, run, slow, 200);
    await addTargets(db, run, quick, 200);
    const takers = Array.from({ length: 8 }, () =>
      takeDueTargets(db, 100, { ...defaultBelt, longestBelt: 120 }),
    );
    const taken = (await Promise.all(takers)).flat();
    expect(new Set(taken.map(({ targetId }) => targetId)).size).toBe(taken.length);
    expect(taken.every(({ publishId }) => publishId === 1)).toBe(true);
    expect(hostsOf(taken).filter((host) => host === slow)).toHaveLength(60);
    expect(hostsOf(taken).filter((host) => host === quick)).toHaveLength(120);
  });

  it("a taker waits for the one before it, and takes the next ones", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 60);
    const taken = await book.againstATransaction("SELECT take_due_targets(30, 50, 900)", () =>
      takeDueTargets(db, 10, { ...defaultBelt, longestBelt: 50 }),
    );
    expect(taken).toHaveLength(10);
    expect(await queuedCount()).toBe(40);
  });

  it("paused and ended runs are left alone", async () => {
    const [paused, idle, host] = [await aRun(db), await aRun(db), await aHost(db)];
    await addTargets(db, paused, host, 2);
    await addTargets(db, idle, host, 2);
    await changeRunState(db, paused.id, "paused", "test");
    await changeRunState(db, idle.id, "error", "test");
    expect(await takeDueTargets(db, 10)).toEqual([]);
    await changeRunState(db, paused.id, "processing", "test");
    expect(await takeDueTargets(db, 10)).toHaveLength(2);
  });

  it("a host that stays closed for long gets nothing, one that opens within five minutes does", async () => {
    const [run, soon, late] = [await aRun(db), await aHost(db), await aHost(db)];
    await addTargets(db, run, soon, 1);
    await addTargets(db, run, late, 1);
    await sql`UPDATE hosts SET closed_until = now() + CASE host WHEN ${soon} THEN interval '4 minutes' ELSE interval '6 minutes' END`.execute(
      db,
    );
    expect(hostsOf(await takeDueTargets(db, 10))).toEqual([soon]);
  });
});

describe("what was lost comes back", () => {
  it("a target that nobody claimed in time is due again, and its old message is old", async () => {
    const [overdue, waiting] = await queuedTargets(db, 2);
    if (!overdue || !waiting) throw new Error("two were due");
    await sql`UPDATE targets SET republish_after = now() WHERE id = ${overdue.targetId}`.execute(db);
    expect(await returnOverdueTargets(db, 10)).toBe(1);
    const again = await takeDueTargets(db, 10);
    expect(again).toMatchObject([{ targetId: overdue.targetId, publishId: overdue.publishId + 1 }]);
    expect(await returnOverdueTargets(db, 10)).toBe(0);
  });

  it("no more come back than were asked for, the longest overdue first", async () => {
    await queuedTargets(db, 5);
    await sql`UPDATE targets SET republish_after = now() - make_interval(secs => id)`.execute(db);
    expect(await returnOverdueTargets(db, 2)).toBe(2);
    const { rows } = await sql`
      SELECT bool_and(p.id > q.id) AS right FROM targets p, targets q WHERE p.state = 'pending' AND q.state = 'queued'`.execute(
      db,
    );
    expect(rows).toEqual([{ right: true }]);
  });

  it("a belt that cannot be trusted is published anew, but no target before its time", async () => {
    const [now, later] = await queuedTargets(db, 2);
    if (!now || !later) throw new Error("two were due");
    await sql`UPDATE targets SET not_before = now() + interval '1 minute' WHERE id = ${later.targetId}`.execute(
      db,
    );
    const { not_before: notBefore } = await rowOf(db, later.targetId);
    expect(await distrustTheBelt(db)).toBe(2);
    await returnOverdueTargets(db, 10);
    expect(await takeDueTargets(db, 10)).toMatchObject([{ targetId: now.targetId }]);
    expect(await rowOf(db, later.targetId)).toMatchObject({
      not_before: notBefore,
      republish_after: notBefore,
    });
  });

  it("a target whose worker is gone goes to another, and the attempt counts", async () => {
    const claim = await aClaim(db, { leaseSeconds: -1, worker: "pod-7/1" });
    expect(await freeDeadLeases(db, 10)).toEqual({ freed: 1, dead: 0 });
    expect(await rowOf(db, claim.targetId)).toMatchObject({
      state: "pending",
      attempts: 1,
      lost_leases: 1,
      lease_token: null,
      reason: "lost-lease",
      last_error: "the worker pod-7/1 did not finish within its lease",
    });
  });

  it("a lease that still runs is not taken away", async () => {
    await aClaim(db);
    expect(await freeDeadLeases(db, 10)).toEqual({ freed: 0, dead: 0 });
  });

  it("a target that has lost its worker three times is dead, for it may be the cause", async () => {
    const [target] = await queuedTargets(db, 1);
    if (target === undefined) throw new Error("one was due");
    await claimed(db, target, { leaseSeconds: -1 });
    for (let loss = 1; loss <= 2; loss++) {
      expect(await freeDeadLeases(db, 10)).toEqual({ freed: 1, dead: 0 });
      const [again] = await takeDueTargets(db, 1);
      if (again === undefined) throw new Error("it is due again");
      await claimed(db, again, { leaseSeconds: -1 });
    }
    expect(await freeDeadLeases(db, 10)).toEqual({ freed: 0, dead: 1 });
    expect(await rowOf(db, target.targetId)).toMatchObject({ state: "dead", reason: "crashes-worker" });
    expect(await undeliveredDeadLetters(db, 0, 10)).toMatchObject([
      { targetId: target.targetId, reason: "crashes-worker", attempts: 3 },
    ]);
  });
});

describe("dead letters", () => {
  it("one that was not confirmed is known, after a grace for the worker that publishes it", async () => {
    const [claim, confirmed] = [await aClaim(db), await aClaim(db)];
    for (const one of [claim, confirmed]) await markGivenUp(db, one, "dead", failure);
    await markDeadLettered(db, confirmed.targetId);
    expect(await undeliveredDeadLetters(db, 30, 10)).toEqual([]);
    expect(await undeliveredDeadLetters(db, 0, 10)).toMatchObject([
      { targetId: claim.targetId, reason: "network", message: "reset", attempts: 1 },
    ]);
  });
});
