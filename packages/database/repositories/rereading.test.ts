import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { aClaim, aFinish, anItem, openTestBook, rowOf } from "../fixtures/test-book.ts";
import { finishListing } from "./finish-repository.ts";
import { findSnapshotsToReread, rereadSnapshot, type SnapshotToReread } from "./rereading-repository.ts";
import { findCountDifferences } from "./run-counts-repository.ts";
import { storeSightings } from "./sighting-repository.ts";
import { keepUnreadSnapshot } from "./snapshot-repository.ts";
import { type Claim, markGivenUp } from "./target-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const HOUR_MS = 3_600_000;
const unread = { errorClass: "layout-changed", reason: "layout-changed", message: "no listing is on it" };

const reread = (
  snapshot: SnapshotToReread,
  said: Parameters<typeof anItem>[1],
  apply = true,
  details: Parameters<typeof rereadSnapshot>[2]["details"] = null,
) => rereadSnapshot(db, snapshot, { item: anItem(snapshot.externalId ?? "", said), details }, apply);

async function theOnly(were: "changed" | "ok"): Promise<SnapshotToReread> {
  const [snapshot, ...others] = await findSnapshotsToReread(db, were, {}, 10, null);
  if (snapshot === undefined || others.length > 0) throw new Error("one was to be there");
  return snapshot;
}

/** Its card cost 19.99 EUR two hours ago; its page was fetched an hour ago and not understood. */
async function anUnreadPage(): Promise<{ claim: Claim; snapshot: SnapshotToReread }> {
  const claim = await aClaim(db);
  await sql`UPDATE listings SET last_seen_at = now() - interval '2 hours'`.execute(db);
  await sql`UPDATE price_observations SET observed_at = now() - interval '2 hours'`.execute(db);
  await sql`UPDATE listings SET latest_observed_at = (SELECT observed_at FROM price_observations)`.execute(
    db,
  );
  await keepUnreadSnapshot(
    db,
    { ...aFinish(claim).snapshot, pageState: "changed", fetchedAt: new Date(Date.now() - HOUR_MS) },
    claim.externalId,
  );
  await markGivenUp(db, claim, "dead", unread);
  return { claim, snapshot: await theOnly("changed") };
}

/** Its page was read an hour ago at this price. */
async function aReadPage(amount: string): Promise<SnapshotToReread> {
  const claim = await aClaim(db);
  await finishListing(db, aFinish(claim, { amount }));
  return theOnly("ok");
}

async function prices() {
  const { rows } = await sql<Record<string, unknown>>`
    SELECT o.amount::text, o.currency, o.read_from, o.confirmations, o.corrected_at IS NOT NULL AS corrected,
           o.snapshot_id::text, o.observed_at = s.fetched_at AS "atItsPage", l.latest_observation_id = o.id AS latest
      FROM price_observations o JOIN listings l ON l.id = o.listing_id LEFT JOIN snapshots s ON s.id = o.snapshot_id
     ORDER BY o.id`.execute(db);
  return rows;
}

const listing = async () =>
  (
    await sql<Record<string, unknown>>`SELECT title, amount::text, currency, details FROM listings`.execute(
      db,
    )
  ).rows[0];

