import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import {
  aClaim,
  addTargets,
  aFinish,
  aHost,
  anItem,
  aPage,
  aRun,
  claim,
  openTestBook,
  rowOf,
} from "../fixtures/test-book.ts";
import { askOfRun, askRunInterruption, askSearchInterruption, NotNowError } from "./asking-queries.ts";
import { takeDueTargets } from "./belt-repository.ts";
import { storeSearchPage } from "./collecting-repository.ts";
import { finishListing } from "./finish-repository.ts";
import { findCountDifferences } from "./run-counts-repository.ts";
import {
  cancelTargetsOfResetRuns,
  changeRunState,
  runsWithoutCollector,
  settleLostCollectors,
  takeOverRun,
} from "./run-repository.ts";
import { postponeTarget } from "./target-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const runRow = (id: string) =>
  db.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
const lastEvent = (id: string) =>
  db
    .selectFrom("run_events")
    .select(["from_state", "to_state", "reason"])
    .where("run_id", "=", id)
    .orderBy("id", "desc")
    .executeTakeFirstOrThrow();
const loseTheCollector = () =>
  sql`UPDATE runs SET collecting_until = now() - interval '1 s' WHERE collecting_until IS NOT NULL`.execute(
    db,
  );

describe("a run whose collector is lost", () => {
  it("goes on with another one at its page, and its history says so", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 2);
    await loseTheCollector();
    expect(await settleLostCollectors(db)).toEqual([{ runId: run.id, state: "processing" }]);
    expect(await settleLostCollectors(db)).toEqual([]);
    expect(await lastEvent(run.id)).toEqual({
      from_state: "processing",
      to_state: "processing",
      reason: "the collector was lost at page 2; another one continues",
    });
    expect(await runsWithoutCollector(db)).toEqual([run.id]);
    expect(await takeOverRun(db, run.id)).toMatchObject({ nextPage: 2 });
  });

  it("is paused when it or its search is set so, and goes on at its page when it is resumed", async () => {
    const [bySearch, byItself] = [await aRun(db), await aRun(db)];
    await askSearchInterruption(db, bySearch.searchId, "pause");
    await askRunInterruption(db, byItself.id, "pause");
    await loseTheCollector();
    expect(await takeOverRun(db, bySearch.id)).toBeNull();
    for (const run of [bySearch, byItself]) {
      expect(await runRow(run.id)).toMatchObject({ state: "paused" });
      expect(await lastEvent(run.id)).toMatchObject({
        to_state: "paused",
        reason: "the collector was lost at page 1; paused, as asked",
      });
    }
    expect(await runsWithoutCollector(db)).toEqual([]);
    await askOfRun(db, bySearch.id, "resume");
    expect(await takeOverRun(db, bySearch.id)).toMatchObject({ nextPage: 1 });
  });

  it("of a search that is set to pause goes on when the run itself was asked to", async () => {
    const run = await aRun(db);
    await askSearchInterruption(db, run.searchId, "pause");
    await askRunInterruption(db, run.id, "resume");
    await loseTheCollector();
    expect(await takeOverRun(db, run.id)).toMatchObject({ id: run.id });
  });
});

describe("a stopped run", () => {
  it("takes back what lies in the queue as it is delivered, and publishes nothing", async () => {
    const run = await aRun(db);
    await addTargets(db, run, await aHost(db), 2);
    const [due] = await takeDueTargets(db, 1);
    if (due === undefined) throw new Error("nothing was due");
    await askOfRun(db, run.id, "stop");
    expect(await claim(db, due)).toEqual({ outcome: "returned", why: "the run is paused" });
    expect(await rowOf(db, due.targetId)).toMatchObject({ state: "pending", republish_after: null });
    expect(await takeDueTargets(db, 10)).toEqual([]);
    await askOfRun(db, run.id, "resume");
    expect(await takeDueTargets(db, 10)).toHaveLength(2);
  });

  it("that was stopped before its first page is collected from there when it is resumed", async () => {
    const run = await aRun(db);
    await db.updateTable("runs").set({ state: "initializing" }).execute();
    await askOfRun(db, run.id, "stop");
    expect(await takeOverRun(db, run.id)).toBeNull();
    await askOfRun(db, run.id, "resume");
    expect(await takeOverRun(db, run.id)).toMatchObject({ nextPage: 1 });
  });

  it("a run that ended in error before all pages were read gets a collector when it is resumed", async () => {
    const run = await aRun(db);
    await changeRunState(db, run.id, "error", "captcha: a wall");
    expect(await runsWithoutCollector(db)).toEqual([]);
    await askOfRun(db, run.id, "resume");
    expect(await runsWithoutCollector(db)).toEqual([run.id]);
  });

  it("a completed run is not resumed, and the refusal says what would help", async () => {
    const run = await aRun(db);
    await changeRunState(db, run.id, "completed", "test");
    await expect(askOfRun(db, run.id, "resume")).rejects.toThrow(NotNowError);
    await expect(askOfRun(db, run.id, "resume")).rejects.toThrow(
      `run ${run.id} is completed, so there is nothing to resume; a retry tries again what failed`,
    );
  });
});

describe("a run that was reset", () => {
  it("cancels what was in hand and came back, so that nothing waits in it for ever", async () => {
    const lease = await aClaim(db);
    await askOfRun(db, lease.runId, "stop");
    await askOfRun(db, lease.runId, "reset");
    const failure = { errorClass: "temporary", reason: "network", message: "reset" };
    await postponeTarget(db, lease, { ...failure, delayMs: 1_000, countsAsAttempt: true });
    expect(await cancelTargetsOfResetRuns(db)).toBe(1);
    expect(await cancelTargetsOfResetRuns(db)).toBe(0);
    expect(await rowOf(db, lease.targetId)).toMatchObject({
      state: "cancelled",
      finished_at: expect.any(Date),
    });
  });

  it("can be started again: it finds everything anew, and keeps what was done", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    const page = aPage(run, host, [anItem("done"), anItem("left")]);
    await storeSearchPage(db, page);
    const [due] = await takeDueTargets(db, 1);
    const answer = due === undefined ? null : await claim(db, due);
    if (answer?.outcome !== "claimed") throw new Error("not claimed");
    await finishListing(db, aFinish(answer));
    await askOfRun(db, run.id, "stop");
    await askOfRun(db, run.id, "reset");
    await askOfRun(db, run.id, "start");
    expect(await runRow(run.id)).toMatchObject({
      state: "initializing",
      next_page: 1,
      found: 0,
      pages_read: 0,
    });
    expect(await takeOverRun(db, run.id)).toMatchObject({ nextPage: 1 });
    // Its card has changed since it was done, so only the target that is there keeps it from being one again.
    expect(await storeSearchPage(db, page)).toEqual({ found: 2, targets: 1 });
    const states = await db
      .selectFrom("targets")
      .select(["external_id", "state"])
      .orderBy("external_id")
      .execute();
    expect(states.map(({ state }) => state).toSorted()).toEqual(["done", "pending"]);
    expect(await findCountDifferences(db)).toEqual([]);
  });

  it("only a run that was reset is started again", async () => {
    const run = await aRun(db);
    await expect(askOfRun(db, run.id, "start")).rejects.toThrow(
      `run ${run.id} is processing, from which it cannot become initializing`,
    );
  });
});
