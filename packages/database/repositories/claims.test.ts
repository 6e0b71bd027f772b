// Long because it is the list of what a delivered message may meet, each case with its own few lines.
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import {
  addTargets,
  aFinish,
  aHost,
  aRun,
  claim,
  claimed,
  openTestBook,
  queuedTargets,
  rowOf,
} from "../fixtures/test-book.ts";
import { returnOverdueTargets, takeDueTargets } from "./belt-repository.ts";
import { finishListing } from "./finish-repository.ts";
import { changeRunState, markCollected } from "./run-repository.ts";
import { markDeadLettered, markGivenUp, takeBackForgottenClaim } from "./target-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const failure = { errorClass: "temporary", reason: "network", message: "reset" };

async function oneQueued(host?: string) {
  const [target] = await queuedTargets(db, 1, host);
  if (target === undefined) throw new Error("nothing was due");
  return target;
}

async function databaseClock(): Promise<number> {
  const { rows } = await sql<{ at: Date }>`SELECT clock_timestamp() AS at`.execute(db);
  return rows[0]?.at.getTime() ?? 0;
}

async function claimAndKill() {
  const target = await oneQueued();
  const lease = await claimed(db, target);
  await markGivenUp(db, lease, "dead", failure);
  await markDeadLettered(db, target.targetId);
  return target;
}

describe("what a claim hands out", () => {
  it("one round trip hands out the lease, the attempt and the host's slot", async () => {
    const target = await oneQueued(await aHost(db, { minDelayMs: 2_000 }));
    let statements = 0;
    const counted = db.withPlugin({
      transformQuery: ({ node }) => {
        statements += 1;
        return node;
      },
      transformResult: ({ result }) => Promise.resolve(result),
    });
    const answer = await claimed(counted, target);
    expect(statements).toBe(1);
    expect(answer).toMatchObject({ attempt: 1, slot: { waitMs: 0 }, host: target.host, url: target.url });
    const row = await rowOf(db, target.targetId);
    expect(row).toMatchObject({ state: "running", lease_token: answer.leaseToken, attempts: 1 });
    const { next_slot_at: nextSlot } = await db
      .selectFrom("hosts")
      .select("next_slot_at")
      .executeTakeFirstOrThrow();
    expect(nextSlot.getTime() - (row.started_at?.getTime() ?? 0)).toBe(2_000);
  });

  it("many claims of one publish have one winner", async () => {
    const target = await oneQueued();
    const answers = await Promise.all(Array.from({ length: 12 }, () => claim(db, target)));
    expect(answers.filter((answer) => answer.outcome === "claimed")).toHaveLength(1);
    expect(answers.filter((answer) => answer.outcome === "ignored")).toHaveLength(11);
    expect(await rowOf(db, target.targetId)).toMatchObject({ attempts: 1 });
  });

  it("a claim waits for the one before it, and sees what that did", async () => {
    const target = await oneQueued();
    const answer = await book.againstATransaction(
      `SELECT claim_target(${target.targetId}, ${target.publishId}, 'first', 60, 0, false, false)`,
      () => claim(db, target),
    );
    expect(answer).toEqual({ outcome: "ignored", why: "target is running" });
  });

  it("a delivery with an old publish id is ignored", async () => {
    const target = await oneQueued();
    const answer = await claim(db, { ...target, publishId: target.publishId - 1 });
    expect(answer).toEqual({ outcome: "ignored", why: "an old publish" });
    expect(await rowOf(db, target.targetId)).toMatchObject({ state: "queued", attempts: 0 });
  });

  it("a delivery for a target that is finished, cancelled or not there is ignored", async () => {
    const [done, failed, cancelled] = await queuedTargets(db, 3);
    if (!done || !failed || !cancelled) throw new Error("three were due");
    await finishListing(db, aFinish(await claimed(db, done)));
    await markGivenUp(db, await claimed(db, failed), "failed", failure);
    await db
      .updateTable("targets")
      .set({ state: "cancelled" })
      .where("id", "=", cancelled.targetId)
      .execute();
    expect(await claim(db, done)).toEqual({ outcome: "ignored", why: "target is done" });
    expect(await claim(db, failed)).toEqual({ outcome: "ignored", why: "target is failed" });
    expect(await claim(db, cancelled)).toEqual({ outcome: "ignored", why: "target is cancelled" });
    expect(await claim(db, { targetId: "999999", publishId: 1 })).toEqual({
      outcome: "ignored",
      why: "no such target",
    });
  });

  it("a target of a paused run returns to pending and keeps its attempts", async () => {
    const target = await oneQueued();
    await changeRunState(db, target.runId, "paused", "test");
    expect(await claim(db, target)).toEqual({ outcome: "returned", why: "the run is paused" });
    expect(await rowOf(db, target.targetId)).toMatchObject({
      state: "pending",
      attempts: 0,
      republish_after: null,
    });
  });

  it("a message past its deadline returns its target to pending and costs no attempt", async () => {
    const target = await oneQueued();
    expect(await claim(db, target, { pastDeadline: true })).toMatchObject({ outcome: "returned" });
    expect(await rowOf(db, target.targetId)).toMatchObject({ state: "pending", attempts: 0 });
  });

  it("a target that has to wait is not claimed before its time, and takes no slot of its host", async () => {
    const target = await oneQueued();
    await sql`UPDATE targets SET not_before = now() + interval '30 seconds'`.execute(db);
    const answer = await claim(db, target, { longestWaitMs: 2_000 });
    expect(answer).toMatchObject({ outcome: "later", why: "the target has to wait" });
    const { rows } = await sql<{ exact: boolean; free: boolean }>`
      SELECT t.not_before <= clock_timestamp() + interval '30 seconds' AS exact, h.next_slot_at = '-infinity' AS free
        FROM targets t JOIN hosts h USING (host)`.execute(db);
    expect(rows).toEqual([{ exact: true, free: true }]);
    expect(answer.outcome === "later" && answer.waitMs).toBeGreaterThan(20_000);
  });
});

