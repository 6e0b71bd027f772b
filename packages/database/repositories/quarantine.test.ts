import type { Item } from "@pricefleet/contracts";
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import {
  aClaim,
  aFinish,
  aHost,
  anItem,
  aPage,
  aRun,
  claimed,
  openTestBook,
  type RunClaim,
  rowOf,
} from "../fixtures/test-book.ts";
import { takeDueTargets } from "./belt-repository.ts";
import { storeSearchPage } from "./collecting-repository.ts";
import { finishListing } from "./finish-repository.ts";
import { rereadSnapshot, findSnapshotsToReread } from "./rereading-repository.ts";
import { findCountDifferences } from "./run-counts-repository.ts";
import { type Sighting, storeSightings } from "./sighting-repository.ts";
import type { Claim } from "./target-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

/** One more sighting of the listing "x". */
function see(said: Partial<Item>, readFrom: "card" | "page" = "page", runId = "1") {
  const sighting: Sighting = {
    source: "sample",
    item: anItem("x", said),
    readFrom,
    runId,
    targetId: null,
    snapshotId: null,
    cardDigest: JSON.stringify(said),
    details: null,
  };
  return db.transaction().execute((trx) => storeSightings(trx, [sighting], 24));
}

async function prices() {
  const { rows } = await sql<{ amount: string; quarantine: string | null; doubt: string | null }>`
    SELECT amount::text, currency, quarantine, doubt, confirmations FROM price_observations ORDER BY observed_at, id`.execute(
    db,
  );
  return rows;
}

async function listing() {
  const { rows } = await sql<Record<string, unknown>>`
    SELECT l.amount::text, l.currency, p.amount::text AS pending, o.amount::text AS latest, l.second_looks
      FROM listings l
      LEFT JOIN price_observations p ON p.id = l.pending_observation_id AND p.observed_at = l.pending_observed_at
      LEFT JOIN price_observations o ON o.id = l.latest_observation_id AND o.observed_at = l.latest_observed_at`.execute(
    db,
  );
  return rows[0];
}

describe("a price is doubted", () => {
  it.each([
    ["12.50", { amount: "1250" }, "ratio 100: looks like a lost decimal separator"],
    ["1299", { amount: "1.299" }, "ratio 1/1000: looks like a misplaced decimal separator"],
    ["10.00", { amount: "10.00", currency: "USD" }, "currency changed EUR to USD"],
    ["10.00", { amount: "39.60" }, "ratio 3.96: looks like a bundle of 4"],
    ["10.00", { amount: "33.10" }, "ratio 3.31: beyond the bound of 3"],
    ["100.00", { amount: "29.00" }, "ratio 1/3.45: beyond the bound of 3"],
    ["10.00", { amount: "0" }, "fell from 10.00 to 0"],
  ])("when it was %s and is %o", async (known, said, doubt) => {
    await see({ amount: known });
    expect(await see(said)).toMatchObject([{ price: "quarantined" }]);
    expect((await prices()).at(-1)).toMatchObject({ quarantine: "quarantined", doubt });
    expect(await listing()).toMatchObject({
      amount: known,
      currency: "EUR",
      pending: said.amount,
      latest: known,
    });
  });

  it.each([
    ["a sale of two thirds off", "30.00", { amount: "10.01" }],
    ["the double", "10.00", { amount: "20.00" }],
    ["bids that rise", "1.00", { amount: "100.00", bids: 12 }],
  ])("but not for %s", async (_what, known, said) => {
    await see({ amount: known });
    expect(await see(said)).toMatchObject([{ price: "new" }]);
    expect(await listing()).toMatchObject({ amount: said.amount, pending: null });
  });

  it("when it is seen first and far from the other cards of its page, and has no price until its page is read", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    const peers = Array.from({ length: 15 }, (_, i) => anItem(`peer-${i}`, { amount: `${900 + 20 * i}.00` }));
    await storeSearchPage(db, aPage(run, host, [...peers, anItem("odd", { amount: "99900" })]));
    const { rows } = await sql`
      SELECT l.external_id, l.amount, l.currency, o.doubt FROM listings l
        JOIN price_observations o ON o.id = l.pending_observation_id`.execute(db);
    expect(rows).toEqual([
      { external_id: "odd", amount: null, currency: null, doubt: "ratio 95.15 to its peers on the page" },
    ]);
  });

  it("not for its peers where they are few, or far apart themselves", async () => {
    const [run, host] = [await aRun(db), await aHost(db)];
    const few = [...Array(8).keys()].map((i) => anItem(`few-${i}`, { amount: "10" }));
    await storeSearchPage(db, aPage(run, host, [...few, anItem("a", { amount: "5000" })]));
    run.nextPage += 1;
    const apart = [...Array(15).keys()].map((i) => anItem(`apart-${i}`, { amount: String(2 ** i) }));
    await storeSearchPage(db, aPage(run, host, [...apart, anItem("b", { amount: "9000" })]));
    expect((await prices()).filter(({ quarantine }) => quarantine !== null)).toEqual([]);
  });

  it("not when the first page knows the currency better than the card, where sites convert for the visitor", async () => {
    await see({ amount: "2.66", currency: "USD" }, "card");
    expect(await see({ amount: "1.99", currency: "GBP" })).toMatchObject([{ price: "new" }]);
    expect(await listing()).toMatchObject({ amount: "1.99", currency: "GBP", pending: null });
  });
});

