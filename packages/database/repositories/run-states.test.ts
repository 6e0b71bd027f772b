import { type RunState, runStates } from "@pricefleet/contracts";
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { aRun, openTestBook } from "../fixtures/test-book.ts";
import { changeRunState, startRun } from "./run-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const allowed: Record<RunState, readonly RunState[]> = {
  idle: ["initializing"],
  initializing: ["processing", "paused", "completed", "error"],
  processing: ["paused", "completed", "error"],
  paused: ["processing", "idle", "error"],
  error: ["processing", "idle"],
  completed: ["processing", "idle"],
};

async function aRunThatIs(state: RunState): Promise<string> {
  const run = await aRun(db);
  await db.updateTable("runs").set({ state }).where("id", "=", run.id).execute();
  await db.deleteFrom("run_events").where("run_id", "=", run.id).execute();
  return run.id;
}

const runRow = (id: string) =>
  db.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
const eventsOf = (id: string) =>
  db
    .selectFrom("run_events")
    .select(["from_state", "to_state", "reason"])
    .where("run_id", "=", id)
    .orderBy("id")
    .execute();

describe("a run's states", () => {
  const pairs = runStates.flatMap((from) => runStates.map((to) => ({ from, to })));

  it.each(pairs.filter(({ from, to }) => allowed[from].includes(to)))(
    "a run that is $from may become $to, and that is written down",
    async ({ from, to }) => {
      const id = await aRunThatIs(from);
      await changeRunState(db, id, to, "because");
      expect(await runRow(id)).toMatchObject({ state: to });
      expect(await eventsOf(id)).toEqual([{ from_state: from, to_state: to, reason: "because" }]);
    },
  );

  it.each(pairs.filter(({ from, to }) => from !== to && !allowed[from].includes(to)))(
    "a run that is $from cannot become $to, and nothing is written",
    async ({ from, to }) => {
      const id = await aRunThatIs(from);
      await expect(changeRunState(db, id, to, "because")).rejects.toMatchObject({
        code: "PF409",
        message: `run ${id} is ${from}, from which it cannot become ${to}`,
      });
      expect(await runRow(id)).toMatchObject({ state: from });
      expect(await eventsOf(id)).toEqual([]);
    },
  );

  it.each(runStates)("a run that is %s already stays so without an event", async (state) => {
    const id = await aRunThatIs(state);
    await changeRunState(db, id, state, "because");
    expect(await eventsOf(id)).toEqual([]);
  });

  it("a run that is not there is said to be missing", async () => {
    await expect(changeRunState(db, "404", "paused", "because")).rejects.toMatchObject({
      code: "PF404",
      message: "run 404 does not exist",
    });
  });

  it("a run that failed says why until it goes on", async () => {
    const { id } = await aRun(db);
    await changeRunState(db, id, "error", "the site refused");
    expect(await runRow(id)).toMatchObject({ error: "the site refused", finished_at: expect.any(Date) });
    await changeRunState(db, id, "processing", "again");
    expect(await runRow(id)).toMatchObject({ error: null, finished_at: null });
  });

  it("a stopped run loses its collector, so that it can be taken over when it is resumed", async () => {
    const run = await aRun(db);
    expect(await runRow(run.id)).toMatchObject({ collecting_until: expect.any(Date) });
    await changeRunState(db, run.id, "paused", "because");
    expect(await runRow(run.id)).toMatchObject({ collecting_until: null });
  });

  it("a run that ended cannot go on while another of its search is under way, and the refusal names it", async () => {
    const first = await aRun(db);
    await changeRunState(db, first.id, "completed", "because");
    const { source, term, url, maxPages, enrichLimit } = first;
    const second = await startRun(db, { source, term, url, maxPages, enrichLimit });
    await expect(changeRunState(db, first.id, "processing", "again")).rejects.toMatchObject({
      code: "PF409",
      message: `search ${first.searchId} has run ${second.id} under way`,
      detail: second.id,
    });
    expect(await runRow(first.id)).toMatchObject({ state: "completed" });
  });

  it("of two that change a run at the same time the second sees what the first did", async () => {
    const run = await aRun(db);
    const changing = book.againstATransaction(`SELECT change_run_state(${run.id}, 'paused', 'first')`, () =>
      changeRunState(db, run.id, "completed", "second"),
    );
    await expect(changing).rejects.toMatchObject({ code: "PF409" });
    expect(await sql`SELECT FROM run_events WHERE reason = 'second'`.execute(db)).toMatchObject({ rows: [] });
  });
});
