import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { addTargets, aHost, aRun, claim, openTestBook, rowOf } from "../fixtures/test-book.ts";
import { freeDeadLeases, takeDueTargets } from "./belt-repository.ts";
import { doubtRefresh, endRefresh, keepRefreshing, prolongRefresh } from "./recurring-repository.ts";
import { completeFinishedRuns } from "./run-repository.ts";
import { markGivenUp, postponeTarget } from "./target-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const failure = { errorClass: "temporary", reason: "network", message: "reset" };

async function aQuote(host?: string, externalId = "XAUUSD") {
  const quote = { queue: "quote_refresh", source: "sample", externalId, url: "https://quotes.example/x" };
  return keepRefreshing(db, { ...quote, host: host ?? (await aHost(db)), refreshSeconds: 60 });
}

/** Published and claimed. */
async function aRefresh() {
  await sql`UPDATE targets SET not_before = now()`.execute(db);
  const [target] = await takeDueTargets(db, 1);
  if (target === undefined) throw new Error("nothing was due");
  const answer = await claim(db, target);
  if (answer.outcome !== "claimed") throw new Error(`not claimed but ${JSON.stringify(answer)}`);
  return answer;
}

const secondsUntilDue = async (id: string) =>
  Math.round(((await rowOf(db, id)).not_before.getTime() - Date.now()) / 1_000);

describe("a target that recurs", () => {
  it("is published without a run, beside those of runs, each host in its turn", async () => {
    const host = await aHost(db);
    const id = await aQuote(host);
    await addTargets(db, await aRun(db), host, 3);
    const due = await takeDueTargets(db, 10);
    expect(due.map(({ runId }) => runId === null)).toEqual(
      expect.arrayContaining([true, false, false, false]),
    );
    expect(due.find(({ runId }) => runId === null)).toMatchObject({ targetId: id, queue: "quote_refresh" });
    expect(await takeDueTargets(db, 10)).toEqual([]);
  });

  it("is pending again after a good refresh, due when its interval is over", async () => {
    const id = await aQuote();
    const refresh = await aRefresh();
    expect(refresh).toMatchObject({ targetId: id, runId: null, attempt: 1 });
    expect(await endRefresh(db, refresh, null)).toBe(true);
    expect(await rowOf(db, id)).toMatchObject({ state: "pending", attempts: 0, error_class: null });
    expect(await secondsUntilDue(id)).toBe(60);
    expect(await takeDueTargets(db, 10)).toEqual([]);
  });

  it("is pending again after a failed one, and its attempts are its consecutive failures until one goes well", async () => {
    const id = await aQuote();
    for (let failures = 1; failures <= 7; failures++) {
      const refresh = await aRefresh();
      expect(refresh.attempt).toBe(failures);
      await endRefresh(db, refresh, { ...failure, delayMs: 5_000 });
      expect(await rowOf(db, id)).toMatchObject({ state: "pending", reason: "network" });
      expect(await secondsUntilDue(id)).toBe(5);
    }
    await endRefresh(db, await aRefresh(), null);
    expect((await aRefresh()).attempt).toBe(1);
  });

  it("ends a refresh once: again changes nothing, and an old lease nothing at all", async () => {
    const id = await aQuote();
    const refresh = await aRefresh();
    await endRefresh(db, refresh, null);
    expect(await endRefresh(db, refresh, { ...failure, delayMs: 5_000 })).toBe(true);
    expect(await rowOf(db, id)).toMatchObject({ reason: null });
    await aRefresh();
    expect(await endRefresh(db, refresh, null)).toBe(false);
  });

  it("never ends failed or dead, not even by a worker that is lost again and again", async () => {
    const id = await aQuote();
    for (let lost = 1; lost <= 4; lost++) {
      await aRefresh();
      await sql`UPDATE targets SET lease_expires_at = now()`.execute(db);
      expect(await freeDeadLeases(db, 10)).toEqual({ freed: 1, dead: 0 });
      expect(await secondsUntilDue(id)).toBe(5 * lost);
    }
    await expect(markGivenUp(db, await aRefresh(), "dead", failure)).rejects.toThrow(
      "a_recurring_target_never_ends",
    );
  });

  it("whose message comes a second time is in doubt: it soon loses its lease, and is due again after its backoff", async () => {
    const id = await aQuote();
    await endRefresh(db, await aRefresh(), { ...failure, delayMs: 0 });
    const refresh = await aRefresh();
    const { publish_id: publishId, lease_expires_at: before } = await rowOf(db, id);
    await doubtRefresh(db, id, publishId - 1);
    expect((await rowOf(db, id)).lease_expires_at).toEqual(before);

    await doubtRefresh(db, id, publishId);
    const doubted = await rowOf(db, id);
    expect(doubted).toMatchObject({ state: "running", lease_token: refresh.leaseToken });
    expect(await secondsUntilDue(id)).toBe(10);
    await sql`UPDATE targets SET lease_expires_at = now()`.execute(db);
    expect(await freeDeadLeases(db, 10)).toEqual({ freed: 1, dead: 0 });
    expect(await rowOf(db, id)).toMatchObject({ state: "pending", not_before: doubted.not_before });
  });

  it("stays with a worker that gives a sign of life, in doubt or not", async () => {
    const id = await aQuote();
    const refresh = await aRefresh();
    const { publish_id: publishId } = await rowOf(db, id);
    await doubtRefresh(db, id, publishId);
    const leaseSeconds = async () =>
      Math.round((((await rowOf(db, id)).lease_expires_at?.getTime() ?? 0) - Date.now()) / 1_000);
    expect(await leaseSeconds()).toBe(5);
    await prolongRefresh(db, { ...refresh, leaseToken: "00000000-0000-0000-0000-000000000000" }, 15);
    expect(await leaseSeconds()).toBe(5);
    await prolongRefresh(db, refresh, 15);
    expect(await leaseSeconds()).toBe(15);
    expect(await endRefresh(db, refresh, null)).toBe(true);
    expect(await secondsUntilDue(id)).toBe(60);
    // The second delivery of a refresh that has ended says nothing.
    await doubtRefresh(db, id, publishId);
    expect(await secondsUntilDue(id)).toBe(60);
  });

  it("that nothing could be tried for waits without spending an attempt", async () => {
    const id = await aQuote();
    const refresh = await aRefresh();
    await postponeTarget(db, refresh, { ...failure, delayMs: 600_000, countsAsAttempt: false });
    expect(await rowOf(db, id)).toMatchObject({ state: "pending", attempts: 0 });
  });

  it("asked for twice is one, and counts in no run", async () => {
    const host = await aHost(db);
    expect(await aQuote(host)).toBe(await aQuote(host));
    expect(await aQuote(host, "XAGUSD")).not.toBe(await aQuote(host));
    await endRefresh(db, await aRefresh(), null);
    expect(await completeFinishedRuns(db)).toEqual([]);
    const { rows } = await sql`SELECT FROM target_moves`.execute(db);
    expect(rows).toEqual([]);
  });

  it("belongs to no run, and what belongs to a run does not recur", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 1);
    const change = sql`UPDATE targets SET refresh_seconds = 60`.execute(db);
    await expect(change).rejects.toThrow("a_target_has_a_run_or_recurs");
  });
});
