// Long because it is the list of what a host's clock and breaker do, each rule with its own few lines.
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import {
  aFinish,
  aHost,
  claim,
  claimed,
  openTestBook,
  queuedTargets,
  rowOf as targetRow,
} from "../fixtures/test-book.ts";
import { askHostChange } from "./asking-queries.ts";
import { takeDueTargets } from "./belt-repository.ts";
import { finishListing } from "./finish-repository.ts";
import {
  countDocuments,
  ensureHosts,
  giveUpBlockedHosts,
  lateness,
  noteBlock,
  noteGoodPage,
  releaseProbe,
  reserveSlot,
  slowHostDown,
} from "./host-repository.ts";
import { findHosts } from "./host-queries.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const rowOf = (host: string) =>
  db.selectFrom("hosts").selectAll().where("host", "=", host).executeTakeFirstOrThrow();
const letClosingPass = () => sql`UPDATE hosts SET closed_until = now() - interval '1 second'`.execute(db);
/** The next trouble is another one, not the same met by several. */
const letTroublePass = () => sql`UPDATE hosts SET slowed_at = now() - interval '1 minute'`.execute(db);
const slot = (host: string, longestWaitMs = 3_600_000, more: { floorMs?: number; isProbe?: boolean } = {}) =>
  reserveSlot(db, host, { longestWaitMs, floorMs: 0, ...more });

async function openBreaker(host: string, reason = "captcha"): Promise<number> {
  for (let block = 1; block < 3; block++) await noteBlock(db, host, reason, null);
  return noteBlock(db, host, reason, null);
}

describe("what is known of a host", () => {
  it("a host that is known keeps what a person set", async () => {
    const host = await aHost(db, { minDelayMs: 1_000, maxInFlight: 2 });
    await ensureHosts(db, [{ host, source: "sample", minDelayMs: 0, maxInFlight: 99 }]);
    expect(await rowOf(host)).toMatchObject({ min_delay_ms: 1_000, max_in_flight: 2 });
    await ensureHosts(db, []);
  });

  it("how it wants to be fetched is remembered for all workers", async () => {
    const host = await aHost(db);
    expect(await slot(host)).toMatchObject({ fetchMode: null });
    await noteGoodPage(db, host, "browser");
    expect(await slot(host)).toMatchObject({ fetchMode: "browser" });
  });

  it("a host that needed the browser is tried without it once a day, by one page of the whole fleet", async () => {
    const host = await aHost(db);
    await noteGoodPage(db, host, "browser");
    await sql`UPDATE hosts SET fetch_mode_at = now() - interval '25 hours'`.execute(db);
    const slots = await Promise.all(Array.from({ length: 8 }, () => slot(host)));
    expect(slots.filter((one) => one.granted && one.fetchMode === null)).toHaveLength(1);
    await noteGoodPage(db, host, "http");
    expect(await rowOf(host)).toMatchObject({ fetch_mode: "http" });
  });
});

