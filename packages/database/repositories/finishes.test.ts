import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { aClaim, aFinish, claimed, openTestBook, rowOf } from "../fixtures/test-book.ts";
import { freeDeadLeases, takeDueTargets } from "./belt-repository.ts";
import { finishListing } from "./finish-repository.ts";
import { markSnapshotsPruned } from "./snapshot-repository.ts";
import { type Claim, markDeadLettered, markGivenUp, postponeTarget } from "./target-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const failure = { errorClass: "temporary", reason: "network", message: "reset" };

const finish = (claim: Claim, said: Parameters<typeof aFinish>[1] = {}) =>
  finishListing(db, aFinish(claim, { amount: "10.00", ...said }));

/** All that a finish writes, but for the times. */
async function written() {
  const { rows } = await sql<Record<string, unknown>>`
    SELECT (SELECT count(*) FROM snapshots)::integer AS snapshots,
           (SELECT count(*) FROM listings WHERE enriched_at IS NOT NULL)::integer AS enriched,
           (SELECT jsonb_agg(jsonb_build_array(amount, confirmations, read_from) ORDER BY id) FROM price_observations) AS prices
  `.execute(db);
  return rows[0];
}

/** The worker is not heard of for so long that another one gets the target. */
async function loseTo(claim: Claim): Promise<Claim> {
  await sql`UPDATE targets SET lease_expires_at = now() - interval '1 second' WHERE id = ${claim.targetId}`.execute(
    db,
  );
  await freeDeadLeases(db, 10);
  const [again] = await takeDueTargets(db, 1);
  if (again === undefined) throw new Error("the freed target is due");
  return claimed(db, again);
}

describe("finishing a target", () => {
  it("stores the listing, its price, the evidence and the target's end together", async () => {
    const claim = await aClaim(db);
    expect(await finish(claim)).toBe("now");
    expect(await rowOf(db, claim.targetId)).toMatchObject({ state: "done", lease_expires_at: null });
    const { rows } = await sql`
      SELECT o.amount::text, o.read_from, s.listing_id = l.id AS linked, o.snapshot_id = s.id AS evidence,
             o.target_id::text = ${claim.targetId} AS "ofTarget", l.latest_observation_id = o.id AS latest
        FROM listings l JOIN price_observations o ON o.id = l.latest_observation_id JOIN snapshots s ON true`.execute(
      db,
    );
    expect(rows).toEqual([
      { amount: "10.00", read_from: "page", linked: true, evidence: true, ofTarget: true, latest: true },
    ]);
  });

  it("finishing twice is finishing once", async () => {
    const claim = await aClaim(db);
    await finish(claim);
    const once = await written();
    expect(await finish(claim)).toBe("before");
    expect(await finish(claim, { amount: "99.00" })).toBe("before");
    expect(await written()).toEqual(once);
  });

  it("two finishes of one lease at the same time store one", async () => {
    const claim = await aClaim(db);
    const answers = await Promise.all(Array.from({ length: 8 }, () => finish(claim)));
    expect(answers.toSorted()).toEqual([...Array.from({ length: 7 }, () => "before"), "now"]);
    expect(await written()).toMatchObject({ snapshots: 1 });
  });

  it("a lease that ran out while nobody else claimed still counts", async () => {
    const claim = await aClaim(db, { leaseSeconds: -10 });
    expect(await finish(claim)).toBe("now");
    expect(await written()).toMatchObject({ snapshots: 1, enriched: 1 });
  });

  it("after another worker claimed, a finish is lost and changes nothing: no listing, no price, no snapshot", async () => {
    const slow = await aClaim(db);
    const quick = await loseTo(slow);
    const before = await written();
    expect(await finish(slow, { amount: "1.00" })).toBe("lost");
    expect(await written()).toEqual(before);
    expect(await rowOf(db, slow.targetId)).toMatchObject({ state: "running", lease_token: quick.leaseToken });
    expect(await finish(quick)).toBe("now");
    expect(await finish(slow)).toBe("lost");
    expect(await written()).toMatchObject({ snapshots: 1, enriched: 1 });
  });

  it("a page that calls its listing otherwise does not make a second listing", async () => {
    const claim = await aClaim(db);
    await finish(claim, { external_id: "a-variant" });
    const listings = await db.selectFrom("listings").select("external_id").execute();
    expect(listings).toEqual([{ external_id: claim.externalId }]);
  });

  it("a pruned snapshot says since when; what was read from it stays", async () => {
    const claim = await aClaim(db);
    await finish(claim);
    const before = await written();
    await markSnapshotsPruned(db, []);
    await markSnapshotsPruned(db, ["another"]);
    const prunedAt = () => db.selectFrom("snapshots").select("pruned_at").executeTakeFirstOrThrow();
    expect((await prunedAt()).pruned_at).toBeNull();
    await markSnapshotsPruned(db, ["ab12"]);
    expect((await prunedAt()).pruned_at).not.toBeNull();
    expect(await written()).toEqual(before);
  });
});

