import { ensureHosts, noteBlock, noteGoodPage, reserveSlot } from "@pricefleet/database";
import { describe, expect, it } from "vitest";
import { anItem, beginRun, connectForTest, startTestApi, storePage } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);

const run = await beginRun(worker, "host things");
await storePage(worker, run, [anItem("host-1"), anItem("host-2")]);
const local = "127.0.0.1:4001";
await ensureHosts(worker, [{ host: local, source: "sample", minDelayMs: 500, maxInFlight: 4 }]);
await reserveSlot(worker, local, { longestWaitMs: 1_000, floorMs: 0 });

describe("hosts", () => {
  it("come by name, page by page", async () => {
    const first = await api.get("/hosts?limit=1");
    expect(first.body.items).toMatchObject([{ host: local }]);
    const second = await api.get(`/hosts?limit=1&cursor=${first.body.next_cursor}`);
    expect(second.body).toMatchObject({
      items: [{ host: "shop.example.com", pending: 2, queued: 0 }],
      next_cursor: null,
    });
    expect((await api.get("/hosts?cursor=nonsense")).status).toBe(400);
  });

  it("one says what is configured, what holds now, and what it was asked today", async () => {
    const { body } = await api.get(`/hosts/${local}`);
    expect(body).toMatchObject({
      configured: { min_delay_ms: 500, max_in_flight: 4, daily_budget: null, blocks_to_open: 3 },
      current: { delay_ms: 500, slowed_delay_ms: null, in_flight: 0, requests_today: 1 },
      breaker: { state: "closed", until: null, reason: null },
      waiting: null,
      robots: [],
    });
    expect((await api.get("/hosts/nowhere.example")).status).toBe(404);
  });

  it("a breaker that is open says since when, until when and why", async () => {
    await noteBlock(worker, local, "captcha", 120_000);
    const { body } = await api.get(`/hosts/${local}`);
    expect(body.breaker).toMatchObject({ state: "open", reason: "captcha", until: body.closed_until });
    expect(body.waiting).toMatch(/^waiting for 127\.0\.0\.1:4001 until .*\d\d:\d\d UTC: captcha$/);
    expect(body.current).toMatchObject({ delay_ms: 1_000, slowed_delay_ms: 1_000 });
  });

  it("its limits are changed one by one, and null takes a budget away", async () => {
    const changed = await api.send("PATCH", `/hosts/${local}`, { min_delay_ms: 2_000, daily_budget: 100 });
    expect(changed.status).toBe(200);
    expect(changed.body.configured).toMatchObject({
      min_delay_ms: 2_000,
      daily_budget: 100,
      max_in_flight: 4,
    });
    const without = await api.send("PATCH", `/hosts/${local}`, { daily_budget: null });
    expect(without.body.configured).toMatchObject({ min_delay_ms: 2_000, daily_budget: null });
  });

  it("a person opens and closes it by hand", async () => {
    const opened = await api.send("PATCH", `/hosts/${local}`, { closed_until: null });
    expect(opened.body).toMatchObject({ closed_until: null, breaker: { state: "closed", openings: 0 } });
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const closed = await api.send("PATCH", `/hosts/${local}`, { closed_until: until });
    expect(closed.body).toMatchObject({ closed_until: until, waiting: expect.stringContaining("by-hand") });
  });

  it("what it was learned to need is forgotten with null", async () => {
    await noteGoodPage(worker, local, "browser");
    expect((await api.get(`/hosts/${local}`)).body.fetch_mode).toBe("browser");
    expect((await api.send("PATCH", `/hosts/${local}`, { fetch_mode: null })).body.fetch_mode).toBeNull();
  });

  it.each([
    [{ min_delay_ms: -1 }, "min_delay_ms is -1; it should be a whole number from 0 to 3600000"],
    [{ max_in_flight: 0 }, "max_in_flight is 0; it should be a whole number from 1 to 10000"],
    [{ fetch_mode: "ftp" }, 'fetch_mode is "ftp"; it should be http, browser, or null to forget it'],
    [{ closed_until: "soon" }, "a time such as 2026-11-22T14:05:00Z, or null to open the host"],
  ])("a change such as %j is 400 and says what would be right", async (change, words) => {
    const { status, body } = await api.send("PATCH", `/hosts/${local}`, change);
    expect(status).toBe(400);
    expect(body.detail).toContain(words);
  });

  it("a host that is not there is 404", async () => {
    expect((await api.send("PATCH", "/hosts/nowhere.example", { max_in_flight: 1 })).status).toBe(404);
  });
});
