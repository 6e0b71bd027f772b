import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import {
  aClaim,
  addTargets,
  aFinish,
  aHost,
  aRun,
  claim,
  claimed,
  openTestBook,
} from "../fixtures/test-book.ts";
import { isRetryable, sqlStateOf } from "../retryable-errors.ts";
import { distrustTheBelt, freeDeadLeases, returnOverdueTargets, takeDueTargets } from "./belt-repository.ts";
import { finishListing } from "./finish-repository.ts";
import { findCountDifferences, foldTargetMoves } from "./run-counts-repository.ts";
import { completeFinishedRuns } from "./run-repository.ts";
import { type Claim, markDeadLettered, markGivenUp, postponeTarget } from "./target-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const failure = { errorClass: "temporary", reason: "network", message: "reset" };
const waiting = { ...failure, delayMs: 1_000, countsAsAttempt: true };
const expireLeases = () =>
  sql`UPDATE targets SET lease_expires_at = now() - interval '1 s' WHERE state = 'running'`.execute(db);

async function countsOf(runId: string): Promise<Record<string, number>> {
  const { rows } = await sql<{ state: string; count: number }>`
    SELECT state, sum(count)::integer AS count FROM run_counts_now WHERE run_id = ${runId} AND count <> 0 GROUP BY state`.execute(
    db,
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

async function outcomesOf(runId: string) {
  const { rows } = await sql<{ outcome: string; count: number }>`
    SELECT outcome, sum(count)::integer AS count FROM run_outcomes_now WHERE run_id = ${runId} GROUP BY outcome`.execute(
    db,
  );
  return Object.fromEntries(rows.map(({ outcome, count }) => [outcome, count]));
}

describe("a run's counters", () => {
  it("follow its targets from state to state, folded or not", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 5);
    expect(await countsOf(run.id)).toEqual({ pending: 5 });
    const due = await takeDueTargets(db, 4);
    const claims = await Promise.all(due.map((target) => claimed(db, target)));
    const [one, two, three] = claims as [Claim, Claim, Claim];
    await finishListing(db, aFinish(one));
    await markGivenUp(db, two, "failed", { ...failure, errorClass: "permanent", reason: "gone" });
    await postponeTarget(db, three, waiting);
    const expected = { pending: 1, queued: 1, running: 1, done: 1, failed: 1 };
    expect(await countsOf(run.id)).toEqual(expected);
    expect(await foldTargetMoves(db, 10_000)).toBeGreaterThan(0);
    expect(await foldTargetMoves(db, 10_000)).toBe(0);
    expect(await countsOf(run.id)).toEqual(expected);
    expect(await outcomesOf(run.id)).toEqual({ ok: 1, permanent: 1, temporary: 1 });
    expect(await findCountDifferences(db)).toEqual([]);
  });

  it("count a lost lease as a failed attempt, and an attempt that was given back as none", async () => {
    const givenBack = { ...waiting, countsAsAttempt: false };
    const one = await aClaim(db);
    await postponeTarget(db, one, { ...givenBack, errorClass: "late" });
    expect(await outcomesOf(one.runId)).toEqual({});
    const other = await aClaim(db);
    await postponeTarget(db, other, { ...givenBack, errorClass: "blocked", reason: "captcha" });
    expect(await outcomesOf(other.runId)).toEqual({ blocked: 1 });
    const lost = await aClaim(db);
    await expireLeases();
    await freeDeadLeases(db, 10);
    expect(await outcomesOf(lost.runId)).toEqual({ temporary: 1 });
  });

  it("follow targets that are deleted, and go with their run, while the day's sums stay", async () => {
    const gone = await aClaim(db);
    await finishListing(db, aFinish(gone));
    const kept = await aRun(db);
    await addTargets(db, kept, await aHost(db), 3);
    await sql`DELETE FROM targets WHERE id = (SELECT min(id) FROM targets WHERE run_id = ${kept.id})`.execute(
      db,
    );
    await foldTargetMoves(db, 3);
    await sql`DELETE FROM runs WHERE id = ${gone.runId}`.execute(db);
    expect(await findCountDifferences(db)).toEqual([]);
    await foldTargetMoves(db, 10_000);
    expect(await findCountDifferences(db)).toEqual([]);
    expect(await countsOf(kept.id)).toEqual({ pending: 2 });
    expect(await countsOf(gone.runId)).toEqual({});
    expect(await sql`SELECT outcome, count FROM daily_outcomes`.execute(db)).toMatchObject({
      rows: [{ outcome: "ok", count: "1" }],
    });
  });

  it("need a target to stay in its run and market", async () => {
    const { targetId } = await aClaim(db);
    const other = await aRun(db);
    await expect(
      db.updateTable("targets").set({ run_id: other.id }).where("id", "=", targetId).execute(),
    ).rejects.toMatchObject({ code: "PF409", message: `target ${targetId} stays in its run and market` });
  });
});