describe("giving a target up", () => {
  it("giving up twice is giving up once", async () => {
    const claim = await aClaim(db);
    expect(await markGivenUp(db, claim, "dead", failure)).toBe(true);
    const once = await rowOf(db, claim.targetId);
    expect(await markGivenUp(db, claim, "dead", { ...failure, reason: "other" })).toBe(true);
    expect(await rowOf(db, claim.targetId)).toEqual(once);
    expect(once).toMatchObject({ state: "dead", error_class: "temporary", reason: "network" });
  });

  it("with a lost lease nothing is given up", async () => {
    const slow = await aClaim(db);
    await loseTo(slow);
    expect(await markGivenUp(db, slow, "failed", failure)).toBe(false);
    expect(await rowOf(db, slow.targetId)).toMatchObject({ state: "running" });
  });

  it("only a target that is still dead is noted as dead-lettered", async () => {
    const claim = await aClaim(db);
    await markDeadLettered(db, claim.targetId);
    expect(await rowOf(db, claim.targetId)).toMatchObject({ dead_lettered_at: null });
  });
});

describe("postponing a target", () => {
  it("up to five minutes it stays on the belt under a new publish id", async () => {
    const claim = await aClaim(db);
    const before = await rowOf(db, claim.targetId);
    const publishId = await postponeTarget(db, claim, {
      ...failure,
      delayMs: 300_000,
      countsAsAttempt: true,
    });
    expect(publishId).toBe(before.publish_id + 1);
    expect(await rowOf(db, claim.targetId)).toMatchObject({
      state: "queued",
      attempts: 1,
      lease_token: null,
    });
    const { rows } = await sql<{ inTime: boolean }>`
      SELECT not_before > now() + interval '290 seconds' AND republish_after > not_before AS "inTime" FROM targets`.execute(
      db,
    );
    expect(rows).toEqual([{ inTime: true }]);
  });

  it("longer than five minutes it waits in the book", async () => {
    const claim = await aClaim(db);
    expect(
      await postponeTarget(db, claim, { ...failure, delayMs: 300_001, countsAsAttempt: true }),
    ).toBeNull();
    expect(await rowOf(db, claim.targetId)).toMatchObject({ state: "pending", republish_after: null });
    expect(await takeDueTargets(db, 10)).toEqual([]);
  });

  it("a wait that the site asked for is not an attempt", async () => {
    const claim = await aClaim(db);
    await postponeTarget(db, claim, { ...failure, delayMs: 1_000, countsAsAttempt: false });
    expect(await rowOf(db, claim.targetId)).toMatchObject({ attempts: 0 });
  });

  it("with a lost lease nothing is postponed", async () => {
    const slow = await aClaim(db);
    const quick = await loseTo(slow);
    expect(await postponeTarget(db, slow, { ...failure, delayMs: 1_000, countsAsAttempt: true })).toBe(
      "lost",
    );
    expect(await rowOf(db, slow.targetId)).toMatchObject({ state: "running", lease_token: quick.leaseToken });
  });
});
