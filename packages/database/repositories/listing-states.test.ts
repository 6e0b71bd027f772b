// Long because it is the list of what may become of a listing, each case with its own few lines.
import type { FilterReason, Item } from "@pricefleet/contracts";
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { aFinish, aHost, anItem, aPage, claimed, openTestBook } from "../fixtures/test-book.ts";
import { takeDueTargets } from "./belt-repository.ts";
import { storeSearchPage } from "./collecting-repository.ts";
import { finishListing } from "./finish-repository.ts";
import { findListing } from "./listing-queries.ts";
import { markListingGone } from "./listing-state-repository.ts";
import { markMarketCollected, noteMarketError } from "./market-run-repository.ts";
import { changeRunState, type CollectingRun, markCollected, startRun } from "./run-repository.ts";
import type { Claim } from "./target-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const GONE_AFTER = 3;
const gone = { errorClass: "permanent", reason: "gone", message: "the site answered 404" };

/** One more run of the only search. */
function aRunOfIt(limits: { maxPages?: number; enrichLimit?: number } = {}): Promise<CollectingRun> {
  return startRun(db, { source: "sample", term: "lamp", url: null, maxPages: 0, enrichLimit: 0, ...limits });
}

interface Pass {
  /** What the search shows. */
  shows: readonly Item[];
  /** What a listing's own page says; null: it is no more; "ended": nothing but that. Others are fine. */
  pages?: Record<string, Partial<Item> | "ended" | null>;
  totalResults?: number;
  filteredOut?: readonly FilterReason[];
  readToEnd?: boolean;
  limits?: { maxPages?: number; enrichLimit?: number };
  error?: string;
}

/** A whole run: its one page, and the work on all its targets. @returns which listings' pages were looked at. */
async function pass({ shows, pages = {}, ...how }: Pass): Promise<string[]> {
  const [run, host] = [await aRunOfIt(how.limits), "shop.example"];
  await sql`INSERT INTO hosts (host, source, min_delay_ms, max_in_flight) VALUES (${host}, 'sample', 0, 100) ON CONFLICT DO NOTHING`.execute(
    db,
  );
  await storeSearchPage(
    db,
    aPage(run, host, shows, {
      totalResults: how.totalResults ?? null,
      filteredOut: how.filteredOut ?? [],
      enrichLimit: how.limits?.enrichLimit ?? 0,
    }),
  );
  if (how.error === undefined)
    await markMarketCollected(db, { runId: run.id, market: 1 }, how.readToEnd ?? true);
  else await noteMarketError(db, { runId: run.id, market: 1 }, how.error);
  await markCollected(db, run.id, GONE_AFTER);
  const claims: Claim[] = [];
  for (const target of await takeDueTargets(db, 100)) {
    const claim = await claimed(db, target);
    claims.push(claim);
    const said = pages[claim.externalId];
    if (said === null || said === "ended") await markListingGone(db, claim, gone, said);
    else await finishListing(db, aFinish(claim, said));
  }
  await changeRunState(db, run.id, "completed", "test");
  return claims.map(({ externalId }) => externalId).toSorted();
}

async function lamp(externalId = "a") {
  const { id } = await db
    .selectFrom("listings")
    .select("id")
    .where("external_id", "=", externalId)
    .executeTakeFirstOrThrow();
  const found = await findListing(db, id);
  if (found === null) throw new Error("it was there just now");
  const { state, state_known_by, misses, amount, gone_at, states } = found;
  const became = states.map(({ from, to, known_by }) => `${from} ${to} by ${known_by}`).toReversed();
  return { state, state_known_by, misses, amount, gone: gone_at !== null, became, states };
}

const sold = { ended: true, availability: "sold" } as const;
const ended = { ended: true, availability: "ended" } as const;
const [a, b] = [anItem("a"), anItem("b")];

