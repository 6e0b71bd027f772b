import { parseEnvironment } from "@pricefleet/contracts";
import { NotLeadingError, type Term, tryToLead } from "@pricefleet/database";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { connectForTest, quietLogger } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";
import { dispatcherEnvironment } from "./environment.ts";
import { pruneBars } from "./prune-bars.ts";

const database = await createTestDatabase();
const db = await connectForTest(database.workerUrl);
const listening = new pg.Client({ connectionString: database.apiUrl });
await listening.connect();
afterAll(() => listening.end());

const servers = { DATABASE_URL: "postgres://a:b@c/d", AMQP_URL: "amqp://a:b@c" };
const retention = (text?: string) =>
  parseEnvironment(dispatcherEnvironment, { ...servers, BAR_RETENTION_DAYS: text }).BAR_RETENTION_DAYS;

async function lead(holder: string): Promise<Term> {
  await sql`UPDATE leaders SET expires_at = now() WHERE name = 'dispatcher'`.execute(db);
  const term = await tryToLead(db, "dispatcher", holder, 600);
  if (term === null) throw new Error("another leads in a database of this test's own");
  return term;
}

const left = async () => {
  const { rows } = await sql<{ interval: string; bars: number }>`
    SELECT interval, count(*)::integer AS bars FROM bars GROUP BY 1 ORDER BY 1`.execute(db);
  return Object.fromEntries(rows.map(({ interval, bars }) => [interval, bars]));
};

describe("how long bars are kept", () => {
  it("is for ever, but for the intervals that are named with days", () => {
    expect(retention()).toEqual([]);
    expect(retention(" 5m:365, 1m:30")).toEqual([
      { interval: "1m", days: 30 },
      { interval: "5m", days: 365 },
    ]);
  });

  it.each(["1m", "1m:", "1m:0", "1m:1.5", "2m:30", "1m:30,1m:40", "1m:30;5m:40", "1m:30,"])(
    "%s is refused",
    (text) => {
      expect(() => retention(text)).toThrow(
        `BAR_RETENTION_DAYS is "${text}"; it should be pairs such as 1m:30,5m:365`,
      );
    },
  );

  it("older ones are deleted batch by batch, which listeners are told; a dispatcher that leads no more deletes none", async () => {
    const old = await lead("the old one");
    const term = await lead("a test");
    await sql`
      INSERT INTO bars (exchange, symbol, interval, opened_at, open, high, low, close, source, complete)
      SELECT 'TVC', 'GOLD', interval, date_trunc('minute', now()) - make_interval(mins => minute), 1, 1, 1, 1, 'ticks', true
        FROM unnest(ARRAY['1m', '1h']) AS interval, generate_series(0, 13999) AS minute`.execute(db);
    const told: string[] = [];
    listening.on("notification", ({ payload = "" }) => told.push(payload));
    await listening.query("LISTEN bars_changed");
    const means = { db, logger: quietLogger, barRetention: retention("1m:1,5m:1") };
    await expect(pruneBars(old, means)).rejects.toThrow(NotLeadingError);
    expect(await left()).toEqual({ "1h": 14_000, "1m": 14_000 });
    await pruneBars(term, means);
    const { "1m": minutes, ...others } = await left();
    expect(others).toEqual({ "1h": 14_000 });
    // A day, and the minute that was over while this test ran.
    expect([1_440, 1_441]).toContain(minutes);
    await expect.poll(() => told).toContain("TVC:GOLD 1m");
  });
});
