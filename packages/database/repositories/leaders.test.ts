import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../../test/harness/index.ts";
import { openTestBook } from "../fixtures/test-book.ts";
import { asLeader, endTerm, NotLeadingError, renewTerm, type Term, tryToLead } from "./leader-repository.ts";

const book = await openTestBook(await createTestDatabase());
const { db } = book;
afterAll(() => book.close());
beforeEach(() => book.empty());

async function lead(holder: string): Promise<Term> {
  const term = await tryToLead(db, "dispatcher", holder, 30);
  if (term === null) throw new Error("another leads");
  return term;
}

/** As if the leader had been frozen until its term was over. */
const letTermPass = () => sql`UPDATE leaders SET expires_at = now() - interval '1 second'`.execute(db);
const writeHost = (trx: typeof db) =>
  trx
    .insertInto("hosts")
    .values({ host: "written.example", source: "sample", min_delay_ms: 0, max_in_flight: 1 })
    .execute();
const hosts = () => db.selectFrom("hosts").select("host").execute();

describe("one leader at a time", () => {
  it("of many that try at the same moment one leads", async () => {
    const terms = await Promise.all(
      Array.from({ length: 12 }, (_, index) => tryToLead(db, "dispatcher", `pod-${index}`, 30)),
    );
    expect(terms.filter((term) => term !== null)).toHaveLength(1);
  });

  it("two duties have a leader each", async () => {
    expect(await tryToLead(db, "dispatcher", "a", 30)).not.toBeNull();
    expect(await tryToLead(db, "streamer", "b", 30)).not.toBeNull();
  });

  it("the next one leads when the term has passed, in a later epoch", async () => {
    const first = await lead("a");
    expect(await tryToLead(db, "dispatcher", "b", 30)).toBeNull();
    await letTermPass();
    const second = await lead("b");
    expect(Number(second.epoch)).toBe(Number(first.epoch) + 1);
  });

  it("a term that is renewed goes on, one that has passed to another does not", async () => {
    const first = await lead("a");
    expect(await renewTerm(db, first, 30)).toBe(true);
    await letTermPass();
    await lead("b");
    expect(await renewTerm(db, first, 30)).toBe(false);
    expect(await tryToLead(db, "dispatcher", "a", 30)).toBeNull();
  });

  it("a leader that ends its term frees the lead at once", async () => {
    await endTerm(db, await lead("a"));
    expect(await tryToLead(db, "dispatcher", "b", 30)).toMatchObject({ holder: "b" });
  });

  it("an old leader cannot end its successor's term", async () => {
    const first = await lead("a");
    await letTermPass();
    await lead("b");
    await endTerm(db, first);
    expect(await tryToLead(db, "dispatcher", "c", 30)).toBeNull();
  });
});

describe("what a leader writes", () => {
  it("is written while the term holds", async () => {
    await asLeader(db, await lead("a"), writeHost);
    expect(await hosts()).toEqual([{ host: "written.example" }]);
  });

  it("is refused once the term has passed, though nobody else leads yet", async () => {
    const term = await lead("a");
    await letTermPass();
    await expect(asLeader(db, term, writeHost)).rejects.toThrow(NotLeadingError);
    expect(await hosts()).toEqual([]);
  });

  it("is refused for an old epoch, though the same holder leads again", async () => {
    const term = await lead("a");
    await lead("a");
    await expect(asLeader(db, term, writeHost)).rejects.toThrow(NotLeadingError);
    expect(await hosts()).toEqual([]);
  });

  it("is rolled back when the work fails", async () => {
    const term = await lead("a");
    const work = asLeader(db, term, async (trx) => {
      await writeHost(trx);
      throw new Error("the work failed");
    });
    await expect(work).rejects.toThrow("the work failed");
    expect(await hosts()).toEqual([]);
  });

  it("is rolled back when the term passed to another while the leader waited to prove it", async () => {
    const term = await lead("a");
    const writing = book.againstATransaction(
      "UPDATE leaders SET holder = 'b', epoch = epoch + 1, expires_at = now() + interval '1 minute'",
      () => asLeader(db, term, writeHost),
    );
    await expect(writing).rejects.toThrow(NotLeadingError);
    expect(await hosts()).toEqual([]);
  });

  it("is finished before another can begin a term", async () => {
    const term = await lead("a");
    const order: string[] = [];
    const began = await asLeader(db, term, async (trx) => {
      await letTermPassInside(trx);
      const beginning = tryToLead(db, "dispatcher", "b", 30).finally(() => order.push("b leads"));
      await someoneWaits();
      order.push("a has written");
      return [beginning];
    });
    expect(await Promise.all(began)).toMatchObject([{ holder: "b" }]);
    expect(order).toEqual(["a has written", "b leads"]);
  });

  const letTermPassInside = (trx: typeof db) =>
    sql`UPDATE leaders SET expires_at = now() - interval '1 second'`.execute(trx);
  const someoneWaits = () =>
    expect
      .poll(async () => {
        const { rows } = await sql`
          SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(
          db,
        );
        return rows.length;
      })
      .toBeGreaterThan(0);
});