describe("what a listing's pages and cards say of it", () => {
  it("is active from the start, with nothing in its history", async () => {
    await pass({ shows: [a] });
    expect(await lamp()).toMatchObject({ state: "active", state_known_by: "page", became: [] });
  });

  it.each([
    ["sold", sold],
    ["ended", ended],
  ])("its page says that it is %s: so it is, since now, with its last price", async (state, said) => {
    await pass({ shows: [a], pages: { a: { ...said, amount: null, currency: null } } });
    expect(await lamp()).toMatchObject({
      state,
      amount: "19.99",
      became: [`active ${state} by page`],
    });
  });

  it("a card that says so is enough, and a listing that is met sold has been so from the start", async () => {
    await pass({ shows: [{ ...a, ...sold }], pages: { a: sold } });
    expect(await lamp()).toMatchObject({ state: "sold", became: ["null sold by card"] });
  });

  it("a search that still shows as running what its page said to be sold does not bring it back, but is looked into", async () => {
    await pass({ shows: [a], pages: { a: sold } });
    expect(await pass({ shows: [a], pages: { a: sold } })).toEqual(["a"]);
    expect(await lamp()).toMatchObject({ state: "sold", became: ["active sold by page"] });
    expect(await pass({ shows: [a], pages: { a: {} } })).toEqual(["a"]);
    expect(await lamp()).toMatchObject({
      state: "active",
      became: ["active sold by page", "sold active by page"],
    });
  });

  it("a sold listing that is still shown as sold is not looked at again", async () => {
    const card = { ...a, ...sold };
    await pass({ shows: [card], pages: { a: sold } });
    expect(await pass({ shows: [card] })).toEqual([]);
  });

  it("a page that is no more: gone, with its words and its prices", async () => {
    await pass({ shows: [a], pages: { a: null } });
    expect(await lamp()).toMatchObject({
      state: "gone",
      gone: true,
      amount: "19.99",
      states: [{ from: "active", to: "gone", known_by: "page", reason: "the site answered 404", misses: 0 }],
    });
  });

  it("seen again, it is active again, and its page is read though its card is the same", async () => {
    await pass({ shows: [a] });
    await sql`UPDATE listings SET enriched_at = enriched_at - interval '2 days'`.execute(db);
    await pass({ shows: [a], pages: { a: null } });
    expect(await pass({ shows: [a] })).toEqual(["a"]);
    expect(await lamp()).toMatchObject({
      state: "active",
      gone: false,
      became: ["active gone by page", "gone active by card"],
    });
  });

  it("a page that shows nothing any more but that the listing has ended: ended, not gone", async () => {
    await pass({ shows: [a], pages: { a: "ended" } });
    expect(await lamp()).toMatchObject({ state: "ended", gone: false, amount: "19.99" });
  });

  it("that a sold listing's page is removed later does not make it anything but sold", async () => {
    await pass({ shows: [a], pages: { a: sold } });
    await pass({ shows: [a], pages: { a: null } });
    expect(await lamp()).toMatchObject({ state: "sold", gone: true, became: ["active sold by page"] });
  });
});

describe("what a search does not show any more", () => {
  it("is looked at after three whole searches without it, and gone when its page is", async () => {
    await pass({ shows: [a, b] });
    expect(await pass({ shows: [b] })).toEqual([]);
    expect(await pass({ shows: [b] })).toEqual([]);
    expect(await lamp()).toMatchObject({ state: "active", misses: 2 });
    expect(await pass({ shows: [b], pages: { a: null } })).toEqual(["a"]);
    expect(await lamp()).toMatchObject({ state: "gone", states: [{ to: "gone", misses: 3 }] });
    expect(await lamp("b")).toMatchObject({ state: "active", misses: 0 });
    expect(await pass({ shows: [b] })).toEqual([]);
  });

  it("is no miss any more when its page is still there", async () => {
    await pass({ shows: [a, b] });
    for (let round = 0; round < GONE_AFTER; round++) await pass({ shows: [b] });
    expect(await lamp()).toMatchObject({ state: "active", misses: 0, became: [] });
  });

  it("seen again by a search, its misses begin anew", async () => {
    await pass({ shows: [a, b] });
    await pass({ shows: [b] });
    await pass({ shows: [b] });
    await pass({ shows: [a, b] });
    await pass({ shows: [b] });
    expect(await lamp()).toMatchObject({ misses: 1 });
  });

  it.each<[string, Partial<Pass>, string?]>([
    ["a limit of pages ended it", { readToEnd: false }],
    ["its limit of listings was reached", { limits: { enrichLimit: 1 } }, "a new one each time"],
    ["a page could not be read, or showed a wall", { error: "blocked: a captcha" }],
    ["the site has more results than it shows", { totalResults: 40 }],
  ])("a search that was cut short counts no misses: %s", async (_, cut, alsoShows) => {
    await pass({ shows: [a, b] });
    for (let round = 0; round < GONE_AFTER; round++) {
      const shows = alsoShows === undefined ? [b] : [b, anItem(`new-${round}`)];
      await pass({ shows, pages: { a: null }, ...cut });
    }
    expect(await lamp()).toMatchObject({ state: "active", misses: 0 });
  });

  it("what a search's filter leaves out was shown, too", async () => {
    await pass({ shows: [a, b] });
    await pass({ shows: [b], totalResults: 3, filteredOut: ["price-too-low", "condition"] });
    expect(await lamp()).toMatchObject({ misses: 1 });
  });

  it("a limit of listings that was not reached cut nothing short", async () => {
    await pass({ shows: [a, b] });
    await pass({ shows: [b], limits: { enrichLimit: 9 } });
    expect(await lamp()).toMatchObject({ misses: 1 });
  });

  it("a listing whose own page was never read is missed, and not looked at", async () => {
    const run = await aRunOfIt();
    await storeSearchPage(db, aPage(run, await aHost(db), [a, b]));
    await changeRunState(db, run.id, "completed", "test");
    await sql`UPDATE targets SET state = 'cancelled'`.execute(db);
    for (let round = 0; round < GONE_AFTER; round++) expect(await pass({ shows: [b] })).not.toContain("a");
    expect(await lamp()).toMatchObject({ state: "active", misses: 3 });
  });

  it("what another search saw since the run began is not missed", async () => {
    await pass({ shows: [a, b] });
    const run = await aRunOfIt();
    await sql`UPDATE listings SET last_seen_at = now() WHERE external_id = 'a'`.execute(db);
    await storeSearchPage(db, aPage(run, "shop.example", [b]));
    await markMarketCollected(db, { runId: run.id, market: 1 }, true);
    await markCollected(db, run.id, GONE_AFTER);
    expect(await lamp()).toMatchObject({ misses: 0 });
  });
});
