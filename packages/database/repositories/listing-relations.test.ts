import type { Item } from "@pricefleet/contracts";
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { aHost, anItem, aPage, aRun, openTestBook } from "../fixtures/test-book.ts";
import { storeSearchPage } from "./collecting-repository.ts";
import { type ListingFilter, findListings } from "./listing-queries.ts";
import { findLineage, findRelations } from "./listing-relations-queries.ts";
import { groupListings, keepPhoto, photoToLookAt } from "./photo-repository.ts";
import { findPrices } from "./price-queries.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

/** Listings by their external ids, seen one after the other. @returns their ids. */
async function listings(...items: Item[]): Promise<Record<string, string>> {
  const [run, host] = [await aRun(db), await aHost(db)];
  for (const item of items) {
    await storeSearchPage(db, aPage(run, host, [item]));
    run.nextPage += 1;
  }
  const rows = await db.selectFrom("listings").select(["id", "external_id"]).execute();
  return Object.fromEntries(rows.map(({ id, external_id }) => [external_id, id]));
}

const bob = { seller: "bob" };
const over = { ended: true, availability: "ended" } as const;
const idOf = (ids: Record<string, string>, name: string) => ids[name] ?? "";
const groupOf = (ids: Record<string, string>, ...names: string[]) =>
  groupListings(
    db,
    names.map((name) => idOf(ids, name)),
  );

const seenAs = (listingId: string, hash: bigint, bands: number[], url = "https://cdn.example/1.jpg") =>
  keepPhoto(db, { listingId, url, seen: { hash, bands }, failure: null }, 5);

describe("what a listing's photo looks like", () => {
  it("is looked at once for each address, and an address that changes all the time once a day", async () => {
    const ids = await listings(anItem("a"));
    const a = { source: "sample", externalId: "a" };
    const url = "https://cdn.example/1.jpg";
    expect(await photoToLookAt(db, a, url)).toEqual({ listingId: ids["a"], title: "Thing a" });
    await keepPhoto(db, { listingId: idOf(ids, "a"), url, seen: null, failure: "answered 404" }, 5);
    expect(await photoToLookAt(db, a, url)).toBeNull();
    expect(await photoToLookAt(db, a, `${url}?signed=2`)).toBeNull();
    await sql`UPDATE listing_photos SET looked_at = looked_at - interval '2 days'`.execute(db);
    expect(await photoToLookAt(db, a, url)).toBeNull();
    expect(await photoToLookAt(db, a, `${url}?signed=2`)).not.toBeNull();
    expect(await photoToLookAt(db, { ...a, externalId: "unknown" }, url)).toBeNull();
  });

  it("finds those that differ in five bits and have a band in common, the nearest first", async () => {
    const ids = await listings(...["a", "b", "c", "d", "e"].map((id) => anItem(id)));
    await seenAs(idOf(ids, "a"), 0b11111n, [1, 99]);
    await seenAs(idOf(ids, "b"), 0b111111n, [1, 99]);
    await seenAs(idOf(ids, "c"), 0b1n, [7, 1]);
    await seenAs(idOf(ids, "d"), 0b11n, [8]);
    const found = await seenAs(idOf(ids, "e"), 0n, [1, 2, 3]);
    expect(found.map(({ title }) => title)).toEqual(["Thing c", "Thing a"]);
    expect(
      await keepPhoto(db, { listingId: idOf(ids, "e"), url: "x", seen: null, failure: "plain" }, 5),
    ).toEqual([]);
  });

  it("the highest bit counts as any other", async () => {
    const ids = await listings(anItem("a"), anItem("b"));
    await seenAs(idOf(ids, "a"), BigInt.asIntN(64, 1n << 63n), [1]);
    expect(await seenAs(idOf(ids, "b"), 0n, [1])).toHaveLength(1);
  });

  it("who gets another photo leaves its group", async () => {
    const ids = await listings(anItem("a"), anItem("b"));
    await groupOf(ids, "a", "b");
    await seenAs(idOf(ids, "b"), 1n, [1]);
    expect((await findRelations(db, idOf(ids, "a"))).duplicates).toEqual([]);
  });
});

