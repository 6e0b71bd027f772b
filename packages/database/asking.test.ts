import pg from "pg";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../test/harness/index.ts";
import {
  type RunClaim,
  aClaim,
  addTargets,
  aHost,
  aRun,
  claimed,
  openTestBook,
  queuedTargets,
  rowOf,
} from "./fixtures/test-book.ts";
import { takeDueTargets } from "./repositories/belt-repository.ts";
import { changeRunState } from "./repositories/run-repository.ts";
import { markDeadLettered, markGivenUp } from "./repositories/target-repository.ts";

const urls = await createTestDatabase();
const book = await openTestBook(urls);
const { db } = book;
const api = new pg.Client({ connectionString: urls.apiUrl, options: "-c search_path=price_tracker" });
await api.connect();
afterAll(async () => {
  await api.end();
  await book.close();
});
beforeEach(() => book.empty());

const failure = { errorClass: "temporary", reason: "network", message: "reset" };

/** Calls an asking function as the API's role. */
async function ask(call: string): Promise<string> {
  const { rows } = await api.query<{ answer: string }>(`SELECT ${call} AS answer`);
  return rows[0]?.answer ?? "";
}

const searchRow = (id: string) =>
  db.selectFrom("searches").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
const runRow = (id: string) =>
  db.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirstOrThrow();

async function stateCounts(): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom("targets")
    .select(["state", (eb) => eb.fn.countAll<string>().as("count")])
    .groupBy("state")
    .execute();
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
}

describe("asking for searches", () => {
  it("the same words asked for twice are one search, which stays as it is", async () => {
    const first = await ask("ask_search('sample', 'lamp', NULL, 2, 10)");
    expect(await ask("ask_search('sample', 'lamp', NULL, 9, 99)")).toBe(first);
    expect(await ask("ask_search('sample', 'chair', NULL, 2, 10)")).not.toBe(first);
    expect(await ask("ask_search('other', 'lamp', NULL, 2, 10)")).not.toBe(first);
    expect(await searchRow(first)).toMatchObject({ max_pages: 2, enrich_limit: 10, enabled: true });
  });

  it("a search has words or an address, not both and not neither", async () => {
    await expect(ask("ask_search('sample', NULL, NULL, 0, 0)")).rejects.toThrow(
      "a_search_is_words_or_an_address",
    );
    await expect(ask("ask_search('sample', 'lamp', 'https://shop.example/', 0, 0)")).rejects.toThrow(
      "a_search_is_words_or_an_address",
    );
  });

  it("a change changes what it names and leaves the rest", async () => {
    const id = await ask("ask_search('sample', 'lamp', NULL, 2, 10)");
    await ask(`ask_search_change(${id}, 5, NULL, NULL, NULL)`);
    expect(await searchRow(id)).toMatchObject({ max_pages: 5, enrich_limit: 10, next_run_at: null });
    await ask(`ask_search_change(${id}, NULL, NULL, false, 3600)`);
    expect(await searchRow(id)).toMatchObject({
      max_pages: 5,
      enabled: false,
      interval_seconds: 3600,
      next_run_at: expect.any(Date),
    });
    await expect(ask("ask_search_change(404, 5, NULL, NULL, NULL)")).rejects.toMatchObject({ code: "PF404" });
  });
});

describe("asking for runs", () => {
  it("a run takes its search's limits unless told others, and waits for a collector", async () => {
    const search = await ask("ask_search('sample', 'lamp', NULL, 2, 10)");
    const run = await ask(`ask_run(${search}, NULL, 3)`);
    expect(await runRow(run)).toMatchObject({
      state: "initializing",
      max_pages: 2,
      enrich_limit: 3,
      collecting_until: null,
    });
    expect(await db.selectFrom("run_events").select(["to_state", "reason"]).execute()).toEqual([
      { to_state: "initializing", reason: "asked for" },
    ]);
  });

  it("a second run is refused by the name of the one under way", async () => {
    const search = await ask("ask_search('sample', 'lamp', NULL, 2, 10)");
    const run = await ask(`ask_run(${search}, NULL, NULL)`);
    await expect(ask(`ask_run(${search}, NULL, NULL)`)).rejects.toMatchObject({
      code: "PF409",
      message: `search ${search} has run ${run} under way`,
      detail: run,
    });
    await expect(ask("ask_run(404, NULL, NULL)")).rejects.toMatchObject({ code: "PF404" });
  });

  it("a stopped run goes on when it is resumed", async () => {
    const run = await aRun(db);
    await ask(`ask_run_stop(${run.id})`);
    expect(await runRow(run.id)).toMatchObject({ state: "paused" });
    await ask(`ask_run_resume(${run.id})`);
    expect(await runRow(run.id)).toMatchObject({ state: "processing" });
  });

  it("a reset cancels what has not begun; what is in hand is finished", async () => {
    const claim = await aClaim(db);
    const run = { ...(await aRun(db)), id: claim.runId };
    await addTargets(db, { ...run, searchId: (await runRow(run.id)).search_id, nextPage: 2 }, claim.host, 4);
    await takeDueTargets(db, 1);
    await ask(`ask_run_stop(${run.id})`);
    expect(await ask(`ask_run_reset(${run.id})`)).toBe("4");
    expect(await runRow(run.id)).toMatchObject({ state: "idle" });
    expect(await stateCounts()).toEqual({ cancelled: 4, running: 1 });
  });

  it("a run that works is not reset, and keeps its targets", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 2);
    await expect(ask(`ask_run_reset(${run.id})`)).rejects.toMatchObject({ code: "PF409" });
    expect(await stateCounts()).toEqual({ pending: 2 });
  });

  it("a retry gives all that failed its attempts anew and opens the run", async () => {
    const claims = await Promise.all((await queuedTargets(db, 2)).map((target) => claimed(db, target)));
    const [failed, dead] = claims as [RunClaim, RunClaim];
    await markGivenUp(db, failed, "failed", failure);
    await markGivenUp(db, dead, "dead", failure);
    await changeRunState(db, failed.runId, "completed", "test");
    expect(await ask(`ask_run_retry(${failed.runId})`)).toBe("2");
    expect(await runRow(failed.runId)).toMatchObject({ state: "processing", finished_at: null });
    expect(await rowOf(db, dead.targetId)).toMatchObject({
      state: "pending",
      attempts: 0,
      finished_at: null,
    });
  });

  it("a retry in a stopped run waits until the run is resumed", async () => {
    const claim = await aClaim(db);
    await markGivenUp(db, claim, "failed", failure);
    await changeRunState(db, claim.runId, "paused", "test");
    await ask(`ask_run_retry(${claim.runId})`);
    expect(await runRow(claim.runId)).toMatchObject({ state: "paused" });
    expect(await stateCounts()).toEqual({ pending: 1 });
  });

  it("a retry of a run in which nothing failed changes nothing", async () => {
    const run = await aRun(db);
    await changeRunState(db, run.id, "completed", "test");
    expect(await ask(`ask_run_retry(${run.id})`)).toBe("0");
    expect(await runRow(run.id)).toMatchObject({ state: "completed" });
  });

  it("a run that is not there is said to be missing, whatever is asked of it", async () => {
    for (const request of ["stop", "resume", "reset", "retry"]) {
      await expect(ask(`ask_run_${request}(404)`)).rejects.toMatchObject({ code: "PF404" });
    }
  });
});

