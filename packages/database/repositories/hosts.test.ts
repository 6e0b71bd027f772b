import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { aHost, openTestBook } from "../fixtures/test-book.ts";
import { closeHost, ensureHosts, rememberFetchMode, reopenHost, reserveSlot } from "./host-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

const rowOf = (host: string) =>
  db.selectFrom("hosts").selectAll().where("host", "=", host).executeTakeFirstOrThrow();
const letClosingPass = () => sql`UPDATE hosts SET closed_until = now() - interval '1 second'`.execute(db);

describe("what is known of a host", () => {
  it("a host that is known keeps what a person set", async () => {
    const host = await aHost(db, { minDelayMs: 1_000, maxInFlight: 2 });
    await ensureHosts(db, [{ host, source: "sample", minDelayMs: 0, maxInFlight: 99 }]);
    expect(await rowOf(host)).toMatchObject({ min_delay_ms: 1_000, max_in_flight: 2 });
    await ensureHosts(db, []);
  });

  it("how it wants to be fetched is remembered for all workers", async () => {
    const host = await aHost(db);
    expect(await rowOf(host)).toMatchObject({ fetch_mode: null });
    await rememberFetchMode(db, host, "browser");
    expect(await reserveSlot(db, host)).toMatchObject({ fetchMode: "browser" });
  });
});

describe("slots for search pages", () => {
  it("search pages keep the host's clock too, however many collectors there are", async () => {
    const host = await aHost(db, { minDelayMs: 60_000 });
    const slots = await Promise.all(Array.from({ length: 16 }, () => reserveSlot(db, host)));
    // Each was told its wait a moment after the first slot began: to the minute they are one delay apart.
    const minutes = slots.map(({ waitMs }) => Math.round(waitMs / 60_000)).toSorted((a, b) => a - b);
    expect(minutes).toEqual(Array.from({ length: 16 }, (_, minute) => minute));
  });

  it("a closed host's slot is after its opening, and says why", async () => {
    const host = await aHost(db);
    await closeHost(db, host, "captcha", 60_000);
    const slot = await reserveSlot(db, host);
    expect(slot).toMatchObject({ closedReason: "captcha" });
    expect(slot.waitMs).toBeGreaterThan(50_000);
  });

  it("a host without a row is an error of the program, by name", async () => {
    await expect(reserveSlot(db, "nowhere.example")).rejects.toThrow("host nowhere.example has no row");
  });
});

describe("closing a host", () => {
  it("a host is closed for as long as the site asks", async () => {
    const host = await aHost(db);
    expect(await closeHost(db, host, "rate-limited", 90_000)).toBe(90_000);
  });

  it("without a time of the site's own the wait doubles with each closing in a row, up to an hour", async () => {
    const host = await aHost(db);
    const waits: number[] = [];
    for (let closing = 0; closing < 9; closing++) {
      waits.push((await closeHost(db, host, "blocked", null)) / 60_000);
      await letClosingPass();
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it("sixteen workers that meet the same wall are one closing", async () => {
    const host = await aHost(db);
    await Promise.all(Array.from({ length: 16 }, () => closeHost(db, host, "blocked", null)));
    expect(await rowOf(host)).toMatchObject({ consecutive_closings: 1 });
    const { rows } =
      await sql`SELECT closed_until <= now() + interval '1 minute' AS "isShort" FROM hosts`.execute(db);
    expect(rows).toEqual([{ isShort: true }]);
  });

  it("a shorter wait does not open it early", async () => {
    const host = await aHost(db);
    await closeHost(db, host, "rate-limited", 600_000);
    expect(await closeHost(db, host, "rate-limited", 1_000)).toBeGreaterThan(590_000);
  });

  it("a site that asks for a year is asked again after a day", async () => {
    const host = await aHost(db);
    expect(await closeHost(db, host, "rate-limited", 365 * 24 * 3_600_000)).toBe(24 * 3_600_000);
  });

  it("a good page after it ends its series of closings", async () => {
    const host = await aHost(db);
    await closeHost(db, host, "blocked", null);
    await letClosingPass();
    await reopenHost(db, host);
    expect(await rowOf(host)).toMatchObject({
      closed_until: null,
      closed_reason: null,
      consecutive_closings: 0,
    });
    expect(await closeHost(db, host, "blocked", null)).toBe(60_000);
  });

  it("a good page that was on its way when the host closed does not open it", async () => {
    const host = await aHost(db);
    await closeHost(db, host, "rate-limited", 90_000);
    await reopenHost(db, host);
    expect(await reserveSlot(db, host)).toMatchObject({ closedReason: "rate-limited" });
  });

  it("a host nobody knows is not closed", async () => {
    expect(await closeHost(db, "nowhere.example", "blocked", null)).toBe(0);
  });
});