describe("a second look", () => {
  it("that agrees confirms: the price is the listing's, seen since the first look", async () => {
    await see({ amount: "100.00" });
    await see({ amount: "10.00" });
    expect(await see({ amount: "10.00" })).toMatchObject([{ price: "confirmed" }]);
    expect(await prices()).toMatchObject([
      { amount: "100.00", quarantine: null },
      { amount: "10.00", quarantine: "confirmed", confirmations: 1 },
    ]);
    expect(await listing()).toMatchObject({
      amount: "10.00",
      latest: "10.00",
      pending: null,
      second_looks: 0,
    });
  });

  it("that nearly agrees confirms as well, and both are prices", async () => {
    for (const amount of ["100.00", "10.00", "10.50"]) await see({ amount });
    expect((await prices()).map(({ amount, quarantine }) => [amount, quarantine])).toEqual([
      ["100.00", null],
      ["10.00", "confirmed"],
      ["10.50", null],
    ]);
    expect(await listing()).toMatchObject({ amount: "10.50", latest: "10.50", pending: null });
  });

  it("that gives the old price again refutes, and the old price is confirmed", async () => {
    for (const amount of ["12.50", "1250", "12.50"]) await see({ amount });
    expect(await prices()).toMatchObject([
      { amount: "12.50", confirmations: 1 },
      { amount: "1250", quarantine: "refuted" },
    ]);
    expect(await listing()).toMatchObject({
      amount: "12.50",
      latest: "12.50",
      pending: null,
      second_looks: 0,
    });
  });

  it("that gives yet another odd price starts over", async () => {
    for (const amount of ["12.50", "1250", "99.00"]) await see({ amount });
    expect((await prices()).map(({ quarantine }) => quarantine)).toEqual([null, "refuted", "quarantined"]);
    expect(await listing()).toMatchObject({ amount: "12.50", pending: "99.00", second_looks: 2 });
  });

  it("is the page's: a card neither confirms what a page said nor refutes it", async () => {
    for (const amount of ["12.50", "1250"]) await see({ amount });
    for (const amount of ["1250", "12.50"]) await see({ amount }, "card", "2");
    expect(await listing()).toMatchObject({ amount: "12.50", pending: "1250" });
  });

  it("is the next run's card where no page was ever read", async () => {
    for (const [amount, run] of [
      ["100.00", "1"],
      ["10.00", "2"],
      ["10.00", "2"],
    ] as const)
      await see({ amount }, "card", run);
    expect(await listing()).toMatchObject({ amount: "100.00", pending: "10.00" });
    await see({ amount: "10.00" }, "card", "3");
    expect(await listing()).toMatchObject({ amount: "10.00", pending: null });
  });

  it("is not waited for where the doubted price is not kept any more", async () => {
    for (const amount of ["12.50", "1250"]) await see({ amount });
    await sql`DELETE FROM price_observations WHERE quarantine IS NOT NULL`.execute(db);
    expect(await see({ amount: "12.50" }, "card")).toMatchObject([{ price: "confirmed" }]);
    const { rows } = await sql`SELECT pending_observation_id, pending_observed_at FROM listings`.execute(db);
    expect(rows).toEqual([{ pending_observation_id: null, pending_observed_at: null }]);
  });

  it("is not asked for again by a card that says what a page has refuted", async () => {
    await see({ amount: "1.99", currency: "GBP" });
    expect(await see({ amount: "2.66", currency: "USD" }, "card")).toMatchObject([
      { price: "quarantined", isFresh: false },
    ]);
    await see({ amount: "1.99", currency: "GBP" });
    expect(await see({ amount: "2.70", currency: "USD" }, "card", "2")).toMatchObject([{ price: "none" }]);
    expect(await listing()).toMatchObject({ amount: "1.99", currency: "GBP", pending: null });
    expect(await prices()).toHaveLength(2);
  });
});

