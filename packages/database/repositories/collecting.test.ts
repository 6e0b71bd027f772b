// Long because it is the list of what a search page may bring, each case with its own few lines.
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { aHost, anItem, aPage, aRun, openTestBook } from "../fixtures/test-book.ts";
import { RunNotOursError, storeSearchPage } from "./collecting-repository.ts";
import {
  changeRunState,
  type CollectingRun,
  completeFinishedRuns,
  markCollected,
  releaseRun,
  RunUnderWayError,
  runsWithoutCollector,
  startRun,
  takeOverRun,
} from "./run-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const runRow = (run: CollectingRun) =>
  db.selectFrom("runs").selectAll().where("id", "=", run.id).executeTakeFirstOrThrow();

async function targetsOf(run: CollectingRun): Promise<string[]> {
  const rows = await db
    .selectFrom("targets")
    .select("external_id")
    .where("run_id", "=", run.id)
    .orderBy("id")
    .execute();
  return rows.map((row) => row.external_id);
}

/** A later run of the same search. */
async function anotherRun(first: CollectingRun): Promise<CollectingRun> {
  await changeRunState(db, first.id, "completed", "test");
  const { source, term, url, maxPages, enrichLimit } = first;
  return startRun(db, { source, term, url, maxPages, enrichLimit });
}

const items = (...ids: string[]) => ids.map((id) => anItem(id));

describe("storing a search page", () => {
  it("makes a target of each listing, and the next page is the one after", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    const page = aPage(run, host, items("a", "b"), { totalResults: 240 });
    expect(await storeSearchPage(db, page)).toEqual({ found: 2, targets: 2 });
    expect(await targetsOf(run)).toEqual(["a", "b"]);
    expect(await runRow(run)).toMatchObject({
      next_page: 2,
      pages_read: 1,
      total_results: 240,
      found: 2,
      confirmed: 0,
    });
  });

  it("a listing is of use before its own page is read", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    await storeSearchPage(db, aPage(run, host, [anItem("a", { shipping: "4.99", condition: "Used" })]));
    const listing = await db.selectFrom("listings").selectAll().executeTakeFirstOrThrow();
    expect(listing).toMatchObject({ amount: "19.99", currency: "EUR", shipping: "4.99", condition: "Used" });
    expect(listing.enriched_at).toBeNull();
  });

  it("a page stored twice is refused the second time and changes nothing", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    const page = aPage(run, host, items("a", "b"));
    await storeSearchPage(db, page);
    const before = [await runRow(run), await targetsOf(run)];
    await expect(storeSearchPage(db, page)).rejects.toThrow(RunNotOursError);
    await expect(storeSearchPage(db, { ...page, cards: aPage(run, host, items("c")).cards })).rejects.toThrow(
      RunNotOursError,
    );
    expect([await runRow(run), await targetsOf(run)]).toEqual(before);
    expect(await db.selectFrom("price_observations").select("confirmations").execute()).toEqual([
      { confirmations: 0 },
      { confirmations: 0 },
    ]);
  });

  it("two collectors with the same page: one stores it", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    const page = aPage(run, host, items("a", "b"));
    const ends = await Promise.allSettled([storeSearchPage(db, page), storeSearchPage(db, page)]);
    expect(ends.map((end) => end.status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await runRow(run)).toMatchObject({ pages_read: 1, found: 2 });
  });

  it("a page that fails in the middle leaves nothing behind", async () => {
    const run = await aRun(db);
    await expect(storeSearchPage(db, aPage(run, "no-such-host", items("a")))).rejects.toThrow("foreign key");
    expect(await runRow(run)).toMatchObject({ next_page: 1, found: 0 });
    expect(await db.selectFrom("listings").select("id").execute()).toEqual([]);
  });

  it("an empty page counts as read", async () => {
    const run = await aRun(db);
    expect(await storeSearchPage(db, aPage(run, "", []))).toEqual({ found: 0, targets: 0 });
    expect(await runRow(run)).toMatchObject({ next_page: 2, pages_read: 1, found: 0 });
  });

  it("a promoted listing that comes again on a later page is counted once", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    await storeSearchPage(db, aPage(run, host, items("a", "b")));
    const second = aPage(run, host, items("b", "c"), { pageNumber: 2 });
    expect(await storeSearchPage(db, second)).toEqual({ found: 1, targets: 1 });
    expect(await targetsOf(run)).toEqual(["a", "b", "c"]);
    expect(await runRow(run)).toMatchObject({ found: 3 });
  });

  it("a listing whose page cannot be read is kept as its card tells it, without a target", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    const page = aPage(run, host, items("a", "sister"));
    const cards = page.cards.map((card) => ({ ...card, suffices: card.item.external_id === "sister" }));
    expect(await storeSearchPage(db, { ...page, cards })).toEqual({ found: 2, targets: 1 });
    expect(await targetsOf(run)).toEqual(["a"]);
    expect(await runRow(run)).toMatchObject({ found: 2, confirmed: 1 });
  });

  it("ENRICH_LIMIT holds over several pages, to the target", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    const limited = (pageNumber: number, ...ids: string[]) =>
      storeSearchPage(db, aPage(run, host, items(...ids), { pageNumber, enrichLimit: 5 }));
    expect(await limited(1, "a", "b")).toEqual({ found: 2, targets: 2 });
    expect(await limited(2, "c", "d")).toEqual({ found: 2, targets: 2 });
    expect(await limited(3, "e", "f")).toEqual({ found: 2, targets: 1 });
    expect(await limited(4, "g")).toEqual({ found: 1, targets: 0 });
    expect(await targetsOf(run)).toEqual(["a", "b", "c", "d", "e"]);
    // What was left out was found all the same, and not confirmed.
    expect(await runRow(run)).toMatchObject({ found: 7, confirmed: 0 });
  });

  it("a stopped run takes no more pages", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    await changeRunState(db, run.id, "paused", "test");
    await expect(storeSearchPage(db, aPage(run, host, items("a")))).rejects.toThrow(
      `run ${run.id} was stopped, or page 1 was collected by another`,
    );
    expect(await targetsOf(run)).toEqual([]);
  });
});