describe("one host's limits hold for the whole fleet", () => {
  it("the slots of a host are never closer than its delay, however many claim at once", async () => {
    const host = await aHost(db, { minDelayMs: 40 });
    const targets = await queuedTargets(db, 160, host);
    expect(targets).toHaveLength(160);
    const waiting = [...targets];
    const claimers = Array.from({ length: 16 }, async () => {
      for (let target = waiting.pop(); target; target = waiting.pop()) await claimed(db, target);
    });
    await Promise.all(claimers);
    // The lease runs from the slot, so the slot is where the lease began; microseconds count.
    const { rows } = await sql<{ slots: string; tooClose: string; inThePast: string }>`
      SELECT count(*) AS slots, count(*) FILTER (WHERE gap < interval '40 milliseconds') AS "tooClose",
             count(*) FILTER (WHERE slot < started_at) AS "inThePast"
        FROM (SELECT slot, started_at, slot - lag(slot) OVER (ORDER BY slot) AS gap
                FROM (SELECT started_at, lease_expires_at - interval '60 seconds' AS slot FROM targets) AS slots) AS gaps
    `.execute(db);
    expect(rows).toEqual([{ slots: "160", tooClose: "0", inThePast: "0" }]);
  });

  it("a worker is told how long to wait until its slot", async () => {
    const host = await aHost(db, { minDelayMs: 1_000 });
    const targets = await queuedTargets(db, 4, host);
    const waits: number[] = [];
    for (const target of targets) {
      const before = await databaseClock();
      const { slot } = await claimed(db, target);
      // The slot is where the target's lease began; a millisecond is what rounding costs.
      const { started_at: startedAt } = await rowOf(db, target.targetId);
      const toldAtMs = (startedAt?.getTime() ?? 0) - slot.waitMs;
      expect(toldAtMs).toBeGreaterThanOrEqual(before - 1);
      expect(toldAtMs).toBeLessThanOrEqual((await databaseClock()) + 1);
      waits.push(slot.waitMs);
    }
    expect(waits[0]).toBe(0);
  });

  it("a host never has more in flight than it may", async () => {
    const host = await aHost(db, { maxInFlight: 3 });
    const targets = await queuedTargets(db, 16, host);
    const answers = await Promise.all(targets.map((target) => claim(db, target)));
    expect(answers.filter(({ outcome }) => outcome === "claimed")).toHaveLength(3);
    expect(answers.filter(({ outcome }) => outcome === "later")).toHaveLength(13);
    const first = answers.find((answer) => answer.outcome === "claimed");
    if (first?.outcome === "claimed") await finishListing(db, aFinish(first));
    await sql`UPDATE targets SET not_before = now() WHERE state = 'queued'`.execute(db);
    const waiting = targets.find((_, index) => answers[index]?.outcome === "later");
    expect(waiting && (await claim(db, waiting))).toMatchObject({ outcome: "claimed" });
  });

  it("a host whose next slot is far keeps its slot for those that wait less", async () => {
    const host = await aHost(db, { minDelayMs: 30_000 });
    const [first, second] = await queuedTargets(db, 2, host);
    if (!first || !second) throw new Error("two were due");
    await claimed(db, first);
    const before = await db.selectFrom("hosts").select("next_slot_at").executeTakeFirstOrThrow();
    expect(await claim(db, second, { longestWaitMs: 2_000 })).toMatchObject({
      outcome: "later",
      why: "the host's next slot is far",
    });
    expect(await db.selectFrom("hosts").select("next_slot_at").executeTakeFirstOrThrow()).toEqual(before);
  });

  it("only so many slots of a host are waited for, however near they are", async () => {
    const host = await aHost(db, { minDelayMs: 1_000 });
    const targets = await queuedTargets(db, 8, host);
    const outcomes: string[] = [];
    for (const target of targets) outcomes.push((await claim(db, target, { slotsAhead: 2 })).outcome);
    expect(outcomes.slice(0, 3)).toEqual(["claimed", "claimed", "claimed"]);
    expect(outcomes.slice(4)).toEqual(["later", "later", "later", "later"]);
  });

  it("a closed host is asked again when it opens: soon from a delay queue, later from the book", async () => {
    const [soon, late] = await queuedTargets(db, 2);
    if (!soon || !late) throw new Error("two were due");
    await sql`UPDATE hosts SET closed_until = now() + interval '1 minute', closed_reason = 'captcha'`.execute(
      db,
    );
    expect(await claim(db, soon, { longestWaitMs: 2_000 })).toMatchObject({
      outcome: "later",
      why: "the host is closed: captcha",
    });
    await sql`UPDATE hosts SET closed_until = now() + interval '10 minutes'`.execute(db);
    expect(await claim(db, late)).toMatchObject({ outcome: "returned", why: "the host is closed: captcha" });
    const { rows } = await sql<{ state: string; waits: boolean }>`
      SELECT state, not_before >= closed_until AS waits FROM targets JOIN hosts USING (host) ORDER BY id`.execute(
      db,
    );
    expect(rows[1]).toEqual({ state: "pending", waits: true });
    expect(await rowOf(db, late.targetId)).toMatchObject({ attempts: 0 });
  });
});

