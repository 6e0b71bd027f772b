import { fireSyncSchedules } from "@pricefleet/database";
import { describe, expect, it } from "vitest";
import { connectForTest, startTestApi } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);
const path = "/market-data/sync/schedules";
const bitcoin = {
  name: "bitcoin",
  cron: "*/5 * * * *",
  interval: "1m",
  n_bars: 10,
  symbols: ["BITSTAMP:BTCUSD"],
};

describe("schedules of history", () => {
  it("two are there by default, a page at a time", async () => {
    const { body } = await api.get(`${path}?limit=1`);
    expect(body.items).toMatchObject([{ name: "daily bars", interval: "1d", n_bars: 500, symbols: null }]);
    const rest = await api.get(`${path}?limit=1&cursor=${body.next_cursor}`);
    expect(rest.body).toMatchObject({ items: [{ name: "hourly bars" }], next_cursor: null });
  });

  it("one is made, fires, is changed, rests and is removed", async () => {
    const made = await api.send("POST", path, bitcoin);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ ...bitcoin, time_zone: "UTC", enabled: true, last_run_at: null });
    const waitMs = Date.parse(made.body.next_run_at) - Date.now();
    expect(waitMs).toBeLessThanOrEqual(300_000);
    const own = `${path}/${made.body.id}`;
    expect(made.headers.get("location")).toBe(own);
    expect((await api.send("POST", path, bitcoin)).status).toBe(409);

    await worker
      .updateTable("sync_schedules")
      .set({ next_run_at: new Date() })
      .where("name", "=", "bitcoin")
      .execute();
    await worker.transaction().execute(fireSyncSchedules);
    const { body: asked } = await api.get("/market-data/sync?symbol=BTCUSD");
    expect(asked.items).toMatchObject([{ exchange: "BITSTAMP", interval: "1m", n_bars: 10 }]);

    const daily = { cron: "0 6 * * *", time_zone: "Asia/Jakarta", symbols: null };
    const changed = await api.send("PATCH", own, daily);
    expect(changed.body).toMatchObject({ ...bitcoin, ...daily });
    // Six in Jakarta.
    expect(changed.body.next_run_at).toMatch(/T23:00:00/);
    expect(changed.body.last_run_at).not.toBeNull();
    expect((await api.send("PATCH", own, { name: "daily bars" })).status).toBe(409);
    expect((await api.send("PATCH", own, { enabled: false })).body.next_run_at).toBeNull();
    expect((await api.send("PATCH", own, { enabled: true })).body.next_run_at).toMatch(/T23:00:00/);

    expect((await api.send("DELETE", own)).body.name).toBe("bitcoin");
    expect((await api.get(own)).status).toBe(404);
    expect((await api.send("DELETE", own)).status).toBe(404);
    expect((await api.send("PATCH", own, { n_bars: 5 })).status).toBe(404);
  });

  it("names what is wrong with each field, and what would be right", async () => {
    const wrong = {
      ...bitcoin,
      cron: "soon",
      time_zone: "+01:00",
      interval: "2h",
      n_bars: 0,
      symbols: ["gold"],
    };
    const { status, body } = await api.send("POST", path, wrong);
    expect(status).toBe(400);
    expect(
      body.errors.map(({ field, message }: { field: string; message: string }) => `${field} ${message}`),
    ).toEqual([
      'cron is "soon"; it should be five cron fields such as 0 6 * * 1-5: it has 1 field, not five',
      'time_zone is "+01:00"; it should be a time zone such as Europe/Berlin',
      'interval is "2h"; it should be one of 1m, 5m, 15m, 1h, 4h, 1d, 1w',
      "n_bars is 0; it should be a whole number from 1 to 5000",
      'symbols.0 is "gold"; it should be an exchange and a symbol such as TVC:GOLD',
    ]);
  });

  it.each(["POST", "PATCH", "DELETE"])("are changed by nobody without the token: %s", async (method) => {
    const address = method === "POST" ? path : `${path}/1`;
    expect((await api.fetch(address, { method })).status).toBe(401);
  });
});