describe("slots of a host", () => {
  it("search pages keep the host's clock too, however many collectors there are", async () => {
    const host = await aHost(db, { minDelayMs: 60_000 });
    const slots = await Promise.all(Array.from({ length: 16 }, () => slot(host)));
    // Each was told its wait a moment after the first slot began: to the minute they are one delay apart.
    const minutes = slots.map(({ waitMs }) => Math.round(waitMs / 60_000)).toSorted((a, b) => a - b);
    expect(minutes).toEqual(Array.from({ length: 16 }, (_, minute) => minute));
  });

  it("a slot that is too far is not reserved", async () => {
    const host = await aHost(db, { minDelayMs: 60_000 });
    await slot(host);
    const before = await rowOf(host);
    expect(await slot(host, 2_000)).toMatchObject({ granted: false, why: "the host's next slot is far" });
    expect(await rowOf(host)).toEqual(before);
  });

  it("the greatest of configured delay, Crawl-delay, slow-down and the process's own floor holds", async () => {
    const host = await aHost(db, { minDelayMs: 1_000 });
    expect(await slot(host)).toMatchObject({ delayMs: 1_000 });
    expect(await slot(host, 60_000, { floorMs: 1_500 })).toMatchObject({ delayMs: 1_500 });
    await sql`UPDATE hosts SET crawl_delay_ms = 2000`.execute(db);
    expect(await slot(host)).toMatchObject({ delayMs: 2_000 });
    await slowHostDown(db, host);
    expect(await slot(host)).toMatchObject({ delayMs: 4_000 });
  });

  it("a host without a row is an error of the program, by name", async () => {
    await expect(slot("nowhere.example")).rejects.toThrow("host nowhere.example has no row");
  });

  it("a slot is missed when the process comes later than half its delay, and never where there is no delay", () => {
    const at = (delayMs: number, agoMs: number) => {
      const askedAtMs = performance.now() - agoMs;
      return lateness({ waitMs: 100, askedAtMs, delayMs, isProbe: false, fetchMode: null });
    };
    expect(at(500, 300)).toBe(0);
    expect(at(500, 400)).toBeGreaterThan(250);
    expect(at(10, 250)).toBe(0);
    expect(at(10, 400)).toBeGreaterThan(0);
    expect(at(0, 10_000)).toBe(0);
  });

  it("documents beyond the slot's own push the clock on and count for the day", async () => {
    const host = await aHost(db, { minDelayMs: 60_000 });
    await slot(host);
    await countDocuments(db, new Map([[host, 2]]));
    const next = await slot(host);
    expect(Math.round(next.waitMs / 60_000)).toBe(3);
    expect(await rowOf(host)).toMatchObject({ requests_today: 4 });
  });
});

describe("a daily budget", () => {
  it("what is over it waits until tomorrow, UTC, and the host says so", async () => {
    const host = await aHost(db);
    await askHostChange(db, host, { daily_budget: 2 });
    const [first, second, third] = await queuedTargets(db, 3, host);
    if (!first || !second || !third) throw new Error("three were due");
    await claimed(db, first);
    await claimed(db, second);
    expect(await claim(db, third)).toMatchObject({ why: "the host is closed: daily-budget" });
    const { rows } = await sql<{ isMidnight: boolean; waits: boolean }>`
      SELECT h.closed_until = ((now() AT TIME ZONE 'UTC')::date + 1)::timestamp AT TIME ZONE 'UTC' AS "isMidnight",
             t.not_before >= h.closed_until AS waits
        FROM hosts h JOIN targets t USING (host) WHERE t.id = ${third.targetId}`.execute(db);
    expect(rows).toEqual([{ isMidnight: true, waits: true }]);
  });

  it("raised, it lets what waits go at once; the next day it begins anew", async () => {
    const host = await aHost(db);
    await askHostChange(db, host, { daily_budget: 1 });
    const [first, second] = await queuedTargets(db, 2, host);
    if (!first || !second) throw new Error("two were due");
    await claimed(db, first);
    await claim(db, second);
    await askHostChange(db, host, { daily_budget: 2 });
    expect(await rowOf(host)).toMatchObject({ closed_until: null, closed_reason: null });
    // Near midnight it may have stayed on the belt.
    await sql`UPDATE targets SET state = 'pending', republish_after = NULL WHERE state = 'queued'`.execute(
      db,
    );
    const [again] = await takeDueTargets(db, 10);
    if (!again) throw new Error("it is due");
    await claimed(db, again);
    expect(await slot(host)).toMatchObject({ granted: false });
    await sql`UPDATE hosts SET requests_day = requests_day - 1, closed_until = now()`.execute(db);
    expect(await slot(host)).toMatchObject({ granted: true });
    expect(await rowOf(host)).toMatchObject({ requests_today: 1 });
  });
});