describe("a listing that was enriched lately", () => {
  async function enrichedRun(hoursAgo: number): Promise<{ second: CollectingRun; host: string }> {
    const [first, host] = [await aRun(db), await aHost(db)];
    await storeSearchPage(db, aPage(first, host, items("a", "b")));
    await sql`UPDATE listings SET enriched_at = now() - make_interval(hours => ${hoursAgo})`.execute(db);
    return { second: await anotherRun(first), host };
  }

  it("is confirmed by its unchanged card and not fetched again", async () => {
    const { second, host } = await enrichedRun(23);
    expect(await storeSearchPage(db, aPage(second, host, items("a", "b")))).toEqual({ found: 2, targets: 0 });
    expect(await runRow(second)).toMatchObject({ found: 2, confirmed: 2 });
    const prices = await db.selectFrom("price_observations").select("confirmations").execute();
    expect(prices).toEqual([{ confirmations: 1 }, { confirmations: 1 }]);
  });

  it("is fetched again when its card changed", async () => {
    const { second, host } = await enrichedRun(23);
    const page = aPage(second, host, [anItem("a"), anItem("b", { title: "Thing b, now with box" })]);
    expect(await storeSearchPage(db, page)).toEqual({ found: 2, targets: 1 });
    expect(await targetsOf(second)).toEqual(["b"]);
    expect(await runRow(second)).toMatchObject({ confirmed: 1 });
  });

  it("is fetched again when its details are older than asked for", async () => {
    const { second, host } = await enrichedRun(25);
    expect(await storeSearchPage(db, aPage(second, host, items("a", "b")))).toEqual({ found: 2, targets: 2 });
  });

  it("is found by a second search without another fetch", async () => {
    const { host } = await enrichedRun(1);
    const other = await aRun(db);
    expect(await storeSearchPage(db, aPage(other, host, items("b")))).toEqual({ found: 1, targets: 0 });
  });
});

describe("a search has one run at a time", () => {
  const order = { source: "sample", term: "thinkpad", url: null, maxPages: 2, enrichLimit: 10 };

  it("a second run is refused by the name of the one under way", async () => {
    const first = await startRun(db, order);
    const refusal = await startRun(db, order).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RunUnderWayError);
    expect(refusal).toMatchObject({ runId: first.id });
  });

  it("many starts at the same time start one", async () => {
    const ends = await Promise.allSettled(Array.from({ length: 8 }, () => startRun(db, order)));
    expect(ends.filter((end) => end.status === "fulfilled")).toHaveLength(1);
    const refusals = ends.filter((end) => end.status === "rejected").map((end) => end.reason as unknown);
    expect(refusals.every((refusal) => refusal instanceof RunUnderWayError)).toBe(true);
    expect(await db.selectFrom("searches").select("term").execute()).toEqual([{ term: "thinkpad" }]);
  });

  it("a paused run is under way too", async () => {
    const first = await startRun(db, order);
    await changeRunState(db, first.id, "paused", "test");
    await expect(startRun(db, order)).rejects.toThrow(RunUnderWayError);
  });

  it("after its end the next one may start", async () => {
    const first = await startRun(db, order);
    await changeRunState(db, first.id, "completed", "test");
    expect((await startRun(db, order)).searchId).toBe(first.searchId);
  });
});

