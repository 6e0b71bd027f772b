import { foldTargetMoves, markGivenUp } from "@pricefleet/database";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import {
  anItem,
  beginRun,
  claimTargets,
  connectForTest,
  finishClaim,
  startTestApi,
  storePage,
} from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);

const run = await beginRun(worker, "counted");
await storePage(worker, run, [anItem("one"), anItem("two"), anItem("three")]);
const [one, two, three] = await claimTargets(worker, run.id, 3);
if (one === undefined || two === undefined || three === undefined) throw new Error("not claimed");
await finishClaim(worker, one);
await finishClaim(worker, two);
await markGivenUp(worker, three, "failed", { errorClass: "permanent", reason: "gone", message: "404" });

const expected = { total: 3, successes: 2, failures: [{ error_class: "permanent", count: 1 }] };
const today = new Date().toISOString().slice(0, 10);

describe("analytics over runs", () => {
  it("sum requests by market and day, and outlive their runs", async () => {
    const market = { source: "sample", host: "shop.example.com", attempts: expected };
    const sums = { total: expected, markets: [market], days: [{ day: today, ...market }] };
    expect((await api.get("/analytics")).body).toMatchObject(sums);
    await foldTargetMoves(worker, 10_000);
    await sql`DELETE FROM snapshots`.execute(worker);
    await sql`DELETE FROM runs`.execute(worker);
    const { body } = await api.get("/analytics");
    expect(body).toMatchObject(sums);
    expect(body.total.average_ms).toBeGreaterThan(0);
  });

  it.each([
    [`?source=sample&host=shop.example.com&from=${today}&to=${today}`, 3],
    ["?source=ebay", 0],
    ["?host=elsewhere.example", 0],
    ["?from=2026-01-01&to=2026-02-01", 0],
  ])("%s is %i requests", async (query, total) => {
    expect((await api.get(`/analytics${query}`)).body.total.total).toBe(total);
  });

  it("more than a year at once is refused", async () => {
    const { status, body } = await api.get("/analytics?from=2020-01-01");
    expect(status).toBe(400);
    expect(body.errors).toEqual([
      { field: "from", message: "should be at most 366 days before to, and not after it" },
    ]);
  });
});