describe("while everybody works at once", () => {
  it("the counters equal the rows at every moment, whatever is asked of the runs meanwhile", async () => {
    const hosts = [await aHost(db), await aHost(db), await aHost(db)];
    const runs = [await aRun(db), await aRun(db)];
    for (const run of runs) for (const host of hosts) await addTargets(db, run, host, 30);
    const claims: Claim[] = [];
    const unexpected: unknown[] = [];
    const seen: unknown[] = [];
    const anyOf = <T>(things: readonly T[]): T => things[Math.floor(Math.random() * things.length)] as T;
    const withClaim = (work: (claim: Claim) => Promise<unknown>) => async () => {
      const [claim] = claims.splice(Math.floor(Math.random() * claims.length), 1);
      if (claim !== undefined) await work(claim);
    };
    const ask = (request: string) => async () => {
      await sql`SELECT ${sql.ref(`ask_run_${request}`)}(${anyOf(runs).id})`.execute(db);
    };
    const askOfDeadLetter = (request: string) => async () => {
      const dead = await db
        .selectFrom("targets")
        .select("id")
        .where("state", "=", "dead")
        .limit(1)
        .executeTakeFirst();
      if (dead === undefined) return;
      await sql`SELECT ${sql.ref(`ask_dead_letter_${request}`)}(${dead.id})`.execute(db);
    };
    const takeAndClaim = async () => {
      for (const target of await takeDueTargets(db, 8)) {
        const answer = await claim(db, target);
        if (answer.outcome === "claimed") claims.push(answer);
      }
    };
    const finish = withClaim((claim) => finishListing(db, aFinish(claim)));
    const deeds = [
      takeAndClaim,
      takeAndClaim,
      finish,
      finish,
      withClaim((claim) => markGivenUp(db, claim, "failed", failure)),
      withClaim(async (claim) => {
        await markGivenUp(db, claim, "dead", failure);
        await markDeadLettered(db, claim.targetId);
      }),
      withClaim((claim) => postponeTarget(db, claim, waiting)),
      withClaim((claim) =>
        postponeTarget(db, claim, { ...waiting, delayMs: 400_000, countsAsAttempt: false }),
      ),
      expireLeases,
      () => freeDeadLeases(db, 10),
      () => distrustTheBelt(db),
      () => returnOverdueTargets(db, 10),
      () => sql`UPDATE targets SET not_before = now() WHERE state IN ('pending', 'queued')`.execute(db),
      ask("stop"),
      ask("resume"),
      ask("resume"),
      ask("reset"),
      ask("retry"),
      askOfDeadLetter("retry"),
      askOfDeadLetter("discard"),
      () => completeFinishedRuns(db),
      () => foldTargetMoves(db, 50),
      async () => seen.push(...(await findCountDifferences(db))),
    ];
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        for (let step = 0; step < 60; step++) {
          await anyOf(deeds)().catch((error: unknown) => {
            // A refusal is an answer, and a deadlock is tried again by those who work.
            if (sqlStateOf(error) !== "PF409" && !isRetryable(error)) unexpected.push(error);
          });
        }
      }),
    );
    expect(unexpected).toEqual([]);
    expect(seen).toEqual([]);
    expect(await findCountDifferences(db)).toEqual([]);
    while ((await foldTargetMoves(db, 100)) > 0);
    expect(await findCountDifferences(db)).toEqual([]);
    expect(await sql`SELECT FROM run_counts WHERE count < 0`.execute(db)).toMatchObject({ rows: [] });
  });
});