describe("a page that could not be read, and now can", () => {
  it("ends its target as done, with its price at the time of the page", async () => {
    const { claim, snapshot } = await anUnreadPage();
    expect(await reread(snapshot, { amount: "15.00", title: "As the page says" })).toMatchObject({
      outcome: "newly-readable",
      changes: { amount: { before: "19.99", after: "15.00" }, title: { after: "As the page says" } },
    });
    expect(await rowOf(db, claim.targetId)).toMatchObject({ state: "done", reason: null, last_error: null });
    expect(await prices()).toMatchObject([
      { amount: "19.99", read_from: "card", corrected: false, latest: false },
      { amount: "15.00", read_from: "page", snapshot_id: snapshot.id, atItsPage: true, latest: true },
    ]);
    expect(await listing()).toMatchObject({ title: "As the page says", amount: "15.00" });
    expect(await findCountDifferences(db)).toEqual([]);
  });

  it("has its value at the rate that was written down within a minute of the page, and else none, with a reason", async () => {
    const { snapshot } = await anUnreadPage();
    const said = { amount: "15.00", currency: "EUR" };
    const value = async () => {
      const { rows } = await sql<Record<string, unknown>>`
        SELECT o.base_amount::text AS amount, o.base_rate::text AS rate, o.base_quote_ids AS quotes, o.base_missing AS missing,
               l.base_amount::text AS "ofListing", l.base_currency AS currency
          FROM price_observations o JOIN listings l ON l.latest_observation_id = o.id`.execute(db);
      return rows[0];
    };
    const read = (page: SnapshotToReread, changes: object) =>
      rereadSnapshot(
        db,
        page,
        { item: anItem(page.externalId ?? "", { ...said, ...changes }), details: null },
        true,
        "USD",
      );
    await read(snapshot, {});
    expect(await value()).toEqual({
      amount: null,
      rate: null,
      quotes: null,
      missing: "no-rate",
      ofListing: null,
      currency: "USD",
    });

    // The price of another listing, whose page was kept beside this one half a minute later.
    await sql`
      WITH other AS (INSERT INTO listings (source, external_id, url, title) VALUES ('sample', 'other', 'u', 't') RETURNING id),
           kept AS (INSERT INTO snapshots (sha256, path, size_bytes, url, source, listing_id, fetched_by, page_state, fetched_at)
                    SELECT 'a', 'p', 1, 'u', 'sample', id, 'http', 'ok', ${snapshot.fetchedAt}::timestamptz + interval '30 s' FROM other)
      INSERT INTO price_observations (listing_id, observed_at, amount, currency, read_from, methods, run_id, confirmed_at,
             base_currency, base_amount, base_rate, base_quote_ids, base_quoted_at)
      SELECT id, ${snapshot.fetchedAt}::timestamptz + interval '30 s', 2, 'EUR', 'page', '{}', 0, now(), 'USD', 2.5, 1.25, '{7}', now()
        FROM other`.execute(db);
    await read((await findSnapshotsToReread(db, "ok", {}, 1, null))[0] ?? snapshot, { amount: "16.00" });
    expect(await value()).toEqual({
      amount: "20.0000",
      rate: "1.25",
      quotes: ["7"],
      missing: null,
      ofListing: "20.0000",
      currency: "USD",
    });
  });

  it("done twice, or by several at once, is done once", async () => {
    const { snapshot } = await anUnreadPage();
    const answers = await Promise.all(Array.from({ length: 6 }, () => reread(snapshot, { amount: "15.00" })));
    expect(answers.filter(({ outcome }) => outcome === "newly-readable")).toHaveLength(1);
    expect(await prices()).toHaveLength(2);
    expect(await reread(await theOnly("ok"), { amount: "15.00" })).toEqual({
      outcome: "unchanged",
      changes: {},
    });
  });

  it("confirms the price that its card had told, with the page as its evidence", async () => {
    const { snapshot } = await anUnreadPage();
    await reread(snapshot, { amount: "19.99" });
    expect(await prices()).toMatchObject([{ amount: "19.99", confirmations: 1, snapshot_id: snapshot.id }]);
  });

  it("does not write over what was seen later", async () => {
    const { claim, snapshot } = await anUnreadPage();
    await db.transaction().execute((trx) =>
      storeSightings(
        trx,
        [
          {
            source: "sample",
            item: anItem(claim.externalId, { amount: "30.00", title: "Newer" }),
            readFrom: "card",
            runId: claim.runId ?? "",
            targetId: null,
            snapshotId: null,
            cardDigest: "d",
            details: null,
          },
        ],
        0,
      ),
    );
    await reread(snapshot, { amount: "15.00", title: "Older" });
    expect(await listing()).toMatchObject({ title: "Newer", amount: "30.00" });
    expect((await prices()).map(({ amount, latest }) => [amount, latest])).toEqual([
      ["19.99", false],
      ["30.00", true],
      ["15.00", false],
    ]);
  });

  it("whose target is tried again, or was read since, is left alone", async () => {
    const { claim, snapshot } = await anUnreadPage();
    await sql`SELECT ask_dead_letter_retry(${claim.targetId})`.execute(db);
    expect(await reread(snapshot, { amount: "15.00" })).toMatchObject({ outcome: "not-needed" });
    expect(await prices()).toHaveLength(1);
  });

  it("without a price still ends its target, and no price is made up", async () => {
    const { claim, snapshot } = await anUnreadPage();
    await reread(snapshot, { amount: null, currency: null });
    expect(await rowOf(db, claim.targetId)).toMatchObject({ state: "done" });
    expect(await prices()).toMatchObject([{ amount: "19.99", confirmations: 0 }]);
  });

  it("nothing is written unless it is to be applied", async () => {
    const { claim, snapshot } = await anUnreadPage();
    expect(await reread(snapshot, { amount: "15.00" }, false)).toMatchObject({ outcome: "newly-readable" });
    expect(await rowOf(db, claim.targetId)).toMatchObject({ state: "dead" });
    expect(await prices()).toHaveLength(1);
  });
});

describe("a price that was read wrongly", () => {
  it("stays in the history, marked as corrected, beside the right one", async () => {
    const snapshot = await aReadPage("1.50");
    expect(await reread(snapshot, { amount: "1500.00" })).toEqual({
      outcome: "changed",
      changes: { amount: { before: "1.50", after: "1500.00" } },
    });
    expect(await prices()).toMatchObject([
      { amount: "19.99", corrected: false },
      { amount: "1.50", corrected: true, latest: false },
      { amount: "1500.00", corrected: false, snapshot_id: snapshot.id, atItsPage: true, latest: true },
    ]);
    expect(await listing()).toMatchObject({ amount: "1500.00" });
    expect(await reread(snapshot, { amount: "1500.00" })).toMatchObject({ outcome: "unchanged" });
    expect(await prices()).toHaveLength(3);
  });

  it("a card's own price is not corrected by a page that had confirmed it", async () => {
    const snapshot = await aReadPage("19.99");
    await reread(snapshot, { amount: "24.99" });
    expect(await prices()).toMatchObject([
      { amount: "19.99", read_from: "card", corrected: false, latest: false },
      { amount: "24.99", read_from: "page", latest: true },
    ]);
    expect(await reread(snapshot, { amount: "24.99" })).toMatchObject({ outcome: "unchanged" });
  });

  it("is never replaced by no price", async () => {
    const snapshot = await aReadPage("18.50");
    expect(await reread(snapshot, { amount: null, currency: null })).toMatchObject({ outcome: "price-lost" });
    expect((await prices()).at(-1)).toMatchObject({ amount: "18.50", corrected: false, latest: true });
  });
});

it("a page that leaves out what is known contradicts nothing; a new detail is told and stored", async () => {
  const snapshot = await aReadPage("1.50");
  expect(await reread(snapshot, { amount: "1.50", condition: null })).toMatchObject({ outcome: "unchanged" });
  const details = {
    description: "Blue",
    images: [],
    specifics: {},
    location: null,
    ends_at: null,
    seller_feedback_count: null,
    seller_feedback_percent: null,
  };
  expect(await reread(snapshot, { amount: "1.50" }, true, details)).toMatchObject({
    outcome: "changed",
    changes: { details: { before: null, after: { description: "Blue" } } },
  });
  expect(await listing()).toMatchObject({ details: { description: "Blue" } });
});
