import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { addTargets, aFinish, aHost, aRun, claimed, openTestBook } from "../fixtures/test-book.ts";
import { takeDueTargets } from "./belt-repository.ts";
import { finishListing } from "./finish-repository.ts";
import {
  findFlaggedPagesOf,
  findPageHealth,
  judgeLayouts,
  noteSearchPage,
} from "./page-health-repository.ts";
import { foldTargetMoves } from "./run-counts-repository.ts";
import type { CollectingRun } from "./run-repository.ts";
import { keepUnreadSnapshot } from "./snapshot-repository.ts";
import { markGivenUp } from "./target-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const rule = { halfLifePages: 10, bound: 0.5 };
const changed = { errorClass: "layout-changed", reason: "layout-changed", message: "no listing is on it" };
const network = { errorClass: "temporary", reason: "network", message: "reset" };

/** As many pages of the host, each with this end, one judgement in the end. */
async function pages(
  run: CollectingRun,
  host: string,
  count: number,
  end: "read" | typeof changed | typeof network,
) {
  await addTargets(db, run, host, count);
  for (const due of await takeDueTargets(db, count)) {
    const claim = await claimed(db, due);
    if (end === "read") await finishListing(db, aFinish(claim));
    else {
      await markGivenUp(db, claim, "dead", end);
      const { snapshot } = aFinish(claim);
      if (end === changed)
        await keepUnreadSnapshot(db, { ...snapshot, pageState: "changed" }, claim.externalId);
    }
  }
  await foldTargetMoves(db, 10_000);
  return judgeLayouts(db, rule);
}

describe("a site whose layout changes", () => {
  it("is flagged when less than half of what is usual is read, and unflagged by itself when pages are read again", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    expect(await pages(run, host, 30, "read")).toEqual([]);
    expect(await pages(run, host, 6, changed)).toEqual([]);
    expect(await pages(run, host, 6, changed)).toMatchObject([
      { source: "sample", host, pageKind: "listing", flagged: true },
    ]);
    expect(await findFlaggedPagesOf(db, run.id)).toMatchObject([{ host, page_kind: "listing" }]);
    expect(await pages(run, host, 6, "read")).toEqual([]);
    expect(await pages(run, host, 20, "read")).toMatchObject([{ host, flagged: false }]);
    expect(await findFlaggedPagesOf(db, run.id)).toEqual([]);
  });

  it("says so in the history of the runs that have to do with it, and of no others", async () => {
    const [run, other, host] = [await aRun(db), await aRun(db), await aHost(db)];
    await pages(other, await aHost(db), 1, "read");
    await pages(run, host, 12, changed);
    const { rows } = await sql<{ run_id: string; reason: string }>`
      SELECT run_id, reason FROM run_events WHERE from_state = to_state`.execute(db);
    expect(rows).toEqual([
      {
        run_id: run.id,
        reason: expect.stringMatching(
          /^the layout of listing pages of host-.* seems to have changed: \d+ % .* usually 100 %$/,
        ),
      },
    ]);
  });

  it("shows the newest page that was not understood", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    await pages(run, host, 12, changed);
    const [health] = await findPageHealth(db);
    expect(health).toMatchObject({ source: "sample", host, page_kind: "listing", pages: 12 });
    expect(health?.flagged_at).toEqual(health?.state_since);
    const { rows } = await sql`
      SELECT max(s.id)::text AS snapshot_id, max(t.id)::text AS target_id FROM snapshots s JOIN targets t ON t.id = s.target_id`.execute(
      db,
    );
    expect(health?.example).toMatchObject(rows[0] ?? {});
  });
});

describe("what does not flag", () => {
  it("fewer pages than the rule asks for, however bad they are", async () => {
    expect(await pages(await aRun(db), await aHost(db), 9, changed)).toEqual([]);
  });

  it("failures that say nothing of a layout", async () => {
    expect(await pages(await aRun(db), await aHost(db), 30, network)).toEqual([]);
    expect(await findPageHealth(db)).toEqual([]);
  });

  it("another host's pages of the same source", async () => {
    const [run, good] = [await aRun(db), await aHost(db)];
    await pages(run, await aHost(db), 12, changed);
    await pages(run, good, 1, "read");
    expect((await findPageHealth(db)).find(({ host }) => host === good)).toMatchObject({ flagged_at: null });
  });
});

it("each page is judged once, over midnight too", async () => {
  const [run, host] = [await aRun(db), await aHost(db)];
  await pages(run, host, 4, "read");
  expect(await judgeLayouts(db, rule)).toEqual([]);
  await sql`UPDATE daily_outcomes SET day = day - 1`.execute(db);
  await sql`UPDATE page_health SET counted_day = counted_day - 1`.execute(db);
  await pages(run, host, 3, "read");
  await judgeLayouts(db, rule);
  expect(await findPageHealth(db)).toMatchObject([{ pages: 7, read_rate: 1 }]);
});

it("search pages are judged apart from listings, as their collector tells", async () => {
  const run = await aRun(db);
  for (let page = 0; page < 12; page++) await noteSearchPage(db, "sample", "s.example", false);
  expect(await judgeLayouts(db, rule)).toMatchObject([{ pageKind: "search", flagged: true }]);
  expect(await findFlaggedPagesOf(db, run.id)).toMatchObject([{ host: "s.example", page_kind: "search" }]);
});
