import { afterAll, describe, expect, it } from "vitest";
import { anItem, beginRun, connectForTest, startTestApi, storePage } from "../../test/api/index.ts";
import { createTestDatabase, layLine } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
await storePage(worker, await beginRun(worker, "things"), [anItem("1")]);
const line = await layLine(database.apiUrl);
afterAll(() => line.cut());
const api = await startTestApi(line.url, { statementTimeoutMs: 1_000 });

const health = async () => {
  const { status, body } = await api.get("/health");
  return { status, body };
};
const isWell = { status: 200, body: { status: "healthy", database: "connected" } };
const isIll = { status: 503, body: { status: "unhealthy", database: "disconnected" } };

describe("a database that goes away", () => {
  it("while PostgreSQL is gone every question is 503, and the API stays alive and recovers by itself", async () => {
    await line.cut();
    expect(await health()).toEqual(isIll);
    expect((await api.get("/health/ready")).status).toBe(503);
    expect((await api.get("/health/live")).status).toBe(200);
    const { status, headers, body } = await api.get("/listings");
    expect({ status, type: body.type }).toEqual({
      status: 503,
      type: "urn:pricefleet:problem:database-unavailable",
    });
    expect(headers.get("retry-after")).toBe("5");
    expect((await api.send("POST", "/runs", { source: "sample", term: "x" })).status).toBe(503);
    const metrics = await (await api.fetch("/metrics")).text();
    expect(metrics).toContain("pricefleet_database_up 0");
    expect(metrics).not.toMatch(/^pricefleet_(runs|targets|hosts_closed)\b/m);

    await line.mend();
    await expect.poll(health, { timeout: 15_000 }).toEqual(isWell);
    expect((await api.get("/listings")).body.items).toHaveLength(1);
  });

  it("connections that carry nothing any more are given up and replaced", async () => {
    // More than the pool has, so that none of its connections is left untouched.
    const askAtOnce = async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => api.get("/listings")));
      return new Set(answers.map(({ status }) => status));
    };
    await askAtOnce();
    line.freeze();
    expect(await askAtOnce()).toContain(503);
    await expect.poll(askAtOnce, { timeout: 20_000 }).toEqual(new Set([200]));
  });
});