describe("collecting goes on where it was left", () => {
  const leaseIsOver = () => sql`UPDATE runs SET collecting_until = now() - interval '1 second'`.execute(db);

  it("a run in another collector's hands is not taken over until its lease is over", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    await storeSearchPage(db, aPage(run, host, items("a")));
    expect(await takeOverRun(db, run.id)).toBeNull();
    expect(await runsWithoutCollector(db)).toEqual([]);
    await leaseIsOver();
    expect(await runsWithoutCollector(db)).toEqual([run.id]);
    expect(await takeOverRun(db, run.id)).toEqual({ ...run, nextPage: 2 });
  });

  it("of many collectors one takes it over", async () => {
    const run = await aRun(db);
    await leaseIsOver();
    const taken = await Promise.all(Array.from({ length: 8 }, () => takeOverRun(db, run.id)));
    expect(taken.filter((one) => one !== null)).toHaveLength(1);
  });

  it("a collector that ends early gives the run back at once", async () => {
    const run = await aRun(db);
    await releaseRun(db, run.id);
    expect(await takeOverRun(db, run.id)).not.toBeNull();
  });

  it("a run whose pages are all read, or that was stopped, has nothing to collect", async () => {
    const [read, stopped, host] = [await aRun(db), await aRun(db), await aHost(db)];
    await storeSearchPage(db, aPage(read, host, items("a")));
    await markCollected(db, read.id);
    await changeRunState(db, stopped.id, "paused", "test");
    await leaseIsOver();
    expect(await takeOverRun(db, read.id)).toBeNull();
    expect(await takeOverRun(db, stopped.id)).toBeNull();
    expect(await runsWithoutCollector(db)).toEqual([]);
  });
});

describe("a run is completed when its pages are read and its targets have ended", () => {
  const stateOf = async (run: CollectingRun) => (await runRow(run)).state;
  const endAll = (state: string) => sql`UPDATE targets SET state = ${state}`.execute(db);

  it("a run that found nothing is completed when its pages are read", async () => {
    const run = await aRun(db);
    await storeSearchPage(db, aPage(run, "", []));
    await markCollected(db, run.id);
    expect(await stateOf(run)).toBe("completed");
  });

  it("a run with work left is not completed, and one whose every target ended is", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    await storeSearchPage(db, aPage(run, host, items("a")));
    await markCollected(db, run.id);
    expect(await completeFinishedRuns(db)).toEqual([]);
    await endAll("dead");
    expect(await completeFinishedRuns(db)).toEqual([run.id]);
    expect(await stateOf(run)).toBe("completed");
  });

  it("a run whose pages are not all read is not completed", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    await storeSearchPage(db, aPage(run, host, items("a")));
    await endAll("done");
    expect(await completeFinishedRuns(db)).toEqual([]);
  });

  it("a run that is stopped in the same moment stays stopped, and the others are completed", async () => {
    const [stopped, other] = [await aRun(db), await aRun(db)];
    await sql`UPDATE runs SET collected_at = now()`.execute(db);
    const completed = await book.againstATransaction(
      `SELECT change_run_state(${stopped.id}, 'paused', 'test')`,
      () => completeFinishedRuns(db),
    );
    expect(completed).toEqual([other.id]);
    expect(await stateOf(stopped)).toBe("paused");
  });

  it("a dead letter that is retried in the same moment keeps its run open", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    await storeSearchPage(db, aPage(run, host, items("a")));
    await endAll("dead");
    await sql`UPDATE runs SET collected_at = now()`.execute(db);
    const completed = await book.againstATransaction("SELECT ask_dead_letter_retry(id) FROM targets", () =>
      completeFinishedRuns(db),
    );
    expect(completed).toEqual([]);
    expect(await stateOf(run)).toBe("processing");
  });
});