describe("groups", () => {
  it("are joined when a listing belongs to two, also when that is found at the same time", async () => {
    const names = Array.from({ length: 12 }, (_, n) => `n${n}`);
    const ids = await listings(...names.map((name) => anItem(name)));
    await Promise.all(names.slice(1).map((name, n) => groupOf(ids, names[n] ?? "", name)));
    const rows = await db.selectFrom("listings").select("duplicate_group").distinct().execute();
    expect(rows).toHaveLength(1);
  });

  it("a group's listings see each other, whoever and wherever they are, and stay listings of their own", async () => {
    const ids = await listings(
      anItem("a", { seller: "ann" }),
      anItem("b", bob),
      anItem("c", bob),
      anItem("x"),
    );
    await groupOf(ids, "a", "b");
    await groupOf(ids, "c", "b");
    const { duplicates, relisted_from: from } = await findRelations(db, idOf(ids, "a"));
    expect(duplicates.map(({ external_id }) => external_id)).toEqual(["c", "b"]);
    expect(from).toBeNull();
    expect((await findRelations(db, idOf(ids, "x"))).duplicates).toEqual([]);
    expect((await findListings(db, {}, "newest", 10, null)).items).toHaveLength(4);
  });

  it.each<[ListingFilter, string[]]>([
    [{}, ["x", "b"]],
    [{ currency: "USD" }, ["c"]],
    [{ currency: "EUR" }, ["x", "b"]],
    [{ state: "ended" }, ["a"]],
    [{ text: "alpha" }, ["a"]],
    [{ currency: "USD", compare: { base: "EUR", rate: "2" } }, ["x", "b"]],
  ])("distinct shows one of each group, of those that the list can show: %j", async (filter, expected) => {
    const value = { base_currency: "EUR", base_amount: "19.99" };
    const ids = await listings(
      anItem("a", { title: "alpha", ...over }),
      anItem("b"),
      anItem("c", { currency: "USD" }),
      anItem("x"),
    );
    await db.updateTable("listings").set(value).execute();
    await groupOf(ids, "a", "b", "c");
    const { items } = await findListings(db, { ...filter, distinct: true }, "newest", 10, null);
    expect(items.map(({ external_id }) => external_id)).toEqual(expected);
  });
});

describe("a listing that is put up again", () => {
  it("is told from what its seller offered before, when that is over, and the other way round", async () => {
    const ids = await listings(anItem("a", bob), anItem("b", bob), anItem("c", { seller: "ann" }));
    await groupOf(ids, "a", "b", "c");
    expect((await findRelations(db, idOf(ids, "b"))).relisted_from).toBeNull();
    await db.updateTable("listings").set({ ended: true }).where("external_id", "=", "a").execute();
    expect(await findRelations(db, idOf(ids, "b"))).toMatchObject({
      relisted_from: { external_id: "a", state: "ended" },
      relisted_as: null,
      duplicates: [{ external_id: "c" }],
    });
    expect(await findRelations(db, idOf(ids, "a"))).toMatchObject({
      relisted_from: null,
      relisted_as: { external_id: "b" },
    });
    expect((await findRelations(db, idOf(ids, "c"))).relisted_from).toBeNull();
  });

  it("has the prices of all that it was, the newest first, when they are asked for", async () => {
    const ids = await listings(
      anItem("a", { ...bob, ...over, amount: "30.00" }),
      anItem("b", { ...bob, ...over, amount: "20.00" }),
      anItem("c", { ...bob, amount: "10.00" }),
    );
    await groupOf(ids, "a", "b", "c");
    expect(await findLineage(db, idOf(ids, "c"))).toEqual(["c", "b", "a"].map((name) => ids[name]));
    expect((await findRelations(db, idOf(ids, "c"))).relisted_from).toMatchObject({ external_id: "b" });
    expect((await findRelations(db, idOf(ids, "a"))).relisted_as).toMatchObject({ external_id: "b" });
    const across = await findPrices(db, idOf(ids, "c"), 10, null, { relisted: true });
    expect(across?.items.map(({ amount, listing_id }) => [amount, listing_id])).toEqual([
      ["10.00", ids["c"]],
      ["20.00", ids["b"]],
      ["30.00", ids["a"]],
    ]);
    expect((await findPrices(db, idOf(ids, "c"), 10, null))?.items).toHaveLength(1);
  });

  it("a seller that is not known is nobody's predecessor", async () => {
    const ids = await listings(anItem("a", over), anItem("b"));
    await groupOf(ids, "a", "b");
    const { relisted_from: from, duplicates } = await findRelations(db, idOf(ids, "b"));
    expect(from).toBeNull();
    expect(duplicates).toHaveLength(1);
  });
});