describe("a host that is in trouble is asked more slowly, and then faster again", () => {
  it("each trouble doubles the delay up to a bound; what is configured stays", async () => {
    const host = await aHost(db, { minDelayMs: 1_000 });
    const delays: number[] = [];
    for (let trouble = 0; trouble < 6; trouble++) {
      await slowHostDown(db, host);
      await letTroublePass();
      delays.push((await rowOf(host)).current_delay_ms);
    }
    expect(delays).toEqual([2_000, 4_000, 8_000, 16_000, 16_000, 16_000]);
    expect(await rowOf(host)).toMatchObject({ min_delay_ms: 1_000 });
  });

  it("sixteen workers that meet the same trouble slow it down once", async () => {
    const host = await aHost(db, { minDelayMs: 1_000 });
    await Promise.all(Array.from({ length: 16 }, () => slowHostDown(db, host)));
    expect(await rowOf(host)).toMatchObject({ current_delay_ms: 2_000 });
  });

  it("every ten good pages take a third off, back to the configured delay and not below", async () => {
    const host = await aHost(db, { minDelayMs: 1_000 });
    await slowHostDown(db, host);
    const delays: number[] = [];
    for (let page = 1; page <= 30; page++) {
      await noteGoodPage(db, host, null);
      if (page % 5 === 0) delays.push((await rowOf(host)).current_delay_ms);
    }
    expect(delays).toEqual([2_000, 1_333, 1_333, 1_000, 1_000, 1_000]);
    expect(await rowOf(host)).toMatchObject({ slowed_delay_ms: null });
  });

  it("a host without delay is slowed down too", async () => {
    const host = await aHost(db, { minDelayMs: 0 });
    await slowHostDown(db, host);
    expect(await rowOf(host)).toMatchObject({ current_delay_ms: 500 });
  });

  it("a good page of a host in order writes nothing to its row, which is hot", async () => {
    const host = await aHost(db);
    await noteGoodPage(db, host, "http");
    const version = async () =>
      (await sql<{ xmin: string }>`SELECT xmin::text FROM hosts WHERE host = ${host}`.execute(db)).rows[0]
        ?.xmin;
    const [target] = await queuedTargets(db, 1, host);
    if (!target) throw new Error("one was due");
    const lease = await claimed(db, target);
    const before = await version();
    expect(await finishListing(db, { ...aFinish(lease), learnedMode: "http" })).toBe("now");
    expect(await version()).toBe(before);
  });
});