describe("the target of a listing whose price is in quarantine", () => {
  const finish = (claim: Claim, amount: string, secondLookSeconds = 0) =>
    finishListing(db, { ...aFinish(claim, { amount }), secondLookSeconds });

  async function again(claim: Claim): Promise<RunClaim> {
    const [target] = await takeDueTargets(db, 1);
    expect(target?.targetId).toBe(claim.targetId);
    return claimed(db, target ?? { targetId: "0", publishId: 0 });
  }

  it("goes around once more, and is done when the second look is", async () => {
    const claim = await aClaim(db);
    expect(await finish(claim, "1999")).toBe("look-again");
    expect(await rowOf(db, claim.targetId)).toMatchObject({
      state: "pending",
      reason: "second-look",
      attempts: 0,
    });
    expect(await finish(await again(claim), "19.99")).toBe("now");
    expect(await rowOf(db, claim.targetId)).toMatchObject({ state: "done", reason: null });
    expect(await listing()).toMatchObject({ amount: "19.99", pending: null });
    expect(await findCountDifferences(db)).toEqual([]);
  });

  it("waits for as long as was asked", async () => {
    const claim = await aClaim(db);
    await finish(claim, "1999", 300);
    expect(await takeDueTargets(db, 1)).toEqual([]);
  });

  it("finished twice is finished once", async () => {
    const claim = await aClaim(db);
    await finish(claim, "1999");
    expect(await finish(claim, "1999")).toBe("before");
    expect(await listing()).toMatchObject({ amount: "19.99", pending: "1999", second_looks: 1 });
  });

  it("is looked at three times more at the most, whatever its page says", async () => {
    let claim = await aClaim(db);
    const outcomes: string[] = [];
    for (const amount of ["100", "1000", "10000", "100000"]) {
      outcomes.push(await finish(claim, amount));
      if (outcomes.at(-1) === "look-again") claim = await again(claim);
    }
    expect(outcomes).toEqual(["look-again", "look-again", "look-again", "now"]);
    expect(await listing()).toMatchObject({ amount: "19.99", pending: "100000" });
  });

  it("is pending once more when a later page of the same search shows an odd card", async () => {
    const claim = await aClaim(db);
    await finish(claim, "19.99");
    const [run] = await db.selectFrom("runs").select(["id", "search_id"]).execute();
    if (run === undefined) throw new Error("there is a run");
    const odd = anItem(claim.externalId, { amount: "1999" });
    const page = {
      ...aPage({ ...(await aRun(db)), id: run.id, searchId: run.search_id }, claim.host, [odd]),
    };
    await storeSearchPage(db, { ...page, pageNumber: 2 });
    expect(await rowOf(db, claim.targetId)).toMatchObject({ state: "pending", reason: "second-look" });
  });
});

describe("what the methods said of a price", () => {
  const json = [{ method: "json-ld" as const, amount: "3971.45", currency: "USD" }];

  async function votes() {
    const { rows } = await sql`
      SELECT o.disagreed, o.confidence::float8, l.confidence::float8 AS "ofListing"
        FROM price_observations o JOIN listings l ON l.latest_observation_id = o.id`.execute(db);
    return rows;
  }

  it("stays with it; a card that repeats the price does not speak for the page", async () => {
    await see({ amount: "10.00", disagreed: json, confidence: 0.78 });
    await see({ amount: "10.00", disagreed: [], confidence: 0.97 }, "card");
    expect(await votes()).toEqual([{ disagreed: json, confidence: 0.78, ofListing: 0.78 }]);
  });

  it("is renewed when the page is read again with better rules, which shows before it is applied", async () => {
    await finishListing(
      db,
      aFinish(await aClaim(db), { amount: "25.00", disagreed: json, confidence: 0.78 }),
    );
    const [snapshot] = await findSnapshotsToReread(db, "ok", {}, 1, null);
    if (snapshot === undefined) throw new Error("there is a snapshot");
    const read = {
      item: anItem(snapshot.externalId ?? "", { amount: "25.00", confidence: 0.97 }),
      details: null,
    };
    const changes = {
      disagreed: { before: json, after: [] },
      confidence: { before: 0.78, after: 0.97 },
    };
    expect(await rereadSnapshot(db, snapshot, read, false)).toEqual({ outcome: "changed", changes });
    expect(await votes()).toMatchObject([{ confidence: 0.78 }]);
    expect(await rereadSnapshot(db, snapshot, read, true)).toEqual({ outcome: "changed", changes });
    expect(await votes()).toEqual([{ disagreed: [], confidence: 0.97, ofListing: 0.97 }]);
    expect(await prices()).toHaveLength(2);
    expect(await rereadSnapshot(db, snapshot, read, true)).toMatchObject({ outcome: "unchanged" });
  });

  it("and a price in quarantine that was an extractor's fault leaves it with the right one", async () => {
    await finishListing(db, aFinish(await aClaim(db), { amount: "2199" }));
    const [snapshot] = await findSnapshotsToReread(db, "ok", {}, 1, null);
    if (snapshot === undefined) throw new Error("there is a snapshot");
    await rereadSnapshot(
      db,
      snapshot,
      { item: anItem(snapshot.externalId ?? "", { amount: "21.99" }), details: null },
      true,
    );
    expect(await listing()).toMatchObject({ amount: "21.99", latest: "21.99", pending: null });
    expect((await prices()).find(({ amount }) => amount === "2199")).toMatchObject({ quarantine: "refuted" });
  });
});
