import { describe, expect, it } from "vitest";
import { startTestApi } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const api = await startTestApi(database.apiUrl);
const gold = { exchange: "TVC", symbol: "GOLD", interval: "1d" };

describe("asking for history", () => {
  it("takes a series and gives its state; asked for again, it is joined", async () => {
    const first = await api.send("POST", "/market-data/sync", { ...gold, n_bars: 10 });
    expect(first.status).toBe(202);
    expect(first.body).toMatchObject({
      joined: false,
      sync: { ...gold, state: "pending", n_bars: 10, bars_stored: null, message: null, finished_at: null },
    });
    const second = await api.send("POST", "/market-data/sync", gold);
    expect(second.body).toMatchObject({ joined: true, sync: { n_bars: 500 } });
  });

  it("names what is wrong with a series, and what would be right", async () => {
    const { status, body } = await api.send("POST", "/market-data/sync", {
      exchange: "tvc",
      interval: "2h",
      n_bars: 5_001,
    });
    expect(status).toBe(400);
    expect(body.errors.map(({ field }: { field: string }) => field)).toEqual([
      "exchange",
      "symbol",
      "interval",
      "n_bars",
    ]);
    expect(body.detail).toContain("n_bars is 5001; it should be a whole number from 1 to 5000");
  });

  it("needs the control token", async () => {
    const response = await api.fetch("/market-data/sync", { method: "POST", body: "{}" });
    expect(response.status).toBe(401);
  });

  it("is listed by series, page by page and by filter", async () => {
    await api.send("POST", "/market-data/sync", { exchange: "FX_IDC", symbol: "USDIDR", interval: "1h" });
    await api.send("POST", "/market-data/sync", { ...gold, interval: "1m" });
    const series = (items: { symbol: string; interval: string }[]) =>
      items.map((item) => `${item.symbol} ${item.interval}`);
    const first = await api.get("/market-data/sync?limit=2");
    expect(series(first.body.items)).toEqual(["USDIDR 1h", "GOLD 1d"]);
    const rest = await api.get(`/market-data/sync?limit=2&cursor=${first.body.next_cursor}`);
    expect(series(rest.body.items)).toEqual(["GOLD 1m"]);
    expect(rest.body.next_cursor).toBeNull();
    const gotten = await api.get("/market-data/sync?symbol=GOLD&interval=1d&state=pending");
    expect(series(gotten.body.items)).toEqual(["GOLD 1d"]);
    expect((await api.get("/market-data/sync?state=completed")).body.items).toEqual([]);
    expect((await api.get("/market-data/sync?state=done")).status).toBe(400);
  });
});