describe("asking about dead letters and hosts", () => {
  async function aDeadLetter() {
    const claim = await aClaim(db);
    await markGivenUp(db, claim, "dead", failure);
    await markDeadLettered(db, claim.targetId);
    return claim;
  }

  it("a retried dead letter is due again with all attempts, and its run is open", async () => {
    const claim = await aDeadLetter();
    await changeRunState(db, claim.runId, "completed", "test");
    await ask(`ask_dead_letter_retry(${claim.targetId})`);
    expect(await rowOf(db, claim.targetId)).toMatchObject({ attempts: 0, dead_lettered_at: null });
    expect(await takeDueTargets(db, 10)).toMatchObject([{ targetId: claim.targetId }]);
  });

  it("a retried dead letter of a stopped run waits until the run is resumed", async () => {
    const claim = await aDeadLetter();
    await changeRunState(db, claim.runId, "paused", "test");
    await ask(`ask_dead_letter_retry(${claim.targetId})`);
    expect(await runRow(claim.runId)).toMatchObject({ state: "paused" });
    expect(await stateCounts()).toEqual({ pending: 1 });
  });

  it("a discarded dead letter is cancelled", async () => {
    const claim = await aDeadLetter();
    await ask(`ask_dead_letter_discard(${claim.targetId})`);
    expect(await stateCounts()).toEqual({ cancelled: 1 });
  });

  it("asked for again, a retry or a discard changes nothing", async () => {
    const [retried, discarded] = [await aDeadLetter(), await aDeadLetter()];
    for (let time = 1; time <= 2; time++) {
      await ask(`ask_dead_letter_retry(${retried.targetId})`);
      await ask(`ask_dead_letter_discard(${discarded.targetId})`);
    }
    expect(await stateCounts()).toEqual({ pending: 1, cancelled: 1 });
  });

  it("what is worked on is not discarded, and what failed or was discarded is not retried here", async () => {
    const [running, failed] = [await aClaim(db), await aClaim(db)];
    await markGivenUp(db, failed, "failed", failure);
    await expect(ask(`ask_dead_letter_discard(${running.targetId})`)).rejects.toMatchObject({
      code: "PF409",
      message: `target ${running.targetId} is running, not dead`,
    });
    await expect(ask(`ask_dead_letter_retry(${failed.targetId})`)).rejects.toMatchObject({ code: "PF409" });
    for (const request of ["retry", "discard"])
      await expect(ask(`ask_dead_letter_${request}(404)`)).rejects.toMatchObject({ code: "PF404" });
    expect(await stateCounts()).toEqual({ running: 1, failed: 1 });
  });

  it("a host's limits are changed one by one", async () => {
    const host = await aHost(db, { minDelayMs: 1_000, maxInFlight: 4 });
    await ask(`ask_host_change('${host}', '{"min_delay_ms": 2500}')`);
    await ask(`ask_host_change('${host}', '{"max_in_flight": 1}')`);
    expect(await db.selectFrom("hosts").selectAll().executeTakeFirstOrThrow()).toMatchObject({
      min_delay_ms: 2_500,
      max_in_flight: 1,
    });
    await expect(ask("ask_host_change('nowhere.example', '{}')")).rejects.toMatchObject({ code: "PF404" });
    await expect(ask(`ask_host_change('${host}', '{"min_delay_ms": -1}')`)).rejects.toThrow(
      "hosts_min_delay_ms_check",
    );
  });
});
