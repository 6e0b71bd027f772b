import { startDueSearches } from "@pricefleet/database";
import { describe, expect, it } from "vitest";
import { connectForTest, startTestApi } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);

let terms = 0;
const make = (schedule: object) =>
  api.send("POST", "/searches", { source: "sample", term: `lamp ${++terms}`, ...schedule });
const aSearch = async (schedule: object): Promise<string> => (await make(schedule)).body.id;
const change = (id: string, schedule: object) => api.send("PATCH", `/searches/${id}`, schedule);
const secondsFromNow = (time: string) => (new Date(time).getTime() - Date.now()) / 1_000;

describe("the cadence of a search", () => {
  it("is a cron expression on the wall clock of its time zone", async () => {
    const { status, body } = await make({ cadence: { cron: "30 6 * * *", time_zone: "Asia/Tokyo" } });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      cadence: { cron: "30 6 * * *", time_zone: "Asia/Tokyo" },
      interval_seconds: null,
      next_run_at: expect.stringMatching(/T21:30:00.000Z$/),
    });
    expect(secondsFromNow(body.next_run_at)).toBeGreaterThan(0);
    expect((await api.get(`/searches/${body.id}`)).body).toEqual(body);
  });

  it("is an interval, which begins at once", async () => {
    const { body } = await make({ cadence: { interval_seconds: 600, jitter_percent: 25 } });
    expect(body).toMatchObject({
      cadence: { interval_seconds: 600, jitter_percent: 25 },
      interval_seconds: 600,
    });
    expect(secondsFromNow(body.next_run_at)).toBeLessThan(1);
    expect((await make({ interval_seconds: 600 })).body.cadence).toEqual({
      interval_seconds: 600,
      jitter_percent: 10,
    });
  });

  it("is changed as a whole, and taken away by null", async () => {
    const id = await aSearch({ interval_seconds: 600 });
    const daily = { cron: "0 6 * * *", time_zone: "UTC" };
    expect((await change(id, { cadence: { cron: "0 6 * * *" } })).body.cadence).toEqual(daily);
    expect((await change(id, { max_pages: 3 })).body.cadence).toEqual(daily);
    const { body } = await change(id, { cadence: null });
    expect(body).toMatchObject({ cadence: null, interval_seconds: null, next_run_at: null, max_pages: 3 });
    expect((await change(id, { cadence: { interval_seconds: 60 } })).body.cadence).toEqual({
      interval_seconds: 60,
      jitter_percent: 10,
    });
  });

  it("rests while the search is switched off, and makes up for nothing when it is on again", async () => {
    const id = await aSearch({ cadence: { cron: "0 6 * * *" } });
    expect((await change(id, { enabled: false })).body).toMatchObject({
      enabled: false,
      next_run_at: null,
      cadence: { cron: "0 6 * * *" },
    });
    await worker
      .updateTable("searches")
      .set({ next_run_at: new Date(0) })
      .where("id", "=", id)
      .execute();
    const { body } = await change(id, { enabled: true });
    expect(secondsFromNow(body.next_run_at)).toBeGreaterThan(0);
  });

  it("shows when a run was skipped and why, and how long a paused one may block the next", async () => {
    const id = await aSearch({ interval_seconds: 600, paused_run_blocks_hours: 2 });
    const { body: run } = await api.send("POST", "/runs", { search_id: id });
    await startDueSearches(worker, 24);
    const { body } = await api.get(`/searches/${id}`);
    expect(body).toMatchObject({
      paused_run_blocks_hours: 2,
      last_skipped_at: expect.any(String),
      last_skipped_reason: `run ${run.id} is still initializing`,
    });
    expect((await change(id, { paused_run_blocks_hours: null })).body.paused_run_blocks_hours).toBeNull();
  });
});

describe("a cadence that is wrong is refused in words", () => {
  const cronFields = "it should be five cron fields such as 0 6 * * 1-5";
  it.each([
    [
      { cadence: { cron: "0 6 * *" } },
      "cadence.cron",
      `is "0 6 * *"; ${cronFields}: it has 4 fields, not five`,
    ],
    [{ cadence: { cron: "0 25 * * *" } }, "cadence.cron", `${cronFields}: Invalid value for hour: 25`],
    [{ cadence: { cron: "0 0 30 2 *" } }, "cadence.cron", `${cronFields}: "0 0 30 2 *" never comes`],
    [
      { cadence: { cron: "0 6 * * *", time_zone: "Berlin" } },
      "cadence.time_zone",
      'is "Berlin"; it should be a time zone such as Europe/Berlin',
    ],
    [{ cadence: {} }, "cadence.cron", "is missing; it should be five cron fields"],
    [
      { cadence: { cron: "0 6 * * *", interval_seconds: 60 } },
      "cadence.cron",
      "or left out with interval_seconds",
    ],
    [{ cadence: { interval_seconds: 5 } }, "cadence.interval_seconds", "a whole number from 60 to"],
    [{ cadence: { interval_seconds: 60, jitter_percent: 80 } }, "cadence.jitter_percent", "from 0 to 50"],
    [
      { cadence: { every: "day" } },
      "cadence.every",
      "is not known there; cadence should be an object of cron",
    ],
    [{ cadence: "daily" }, "cadence", 'is "daily"; it should be an object of cron and time_zone'],
    [
      { cadence: { cron: "0 6 * * *" }, interval_seconds: 60 },
      "interval_seconds",
      "left out when cadence is given",
    ],
    [{ paused_run_blocks_hours: -1 }, "paused_run_blocks_hours", "a whole number from 0 to"],
  ])("%j", async (schedule, field, message) => {
    const { status, body } = await make(schedule);
    expect(status).toBe(400);
    const error = body.errors.find((one: { field: string }) => one.field === field);
    expect(error?.message).toContain(message);
  });
});