describe("the circuit breaker of a host", () => {
  it("opens after three blocks in a row, and slows the host down from the first", async () => {
    const host = await aHost(db, { minDelayMs: 1_000 });
    expect(await noteBlock(db, host, "captcha", null)).toBe(0);
    expect(await rowOf(host)).toMatchObject({ breaker: "closed", current_delay_ms: 2_000 });
    expect(await noteBlock(db, host, "captcha", null)).toBe(0);
    expect(await noteBlock(db, host, "captcha", null)).toBe(60_000);
    expect(await rowOf(host)).toMatchObject({ breaker: "open", closed_reason: "captcha" });
    expect(await slot(host, 2_000)).toMatchObject({
      granted: false,
      why: "the host is closed: captcha",
      blockedSince: expect.any(Date),
    });
  });

  it("a good page between two blocks makes them no row; how many it takes is a setting", async () => {
    const host = await aHost(db);
    for (let block = 0; block < 4; block++) {
      expect(await noteBlock(db, host, "blocked", null)).toBe(0);
      await noteGoodPage(db, host, null);
    }
    await askHostChange(db, host, { blocks_to_open: 1 });
    expect(await noteBlock(db, host, "blocked", null)).toBe(60_000);
  });

  it("when its time is over, one request of the whole fleet finds out; the others wait", async () => {
    const host = await aHost(db);
    const targets = await queuedTargets(db, 12, host);
    await openBreaker(host);
    await letClosingPass();
    const answers = await Promise.all(targets.map((target) => claim(db, target)));
    const probes = answers.flatMap((answer) => (answer.outcome === "claimed" ? [answer] : []));
    expect(probes).toMatchObject([{ slot: { isProbe: true } }]);
    expect(answers.filter(({ outcome }) => outcome === "later")).toHaveLength(11);
    expect(await rowOf(host)).toMatchObject({ breaker: "half-open" });
    expect(await slot(host)).toMatchObject({ granted: false });
    // Its robots.txt first, then the page: the probe may ask for more than one document.
    expect(await slot(host, 60_000, { isProbe: true })).toMatchObject({ granted: true, isProbe: true });
  });

  it("closes by itself when the probe's page is good", async () => {
    const host = await aHost(db);
    const [probe] = await queuedTargets(db, 1, host);
    await openBreaker(host);
    await letClosingPass();
    if (!probe) throw new Error("one was due");
    await finishListing(db, aFinish(await claimed(db, probe)));
    expect(await rowOf(host)).toMatchObject({
      breaker: "closed",
      closed_until: null,
      closed_reason: null,
      consecutive_blocks: 0,
      consecutive_closings: 0,
      blocked_since: null,
    });
    expect(await slot(host)).toMatchObject({ granted: true, isProbe: false });
  });

  it("opens for longer each time a probe fails: a minute, doubling up to an hour", async () => {
    const host = await aHost(db);
    const waits = [(await openBreaker(host)) / 60_000];
    for (let probe = 0; probe < 8; probe++) {
      await letClosingPass();
      expect(await slot(host)).toMatchObject({ isProbe: true });
      waits.push((await noteBlock(db, host, "blocked", null)) / 60_000);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it("a probe that is not heard of, or ends without an answer, makes room for the next", async () => {
    const host = await aHost(db);
    await openBreaker(host);
    await letClosingPass();
    expect(await slot(host)).toMatchObject({ isProbe: true });
    expect(await slot(host)).toMatchObject({ granted: false });
    await releaseProbe(db, host);
    expect(await slot(host)).toMatchObject({ isProbe: true });
    await sql`UPDATE hosts SET probe_until = now()`.execute(db);
    expect(await slot(host)).toMatchObject({ isProbe: true });
  });

  it("sixteen workers that meet the same wall are one opening", async () => {
    const host = await aHost(db);
    await Promise.all(Array.from({ length: 16 }, () => noteBlock(db, host, "blocked", null)));
    expect(await rowOf(host)).toMatchObject({ consecutive_closings: 1 });
    const { rows } =
      await sql`SELECT closed_until <= now() + interval '1 minute' AS "isShort" FROM hosts`.execute(db);
    expect(rows).toEqual([{ isShort: true }]);
  });

  it("a good page that was on its way when it opened does not close it", async () => {
    const host = await aHost(db);
    await noteBlock(db, host, "rate-limited", 90_000);
    await noteGoodPage(db, host, null);
    expect(await slot(host, 2_000)).toMatchObject({ why: "the host is closed: rate-limited" });
  });
});

describe("a site that names a time", () => {
  it("is left alone for that long, from its first wish on", async () => {
    const host = await aHost(db);
    expect(await noteBlock(db, host, "rate-limited", 90_000)).toBe(90_000);
    expect(await noteBlock(db, host, "rate-limited", 1_000)).toBeGreaterThan(80_000);
  });

  it("that asks for a year is asked again after a day", async () => {
    const host = await aHost(db);
    expect(await noteBlock(db, host, "rate-limited", 365 * 24 * 3_600_000)).toBe(24 * 3_600_000);
  });

  it("that answers Retry-After: 0 for ever is not asked in a busy loop", async () => {
    const host = await aHost(db);
    const waits: number[] = [];
    for (let answer = 0; answer < 5; answer++) {
      waits.push((await noteBlock(db, host, "rate-limited", 0)) / 1_000);
      await letClosingPass();
      await slot(host);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16]);
  });

  it("a host nobody knows is not closed", async () => {
    expect(await noteBlock(db, "nowhere.example", "blocked", null)).toBe(0);
  });
});

describe("a host that never opens again", () => {
  it("after a day its waiting targets are dead, reason host-blocked; a retry has the whole time again", async () => {
    const host = await aHost(db);
    const [target] = await queuedTargets(db, 1, host);
    const [elsewhere] = await queuedTargets(db, 1);
    if (!target || !elsewhere) throw new Error("two were due");
    await openBreaker(host);
    await sql`UPDATE hosts SET blocked_since = now() - interval '23 hours' WHERE host = ${host}`.execute(db);
    expect(await giveUpBlockedHosts(db, 24)).toEqual([]);
    await sql`UPDATE hosts SET blocked_since = now() - interval '25 hours' WHERE host = ${host}`.execute(db);
    expect(await giveUpBlockedHosts(db, 24)).toEqual([{ host, givenUp: 1 }]);
    expect(await targetRow(db, target.targetId)).toMatchObject({
      state: "dead",
      reason: "host-blocked",
      last_error: expect.stringMatching(/has shown a wall since .* UTC: captcha$/),
    });
    expect(await targetRow(db, elsewhere.targetId)).toMatchObject({ state: "queued" });
    await sql`SELECT ask_dead_letter_retry(${target.targetId})`.execute(db);
    expect(await giveUpBlockedHosts(db, 24)).toEqual([]);
  });
});

describe("what a person changes of a host", () => {
  const look = async (host: string) => (await findHosts(db, { host, limit: 1 }))[0];

  it("holds for the next claim: no slot of the old delay stays in the way", async () => {
    const host = await aHost(db, { minDelayMs: 3_600_000 });
    const [first, second] = await queuedTargets(db, 2, host);
    if (!first || !second) throw new Error("two were due");
    await claimed(db, first);
    expect(await claim(db, second)).toMatchObject({ outcome: "returned" });
    await askHostChange(db, host, { min_delay_ms: 100 });
    const [again] = await takeDueTargets(db, 10);
    if (!again) throw new Error("it is due at once");
    const { slot: soon } = await claimed(db, again);
    expect(soon).toMatchObject({ delayMs: 100 });
    expect(soon.waitMs).toBeLessThanOrEqual(100);
  });

  it("closes it by hand until a time, and opens it again with all that waits for it", async () => {
    const host = await aHost(db);
    const [target] = await queuedTargets(db, 1, host);
    if (!target) throw new Error("one was due");
    await askHostChange(db, host, { closed_until: new Date(Date.now() + 3_600_000) });
    expect(await claim(db, target)).toMatchObject({
      outcome: "returned",
      why: "the host is closed: by-hand",
    });
    await noteGoodPage(db, host, null);
    expect(await look(host)).toMatchObject({ closed_reason: "by-hand", pending: 1, queued: 0 });
    await askHostChange(db, host, { closed_until: null });
    expect(await look(host)).toMatchObject({ closed_until: null, closed_reason: null });
    expect(await takeDueTargets(db, 10)).toHaveLength(1);
  });

  it("opens a host that its breaker had closed, and forgets its walls", async () => {
    const host = await aHost(db);
    await openBreaker(host);
    await askHostChange(db, host, { closed_until: null });
    expect(await slot(host)).toMatchObject({ granted: true, isProbe: false });
    expect(await look(host)).toMatchObject({ breaker: "closed", consecutive_closings: 0 });
  });

  it("what is on a delay queue is published again at once when its host opens", async () => {
    const host = await aHost(db);
    const [target] = await queuedTargets(db, 1, host);
    if (!target) throw new Error("one was due");
    await askHostChange(db, host, { closed_until: new Date(Date.now() + 60_000) });
    expect(await claim(db, target, { longestWaitMs: 2_000 })).toMatchObject({ outcome: "later" });
    await askHostChange(db, host, { closed_until: null });
    const { rows } = await sql`SELECT republish_after <= now() AS due FROM targets`.execute(db);
    expect(rows).toEqual([{ due: true }]);
  });

  it("a learned mode is forgotten with null, and what is not named stays", async () => {
    const host = await aHost(db, { minDelayMs: 1_000 });
    await noteGoodPage(db, host, "browser");
    await askHostChange(db, host, { fetch_mode: null });
    expect(await look(host)).toMatchObject({ fetch_mode: null, min_delay_ms: 1_000, daily_budget: null });
  });
});