describe("a dead letter that a person moved back into the work queue", () => {
  it("revives its target once, with all attempts anew", async () => {
    const target = await claimAndKill();
    expect(await claim(db, target)).toEqual({ outcome: "ignored", why: "target is dead" });
    expect(await claim(db, target, { movedByHand: true })).toMatchObject({ outcome: "claimed", attempt: 1 });
    expect(await claim(db, target, { movedByHand: true })).toEqual({
      outcome: "ignored",
      why: "target is running",
    });
    expect(await rowOf(db, target.targetId)).toMatchObject({ dead_lettered_at: null, finished_at: null });
  });

  it("is not lost when the host has no slot yet: the same message claims it later", async () => {
    const target = await claimAndKill();
    await sql`UPDATE hosts SET closed_until = now() + interval '30 seconds'`.execute(db);
    expect(await claim(db, target, { movedByHand: true, longestWaitMs: 0 })).toMatchObject({
      outcome: "later",
    });
    await sql`UPDATE hosts SET closed_until = NULL`.execute(db);
    await sql`UPDATE targets SET not_before = now()`.execute(db);
    expect(await claim(db, target)).toMatchObject({ outcome: "claimed", attempt: 1 });
  });

  it("an older dead letter of the same target does nothing", async () => {
    const target = await claimAndKill();
    await sql`UPDATE targets SET publish_id = publish_id + 1`.execute(db);
    expect(await claim(db, target, { movedByHand: true })).toEqual({
      outcome: "ignored",
      why: "target is dead",
    });
  });

  it("opens its completed run again", async () => {
    const target = await claimAndKill();
    await markCollected(db, target.runId);
    const run = () => db.selectFrom("runs").select("state").where("id", "=", target.runId).executeTakeFirst();
    expect(await run()).toEqual({ state: "completed" });
    expect(await claim(db, target, { movedByHand: true })).toMatchObject({ outcome: "claimed" });
    expect(await run()).toEqual({ state: "processing" });
  });

  it("waits in the book while its run is paused", async () => {
    const target = await claimAndKill();
    await changeRunState(db, target.runId, "paused", "test");
    expect(await claim(db, target, { movedByHand: true })).toMatchObject({ outcome: "returned" });
    expect(await rowOf(db, target.targetId)).toMatchObject({ state: "pending", attempts: 0 });
  });

  it("goes back to the dead letters when its search is in the middle of another run", async () => {
    const target = await claimAndKill();
    await markCollected(db, target.runId);
    await sql`INSERT INTO runs (search_id) SELECT search_id FROM runs`.execute(db);
    expect(await claim(db, target, { movedByHand: true })).toMatchObject({ outcome: "ignored" });
    // Without this time the dispatcher publishes the dead letter again.
    expect(await rowOf(db, target.targetId)).toMatchObject({ state: "dead", dead_lettered_at: null });
  });
});

describe("turns on the belt and claims together", () => {
  it("a target that is claimed is no longer on the belt", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 1);
    const [target] = await takeDueTargets(db, 10);
    if (!target) throw new Error("one was due");
    await claimed(db, target);
    expect(await takeDueTargets(db, 10)).toEqual([]);
  });
});

describe("a claim that PostgreSQL has forgotten in a crash", () => {
  it("gives its target back to the belt at once, and only its own", async () => {
    const target = await oneQueued();
    expect(await takeBackForgottenClaim(db, target.targetId, target.publishId - 1)).toBe(false);
    expect(await returnOverdueTargets(db, 10)).toBe(0);
    expect(await takeBackForgottenClaim(db, target.targetId, target.publishId)).toBe(true);
    expect(await returnOverdueTargets(db, 10)).toBe(1);

    const [again] = await takeDueTargets(db, 1);
    if (again === undefined) throw new Error("nothing was due");
    await claimed(db, again);
    expect(await takeBackForgottenClaim(db, again.targetId, again.publishId)).toBe(false);
    expect(await rowOf(db, again.targetId)).toMatchObject({ state: "running" });
  });
});
