import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { startChartServer } from "../../packages/feeds/test-support/chart-server.ts";
import { startTestApi } from "../api/index.ts";
import { startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";
import { firstPrices } from "../market-feed/index.ts";

const PATIENCE_MS = 60_000;

const database = await createTestDatabase();
const vhost = await createTestVhost();
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const site = await startChartServer();
closers.defer(() => site.close());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: {
    TRADINGVIEW_WS_URL: site.socketUrl,
    TRADINGVIEW_BASE_URL: site.siteUrl,
    WORKER_QUEUES: "history_sync:4",
    LEASE_SECONDS: "5",
  },
});
closers.defer(() => fleet.stop());
const api = await startTestApi(database.apiUrl);
fleet.startDispatcher();
let worker = fleet.startWorker();

interface Sync {
  symbol: string;
  state: string;
  bars_stored: number | null;
  message: string | null;
}
const ask = (symbol: string, interval = "1d", bars = 50) =>
  api.send("POST", "/market-data/sync", { exchange: "TVC", symbol, interval, n_bars: bars });
const syncOf = async (symbol: string): Promise<Sync> =>
  (await api.get(`/market-data/sync?symbol=${encodeURIComponent(symbol)}`)).body.items[0];
const ended = (symbol: string) =>
  waitFor(`the sync of ${symbol} to end`, PATIENCE_MS, async () => {
    const sync = await syncOf(symbol);
    return ["completed", "error"].includes(sync.state) ? sync : null;
  });
const countOf = async (query: string) => {
  const { rows } = await fleet.book.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM ${query}`,
  );
  return rows[0]?.count;
};
beforeEach(() => {
  site.sessions.length = 0;
});

describe("history, from the request to its bars", () => {
  it("is stored, marked as history, and only the last bar is open", async () => {
    site.symbols.set("TVC:GOLD", { barsAnUpdate: 20 });
    await ask("GOLD");
    expect(await ended("GOLD")).toMatchObject({ state: "completed", bars_stored: 50, message: null });
    expect(await countOf("bars WHERE symbol = 'GOLD' AND source = 'history'")).toBe(50);
    expect(await countOf("bars WHERE symbol = 'GOLD' AND NOT complete")).toBe(1);
  });

  it("of a symbol that nobody knows ends in error, asked once, and stops no other", async () => {
    site.symbols.set("TVC:SILVER", { cuts: 1, barsAnUpdate: 10 });
    await Promise.all([ask("NONE"), ask("SILVER")]);
    expect(await ended("NONE")).toMatchObject({ state: "error", message: "TVC:NONE: invalid symbol" });
    // Its first connection was cut in the middle of the bars.
    expect(await ended("SILVER")).toMatchObject({ state: "completed", bars_stored: 50 });
    expect(site.sessions.filter(({ symbol }) => symbol === "TVC:SILVER")).toHaveLength(2);
    expect(
      await countOf(
        "target_failures f JOIN targets t ON t.id = f.target_id WHERE external_id = 'TVC:NONE 1d'",
      ),
    ).toBe(1);
  });

  it("whose worker is killed in the middle is done by another one, once", async () => {
    site.symbols.set("TVC:COPPER", { stalls: true });
    await ask("COPPER");
    await waitFor("the worker to be in the middle of it", PATIENCE_MS, async () =>
      (await syncOf("COPPER")).state === "syncing" ? true : null,
    );
    await worker.end("SIGKILL", 1_000);
    site.symbols.set("TVC:COPPER", {});
    worker = fleet.startWorker({ TRADINGVIEW_USERNAME: "someone", TRADINGVIEW_PASSWORD: "right" });
    expect(await ended("COPPER")).toMatchObject({ state: "completed", bars_stored: 50 });
    expect(await countOf("bars WHERE symbol = 'COPPER'")).toBe(50);
    expect(site.sessions.filter(({ symbol }) => symbol === "TVC:COPPER")).toHaveLength(1);
  });

  it("that is due by schedule is fetched of all instruments", async () => {
    const instruments = Object.keys(firstPrices);
    for (const name of instruments.filter((one) => !site.symbols.has(one))) site.symbols.set(name, {});
    await fleet.book.query("UPDATE sync_schedules SET next_run_at = now() WHERE name = 'hourly bars'");
    await waitFor("all instruments to be synced", PATIENCE_MS, async () =>
      (await countOf("sync_status WHERE interval = '1h' AND state = 'completed' AND bars_stored = 10")) ===
      instruments.length
        ? true
        : null,
    );
    expect(await countOf("bars WHERE interval = '1h'")).toBe(10 * instruments.length);
  });

  it("of 5,000 bars takes one sync", async () => {
    site.symbols.set("TVC:MANY", { atOnce: 2_000, barsAnUpdate: 500 });
    await ask("MANY", "1h", 5_000);
    expect(await ended("MANY")).toMatchObject({ state: "completed", bars_stored: 5_000 });
    expect(await countOf("bars WHERE symbol = 'MANY'")).toBe(5_000);
    expect(site.tokens.at(-1)).toBe("a-token-for-signed-in-users");
  });

  it("with credentials that the site refuses ends in error without another try, and without their words", async () => {
    const before = { signIns: site.signIns, tokens: site.tokens.length };
    await worker.end("SIGKILL", 1_000);
    worker = fleet.startWorker({ TRADINGVIEW_USERNAME: "someone", TRADINGVIEW_PASSWORD: "wr0ng-secret" });
    await ask("GOLD", "5m");
    const sync = await waitFor("the sync to end", PATIENCE_MS, async () => {
      const found = (await api.get("/market-data/sync?symbol=GOLD&interval=5m")).body.items[0] as Sync;
      return found.state === "error" ? found : null;
    });
    expect(sync.message).toContain("Invalid username or password");
    expect(sync.message).not.toContain("wr0ng-secret");
    expect({ signIns: site.signIns, tokens: site.tokens.length }).toEqual({
      ...before,
      signIns: before.signIns + 1,
    });
  });
});
