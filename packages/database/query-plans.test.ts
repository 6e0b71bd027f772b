// Long because every function of the package is called here, over one book that is dear to fill.
import type { CollectorReport } from "@pricefleet/contracts";
import { sql } from "kysely";
import { afterAll, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../test/harness/index.ts";
import { connectDatabase, type Database } from "./connect.ts";
import { fillBook } from "./fixtures/fill-book.ts";
import {
  addTargets,
  aFinish,
  aHost,
  anItem,
  aPage,
  aRun,
  claimed,
  openTestBook,
  quietLogger,
} from "./fixtures/test-book.ts";
import * as door from "./index.ts";

const BIG_TABLES = /^(targets|listings|listing_photos|search_listings|snapshots|price_observations.*)$/;

const urls = await createTestDatabase();
const book = await openTestBook(urls);
// One connection each, so that the statistics it writes are those of the call before.
const connect = (url: string) => connectDatabase({ url, poolMax: 1, name: "plans", logger: quietLogger });
const worker = await connect(urls.workerUrl);
const api = await connect(urls.apiUrl);
afterAll(async () => {
  await Promise.all([worker.destroy(), api.destroy()]);
  await book.close();
});
// A connection that is as old as the book keeps plans from when it was empty.
await workThrough(worker);
await book.empty();
await fillBook(book.owner);
const scansOfOldPlans = await scansOf(worker, workThrough);
// As after some hours of work: the planner knows the sizes.
await book.owner.query("VACUUM ANALYZE");

/** Often enough for PostgreSQL to settle on plans. */
async function workThrough(db: Database): Promise<void> {
  const [run, host] = [await aRun(db), await aHost(db)];
  for (let round = 0; round < 12; round++) {
    await addTargets(db, run, host, 2);
    const due = await door.takeDueTargets(db, 100_000, { longestBelt: 100_000, republishAfterSeconds: 900 });
    for (const target of due.filter(({ runId }) => runId === run.id)) {
      await door.finishListing(db, aFinish(await claimed(db, target)));
    }
  }
  await door.changeRunState(db, run.id, "completed", "test");
}

/** The tables that the work reads from end to end, as PostgreSQL counts it: also inside functions and for foreign keys. */
async function scansOf(db: Database, work: (db: Database) => Promise<unknown>): Promise<string[]> {
  const before = await scanCounts(db);
  await work(db);
  const after = await scanCounts(db);
  return [...after].flatMap(([table, count]) => (count > (before.get(table) ?? 0) ? [table] : []));
}

async function scanCounts(db: Database): Promise<Map<string, number>> {
  await sql`SELECT pg_stat_force_next_flush()`.execute(db);
  await book.owner.query("SELECT pg_stat_force_next_flush()");
  const { rows } = await book.owner.query<{ table: string; scans: string }>(
    // An empty month is read from end to end in no time, and nothing else would be sensible.
    `SELECT s.relname AS table, s.seq_scan AS scans FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
      WHERE s.schemaname = 'price_tracker' AND greatest(c.reltuples, s.n_live_tup) > 1000`,
  );
  return new Map(
    rows.filter(({ table }) => BIG_TABLES.test(table)).map(({ table, scans }) => [table, Number(scans)]),
  );
}

const [run] = (
  await book.owner.query<{ id: string; searchId: string }>(
    `SELECT id, search_id AS "searchId" FROM runs WHERE state = 'processing' ORDER BY id LIMIT 1`,
  )
).rows;
const [ended] = (
  await book.owner.query<{ id: string; searchId: string }>(
    `SELECT id, search_id AS "searchId" FROM runs WHERE state = 'completed' ORDER BY id LIMIT 1`,
  )
).rows;
if (run === undefined || ended === undefined) throw new Error("the book is not filled");
const collecting = {
  ...run,
  source: "sample",
  term: "x",
  url: null,
  maxPages: 0,
  enrichLimit: 0,
  nextPage: 1,
  requestId: null,
};
const failure = { errorClass: "temporary", reason: "network", message: "reset" };
// Looked up beforehand: this look is not what is measured.
const queued = (
  await book.owner.query<{ targetId: string; publishId: number }>(
    `SELECT id AS "targetId", publish_id AS "publishId" FROM targets WHERE state = 'queued' LIMIT 20`,
  )
).rows;
const dead = (
  await book.owner.query<{ id: string }>(
    "SELECT id FROM targets WHERE state = 'dead' ORDER BY id DESC LIMIT 20",
  )
).rows;

const unread: door.SnapshotRow = {
  sha256: "ab12",
  path: "ab/ab12.html.gz",
  sizeBytes: 1,
  url: "https://shop.example/77",
  source: "sample",
  targetId: null,
  fetchedBy: "http",
  pageState: "changed",
  fetchedAt: new Date(),
};
const kept: door.SnapshotToReread = { ...unread, id: "777", runId: run.id, externalId: "x77" };

function aQueuedTarget() {
  const target = queued.pop();
  if (target === undefined) throw new Error("no target is queued");
  return target;
}

const aDeadTarget = () => dead.pop()?.id ?? "";
const aClaim = () => claimed(book.db, aQueuedTarget());

const cards = (from: number) => Array.from({ length: 240 }, (_, index) => anItem(`x${from + index}`));
const position = { key: new Date(Date.now() - 86_400_000).toISOString(), id: "50000" };
const pricePosition = { key: "99.99", id: "50000" };
const filters: door.ListingFilter[] = [
  {},
  { source: "sample" },
  { searchId: run.searchId },
  { text: "kind 77" },
  { currency: "EUR", minPrice: "10", maxPrice: "20" },
  { currency: "EUR", maxPrice: "20", compare: { base: "USD", rate: "0.8" } },
  { condition: "used" },
  { minDeal: "0.2" },
  { model: "GeForce RTX 3060", memoryGb: 12, offer: "card" },
  { state: "gone" },
  { state: "active", source: "sample" },
  { isDoubted: true },
  { minConfidence: "0.9" },
  { distinct: true },
  { distinct: true, currency: "EUR", maxPrice: "20", compare: { base: "USD", rate: "0.8" } },
  { seenSince: new Date(Date.now() - 3_600_000) },
  { source: "sample", searchId: run.searchId, text: "thing", currency: "EUR", condition: "new" },
];
const orders = ["newest", "oldest", "last_seen", "price_asc", "price_desc"] as const;

const listingCalls = filters.flatMap((filter) => orders.map((order) => ({ filter, order })));

type Call = (db: Database) => Promise<unknown>;
const times = (calls: Call[]): Call => {
  return async (db) => {
    for (const call of calls) await call(db);
  };
};

/** Every function of this package that asks the worker's PostgreSQL something, with arguments as in real work. */
const GOLD = "TVC:GOLD";
const goldBars = { exchange: "TVC", symbol: "GOLD", interval: "1m" } as const;
const goldSubscription = { exchange: "TVC", symbol: "GOLD", feed: "tradingview" };
const aCollector: CollectorReport = {
  kind: "process",
  name: "4711",
  state: "running",
  message: "at work",
  pods: [],
};

const workersCalls: Record<string, Call> = {
  takeDueTargets: (db) => door.takeDueTargets(db, 1_000),
  returnOverdueTargets: (db) => door.returnOverdueTargets(db, 1_000),
  freeDeadLeases: (db) => door.freeDeadLeases(db, 1_000),
  undeliveredDeadLetters: (db) => door.undeliveredDeadLetters(db, 0, 100),
  keepRefreshing: (db) =>
    door.keepRefreshing(db, {
      queue: "quote_refresh",
      source: "sample",
      host: "h1.example",
      externalId: "XAUUSD",
      url: "https://quotes.example/x",
      refreshSeconds: 60,
    }),
  endRefresh: (db) =>
    door.endRefresh(db, { targetId: "777", leaseToken: "00000000-0000-0000-0000-000000000000" }, null),
  prolongRefresh: (db) =>
    door.prolongRefresh(db, { targetId: "777", leaseToken: "00000000-0000-0000-0000-000000000000" }, 15),
  doubtRefresh: (db) => door.doubtRefresh(db, "777", 1),
  quotedPages: (db) => door.quotedPages(db),
  quoteTargets: (db) => door.quoteTargets(db),
  cancelQuoteTargets: (db) => door.cancelQuoteTargets(db, ["777"]),
  removeQuoteTargets: (db) => door.removeQuoteTargets(db, ["999999999"]),
  expectQuotesWithin: (db) => door.expectQuotesWithin(db, 30),
  pageInstrument: (db) => door.pageInstrument(db, "1"),
  finishQuote: (db) =>
    door.finishQuote(
      db,
      { targetId: "777", leaseToken: "00000000-0000-0000-0000-000000000000", host: "h1.example" },
      { instrumentId: "1", price: "1", bid: null, ask: null, dayVolume: null, source: "page", atMs: 0 },
    ),
  runsToLookAt: (db) => door.runsToLookAt(db, 100),
  noteCollector: (db) => door.noteCollector(db, run.id, aCollector),
  noteCollectorGone: (db) => door.noteCollectorGone(db, run.id, "its pod is no more"),
  subscribedInstruments: (db) => door.subscribedInstruments(db, "tradingview"),
  subscribeTo: (db) => door.subscribeTo(db, "tradingview", [GOLD]),
  storeQuotes: (db) => door.storeQuotes(db, []),
  quotesOfCurrencies: (db) => door.quotesOfCurrencies(db),
  countRejections: (db) => door.countRejections(db, []),
  notifyQuotesChanged: (db) => door.notifyQuotesChanged(db, ["1"]),
  notifyOfMarket: (db) => door.notifyOfMarket(db, { instrumentIds: ["1"], series: [] }),
  notifyBarsChanged: (db) => door.notifyBarsChanged(db, [{ instrument: GOLD, interval: "1m" }]),
  storeTickBars: (db) => door.storeTickBars(db, []),
  newestTickBarsOf: (db) => door.newestTickBarsOf(db, [GOLD], ["1m", "1h"]),
  noteGaps: (db) => door.noteGaps(db, []),
  deleteOldBars: (db) => door.deleteOldBars(db, { interval: "1m", days: 1 }, 100),
  requestSync: (db) => door.requestSync(db, { instrument: GOLD, interval: "1d", bars: 10 }),
  requestFills: (db) => door.requestFills(db),
  fireSyncSchedules: (db) => door.fireSyncSchedules(db),
  startPendingSyncs: (db) => door.startPendingSyncs(db, 100),
  findSync: (db) => door.findSync(db, "TVC:GOLD 1d"),
  finishSync: (db) =>
    door.finishSync(
      db,
      { targetId: "777", leaseToken: "00000000-0000-0000-0000-000000000000" },
      { instrument: GOLD, interval: "1d", bars: 10 },
      [],
    ),
  storeHistoryBars: (db) => door.storeHistoryBars(db, { instrument: GOLD, interval: "1d" }, []),
  findDead: (db) => door.findDead(db, [aDeadTarget()]),
  expectedDeadLetters: (db) => door.expectedDeadLetters(db, "listing_enrichment"),
  notePoison: (db) => door.notePoison(db, "listing_enrichment", []),
  forgetPoison: (db) => door.forgetPoison(db, "listing_enrichment", [], new Date()),
  hasWorkLeft: (db) => door.hasWorkLeft(db, ["listing_enrichment"]),
  claimTarget: (db) => claimed(db, aQueuedTarget()),
  postponeTarget: async (db) =>
    door.postponeTarget(db, await aClaim(), { ...failure, delayMs: 1_000, countsAsAttempt: true }),
  takeBackForgottenClaim: async (db) => {
    const { targetId } = await aClaim();
    await door.takeBackForgottenClaim(db, targetId, 1);
  },
  markGivenUp: async (db) => door.markGivenUp(db, await aClaim(), "dead", failure),
  markDeadLettered: (db) => door.markDeadLettered(db, aDeadTarget()),
  finishListing: async (db) => {
    const finish = aFinish(await aClaim());
    await door.finishListing(db, finish);
    await door.finishListing(db, finish);
  },
  photoToLookAt: (db) =>
    door.photoToLookAt(db, { source: "sample", externalId: "x77" }, "https://cdn.example/77.jpg"),
  keepPhoto: (db) =>
    door.keepPhoto(
      db,
      {
        listingId: "778",
        url: "https://cdn.example/77.jpg",
        seen: { hash: 77n, bands: [1, 2] },
        failure: null,
      },
      5,
    ),
  groupListings: (db) => door.groupListings(db, ["77", "177", "277"]),
  markListingGone: async (db) => door.markListingGone(db, await aClaim(), failure),
  storeSearchPage: async (db) => {
    await door.storeSearchPage(db, aPage(collecting, "h1.example", cards(1_000)));
    await door.storeSearchPage(
      db,
      aPage(collecting, "h1.example", cards(200_000), { pageNumber: 2, enrichLimit: 9_000 }),
    );
  },
  storeSightings: (db) =>
    db.transaction().execute((trx) =>
      door.storeSightings(
        trx,
        cards(5_000).map((item) => ({
          source: "sample",
          item,
          readFrom: "page",
          runId: run.id,
          targetId: null,
          snapshotId: null,
          cardDigest: null,
          details: null,
        })),
        24,
      ),
    ),
  filterOfRun: (db) => door.filterOfRun(db, run.id),
  finishFilteredOut: async (db) => door.finishFilteredOut(db, await aClaim(), "location", "http"),
  pruneObservations: (db) => door.pruneObservations(db, 30, 1_000),
  findUnmatchedTitles: (db) => door.findUnmatchedTitles(db, 1, "50000", 1_000),
  noteModels: (db) =>
    door.noteModels(db, [
      {
        source: "sample",
        externalId: "x77",
        title: "RTX 3060",
        match: { catalogVersion: 1, offer: "card", model: "GeForce RTX 3060", memoryGb: 12 },
      },
    ]),
  storeBenchmarkScores: (db) => door.storeBenchmarkScores(db, []),
  markSnapshotsPruned: (db) => door.markSnapshotsPruned(db, ["ab12", "cd34"]),
  keepUnreadSnapshot: (db) => door.keepUnreadSnapshot(db, unread, "x77"),
  findSnapshotsToReread: times([
    (db) => door.findSnapshotsToReread(db, "ok", {}, 100, "50000"),
    (db) => door.findSnapshotsToReread(db, "changed", { source: "sample", since: new Date(0) }, 100, null),
  ]),
  rereadSnapshot: (db) => door.rereadSnapshot(db, kept, { item: anItem("x77"), details: null }, true),
  noteRereading: (db) => door.noteRereading(db, new Map([[run.id, 2]])),
  noteSearchPage: (db) => door.noteSearchPage(db, "sample", "h1.example", false),
  judgeLayouts: (db) => door.judgeLayouts(db, { halfLifePages: 20, bound: 0.5 }),
  ensureHosts: (db) =>
    door.ensureHosts(db, [{ host: "new.example", source: "sample", minDelayMs: 0, maxInFlight: 1 }]),
  reserveSlot: (db) => door.reserveSlot(db, "h1.example", { longestWaitMs: 1_000, floorMs: 0 }),
  countDocuments: (db) => door.countDocuments(db, new Map([["h1.example", 2]])),
  noteBlock: times([
    (db) => door.noteBlock(db, "new.example", "blocked", null),
    (db) => door.noteBlock(db, "new.example", "rate-limited", 1_000),
  ]),
  slowHostDown: (db) => door.slowHostDown(db, "new.example"),
  noteGoodPage: (db) => door.noteGoodPage(db, "new.example", "http"),
  releaseProbe: (db) => door.releaseProbe(db, "new.example"),
  giveUpBlockedHosts: times([
    (db) =>
      sql`UPDATE hosts SET breaker = 'open', blocked_since = now() WHERE host = 'new.example'`.execute(db),
    (db) => door.giveUpBlockedHosts(db, 0),
  ]),
  robotsStore: async (db) => {
    const file = {
      state: "absent",
      body: null,
      detail: null,
      crawlDelayMs: null,
      keptForSeconds: 60,
    } as const;
    const store = door.robotsStore(db);
    await store.take("https://h1.example", "h1.example");
    await store.keep("https://h1.example", "h1.example", file);
    await store.release("https://h1.example");
  },
  startRun: (db) => door.startRun(db, { ...collecting, term: "another" }),
  takeOverRun: (db) => door.takeOverRun(db, run.id),
  runsWithoutCollector: (db) => door.runsWithoutCollector(db),
  renewCollecting: (db) => door.renewCollecting(db, run.id),
  releaseRun: (db) => door.releaseRun(db, run.id),
  marketsToCollect: (db) => door.marketsToCollect(db, run.id),
  isAnyMarketCollected: (db) => door.isAnyMarketCollected(db, run.id),
  markMarketCollected: times([
    (db) => door.noteMarketError(db, { runId: run.id, market: 1 }, "gone"),
    (db) => door.markMarketCollected(db, { runId: run.id, market: 1 }, true),
    (db) => door.spreadMarket(db, { runId: run.id, market: 2 }, ["a", "b"]),
  ]),
  markCollected: (db) => door.markCollected(db, run.id, 3),
  changeRunState: (db) => door.changeRunState(db, run.id, "paused", "test"),
  completeFinishedRuns: (db) => door.completeFinishedRuns(db),
  startDueSearches: (db) => door.startDueSearches(db, 24),
  settleLostCollectors: (db) => door.settleLostCollectors(db),
  cancelTargetsOfResetRuns: (db) => door.cancelTargetsOfResetRuns(db),
  foldTargetMoves: (db) => door.foldTargetMoves(db, 10_000),
  ensureMonthlyPartitions: (db) => door.ensureMonthlyPartitions(db, 3),
  distrustTheBelt: (db) => door.distrustTheBelt(db),
  tryToLead: (db) => door.tryToLead(db, "plans", "test", 30),
  isDatabaseAnswering: (db) => door.isDatabaseAnswering(db),
};

const apisCalls: Record<string, Call> = {
  findListing: (db) => door.findListing(db, "777"),
  findPendingPrice: (db) => door.findPendingPrice(db, "777"),
  findRelations: (db) => door.findRelations(db, "777"),
  findPrices: times([
    (db) => door.findPrices(db, "777", 50, null, { includeDoubted: true, relisted: true }),
    (db) => door.findPrices(db, "777", 50, null),
    (db) => door.findPrices(db, "777", 50, position),
    (db) => door.findPrices(db, "777", 50, position, { includeDoubted: true }),
  ]),
  findPriceTrend: (db) => door.findPriceTrend(db, run.searchId, "EUR", null, 90),
  findBenchmarks: (db) => door.findBenchmarks(db),
  findCollectorOf: (db) => door.findCollectorOf(db, run.id),
  measureBook: (db) => door.measureBook(db),
  findDailyOutcomes: (db) => door.findDailyOutcomes(db, { from: new Date(), to: new Date() }),
  findRunEventsAfter: (db) => door.findRunEventsAfter(db, 1, 500),
  findLatestQuotes: (db) => door.findLatestQuotes(db, ["1"]),
  findBars: (db) => door.findBars(db, goldBars, { from: null, to: null, limit: 500 }),
  findNewestBars: times([(db) => door.findNewestBars(db, [goldBars]), (db) => door.findNewestBars(db, null)]),
  findInstruments: (db) => door.findInstruments(db, {}, 50, null),
  askInstrument: (db) =>
    door.askInstrument(db, {
      exchange: "TEST",
      symbol: `S${Date.now()}`,
      name: "Tin",
      asset: "tin",
      currency: "USD",
      unit: "pound",
    }),
  askInstrumentChange: (db) => door.askInstrumentChange(db, "1", { enabled: true }),
  askSubscription: (db) => door.askSubscription(db, goldSubscription),
  askUnsubscription: (db) => door.askUnsubscription(db, goldSubscription),
  latestRunEventId: (db) => door.latestRunEventId(db),
  findSnapshot: (db) => door.findSnapshot(db, "777"),
  findPageHealth: (db) => door.findPageHealth(db),
  findFlaggedPagesOf: (db) => door.findFlaggedPagesOf(db, run.id),
  findRuns: (db) => door.findRuns(db, {}, 50, null),
  findRun: (db) => door.findRun(db, run.id),
  findSearches: (db) => door.findSearches(db, 50, null),
  findSearch: (db) => door.findSearch(db, run.searchId),
  findSearchFor: (db) => door.findSearchFor(db, "sample", "term 3", null),
  askSearch: (db) => door.askSearch(db, { ...collecting, term: "a third" }),
  findMarketProgress: (db) => door.findMarketProgress(db, run.id),
  askSearchOfMarkets: (db) =>
    door.askSearchOfMarkets(
      db,
      [{ source: "sample", term: "one", url: null, max_pages: 0, enrich_limit: 0, at_once: 1 }],
      { maxPages: 0, enrichLimit: 0 },
    ),
  askSearchMarkets: async (db) => {
    const market = { source: "sample", url: null, max_pages: 0, enrich_limit: 0, at_once: 1 };
    const limits = { maxPages: 0, enrichLimit: 0 };
    const id = await door.askSearchOfMarkets(db, [{ ...market, term: "two" }], limits);
    await door.askSearchMarkets(db, id, [{ ...market, term: "three" }]);
  },
  askSearchChange: (db) => door.askSearchChange(db, run.searchId, { maxPages: 3 }),
  askSearchSchedule: (db) => door.askSearchSchedule(db, run.searchId, { next_run_at: null }),
  findSyncSchedules: (db) => door.findSyncSchedules(db, 50, null),
  findSyncSchedule: (db) => door.findSyncSchedule(db, "1"),
  askSyncSchedule: (db) =>
    door.askSyncSchedule(db, { name: `S${Date.now()}`, cron: "0 0 * * *", interval: "1d", n_bars: 1 }),
  askSyncScheduleChange: (db) => door.askSyncScheduleChange(db, "1", { n_bars: 400 }),
  askSyncScheduleRemoval: (db) => door.askSyncScheduleRemoval(db, "2"),
  findSyncs: (db) => door.findSyncs(db, { state: "error" }, 50, null),
  findHosts: times([
    (db) => door.findHosts(db, { limit: 50 }),
    (db) => door.findHosts(db, { host: "h1.example", limit: 1 }),
  ]),
  askHostChange: times([
    (db) => door.askHostChange(db, "h1.example", { closed_until: new Date(Date.now() + 60_000) }),
    (db) => door.askHostChange(db, "h1.example", { closed_until: null }),
  ]),
  findDeadLetterGroups: times([
    (db) => door.findDeadLetterGroups(db, {}),
    (db) => door.findDeadLetterGroups(db, { run_id: run.id, host: "h1.example" }),
  ]),
  findDeadLetters: times([
    (db) => door.findDeadLetters(db, {}, 50, null),
    (db) => door.findDeadLetters(db, { reason: "network" }, 50, { id: "1000" }),
  ]),
  findDeadLetter: (db) => door.findDeadLetter(db, aDeadTarget()),
  findPoison: (db) => door.findPoison(db, 50, null),
  countPoison: (db) => door.countPoison(db),
  askOfDeadLetter: (db) => door.askOfDeadLetter(db, aDeadTarget(), "discard"),
  askOfDeadLetters: (db) => door.askOfDeadLetters(db, { host: "h1.example" }, "discard"),
  askPoisonDiscard: (db) =>
    door.askPoisonDiscard(db, "404").catch((error: unknown) => {
      if (!(error instanceof door.NoSuchThingError)) throw error;
    }),
  askRun: (db) => door.askRun(db, ended.searchId, null, null),
  askRunInterruption: (db) => door.askRunInterruption(db, run.id, "pause"),
  askSearchFilter: (db) => door.askSearchFilter(db, run.searchId, { must_contain: ["thing"] }),
  askSearchInterruption: (db) => door.askSearchInterruption(db, run.searchId, "resume"),
  askOfRun: times([
    (db) => door.askOfRun(db, run.id, "retry"),
    (db) => door.askOfRun(db, run.id, "resume"),
    (db) => door.askOfRun(db, run.id, "stop"),
    (db) => door.askOfRun(db, run.id, "reset"),
    (db) => door.askOfRun(db, run.id, "start"),
  ]),
};

/** These touch a row or two of `leaders`, or no rows; or count all rows, for a test that asks whether the counters do. */
const without = [
  // They compare all listings with each other, or all of a search, which may be as many.
  "sumUpDays",
  "findSearchStatistics",
  "reckonDeals",
  "findGpuValues",
  // By markCollected.
  "countMisses",
  // By findRelations and findPrices.
  "findLineage",
  "listen",
  "findCountDifferences",
  "timeOfBook",
  "noteMarketError",
  "spreadMarket",
  "labelOfMarkets",
  "asLeader",
  "lateness",
  "leadUntilStopped",
  "renewTerm",
  "endTerm",
  "connectDatabase",
  "migrateToLatest",
  "withRetries",
  "asking",
  "isRetryable",
  "sqlStateOf",
  "ensureRoles",
  "generateRolePasswords",
];

describe("over a hundred thousand targets no query reads a big table from end to end", () => {
  it("the book is big, and what is looked for here would be seen", async () => {
    expect(await scansOf(worker, (db) => sql`SELECT max(url) FROM targets`.execute(db))).toEqual(["targets"]);
    expect(await scansOf(worker, () => Promise.resolve())).toEqual([]);
  });

  it("not even with plans that were made when the book was empty", () => {
    expect(scansOfOldPlans).toEqual([]);
  });

  it.each(Object.entries(workersCalls))("%s", async (_, call) => {
    expect(await scansOf(worker, call)).toEqual([]);
  });

  it.each(Object.entries(apisCalls))("%s", async (_, call) => {
    expect(await scansOf(api, call)).toEqual([]);
  });

  it.each(listingCalls)("findListings $filter $order", async ({ filter, order }) => {
    const after = order.startsWith("price") ? pricePosition : position;
    expect(await scansOf(api, (db) => door.findListings(db, filter, order, 50, null))).toEqual([]);
    expect(await scansOf(api, (db) => door.findListings(db, filter, order, 50, after))).toEqual([]);
  });

  it.each(["ask_dead_letter_retry", "ask_dead_letter_discard"])("%s", async (request) => {
    const id = aDeadTarget();
    expect(await scansOf(api, (db) => sql`SELECT ${sql.ref(request)}(${id})`.execute(db))).toEqual([]);
  });

  it("a run that is deleted takes its targets along without a search for them", async () => {
    const work = (db: Database) => sql`DELETE FROM runs WHERE id = ${ended.id}`.execute(db);
    expect(await scansOf(worker, work)).toEqual([]);
  });

  it("every function of this package is looked at", () => {
    const functions = Object.entries(door)
      .filter(([, value]) => typeof value === "function" && !(value.prototype instanceof Error))
      .map(([name]) => name);
    const covered = [...Object.keys(workersCalls), ...Object.keys(apisCalls), "findListings", ...without];
    expect(functions.filter((name) => !covered.includes(name))).toEqual([]);
  });
});
