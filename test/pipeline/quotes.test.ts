import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";
import { startQuoteSite } from "./quote-site.ts";

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const site = await startQuoteSite();
closers.defer(() => site.close());
site.show("GOLD", "1,950.35");
site.show("SILVER", "22.904");
site.show("COMEX-HG1!", "3.78205");
site.show("USDIDR", "16\u202f250.5");
site.show("EURUSD", "1.0835");

const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { TRADINGVIEW_BASE_URL: site.url, ALLOW_PRIVATE_HOSTS: "localhost;127.0.0.1" },
});
closers.defer(() => fleet.stop());
const { book } = fleet;
const shown = "'GOLD', 'SILVER', 'HG1!', 'USDIDR', 'EURUSD'";
await book.query(`UPDATE instruments SET refresh_seconds = 1, enabled = symbol IN (${shown})`);

const told: string[] = [];
const listener = new pg.Client({ connectionString: database.workerUrl });
await listener.connect();
closers.defer(() => listener.end());
listener.on("notification", ({ payload = "" }) => told.push(...payload.split(",")));
await listener.query("LISTEN quotes_changed");

fleet.startDispatcher();
fleet.startWorker({ WORKER_QUEUES: "quote_refresh:4,history_sync:4" });

interface Quote {
  id: string;
  price: string;
  source: string;
  instrument_id: string;
}

async function quoteOf(symbol: string): Promise<Quote | null> {
  const { rows } = await book.query<Quote>(
    `SELECT q.id, q.price::text, q.source, q.instrument_id FROM quotes q JOIN instruments i ON i.id = q.instrument_id
      WHERE i.symbol = $1`,
    [symbol],
  );
  return rows[0] ?? null;
}

const quoteAt = (symbol: string, price: string) =>
  waitFor(`${symbol} at ${price}`, 30_000, async () => {
    const quote = await quoteOf(symbol);
    return quote?.price === price ? quote : null;
  });

interface Target {
  state: string;
  attempts: number;
  reason: string | null;
  source: string;
  url: string;
  failed_seconds: number | null;
}

async function targetOf(symbol: string): Promise<Target | null> {
  const { rows } = await book.query<Target>(
    `SELECT t.state, t.attempts, t.reason, t.source, t.url,
            round(extract(epoch FROM t.not_before - (SELECT max(f.at) FROM target_failures f WHERE f.target_id = t.id)))::integer
              AS failed_seconds
       FROM targets t JOIN instruments i ON t.external_id = i.id::text
      WHERE i.symbol = $1 AND t.queue = 'quote_refresh' ORDER BY t.state = 'cancelled'`,
    [symbol],
  );
  return rows[0] ?? null;
}

const failedTimes = (symbol: string, times: number) =>
  waitFor(`${symbol} to fail for the ${times}. time`, 30_000, async () => {
    const target = await targetOf(symbol);
    return target?.state === "pending" && target.attempts === times ? target : null;
  });

/** As if the time until its next refresh were over. */
const dueNow = (symbol: string, attempts: number) =>
  book.query(
    `UPDATE targets t SET not_before = now(), attempts = $2 FROM instruments i
      WHERE t.external_id = i.id::text AND i.symbol = $1 AND t.state = 'pending'`,
    [symbol, attempts],
  );

const rejectionsOf = async (symbol: string) => {
  const { rows } = await book.query<{ count: number; last_text: string; last_reason: string }>(
    `SELECT count::integer, last_text, last_reason FROM quote_rejections r JOIN instruments i ON i.id = r.instrument_id
      WHERE i.symbol = $1`,
    [symbol],
  );
  return rows[0] ?? null;
};

describe("quotes of pages", () => {
  it("metals and currencies are read by default, and again and again as they move", {
    timeout: 90_000,
  }, async () => {
    const gold = await quoteAt("GOLD", "1950.35");
    expect(gold.source).toBe("page");
    await quoteAt("SILVER", "22.904");
    await quoteAt("USDIDR", "16250.5");
    await quoteAt("EURUSD", "1.0835");

    site.show("GOLD", "1,951.00");
    const moved = await quoteAt("GOLD", "1951.00");
    expect(Number(moved.id)).toBeGreaterThan(Number(gold.id));
    await waitFor("who listens to be told", 5_000, async () =>
      told.includes(gold.instrument_id) ? true : null,
    );
    expect(await targetOf("GOLD")).toMatchObject({
      source: "tradingview",
      attempts: expect.toSatisfy((n) => n <= 1),
    });
  });

  it("each scrape has a browser context of its own, which loads no pictures", () => {
    const pages = site.requests.filter(({ path }) => path.startsWith("/symbols/"));
    expect(pages.length).toBeGreaterThan(4);
    expect(pages.every(({ cookie }) => cookie === undefined)).toBe(true);
    // The script of the page has the page's own cookie: the context is a whole one.
    const scripts = site.requests.filter(({ path }) => path.startsWith("/value"));
    expect(scripts.every(({ cookie }) => cookie === "seen=1")).toBe(true);
    expect(site.requests.some(({ path }) => path === "/logo")).toBe(false);
  });

  it("what is no number or out of range is rejected and counted, the last valid one stays, and failures wait longer each time", {
    timeout: 120_000,
  }, async () => {
    const before = await quoteOf("SILVER");
    site.show("SILVER", "\u221222.9");
    expect(await failedTimes("SILVER", 1)).toMatchObject({ reason: "quote-rejected", failed_seconds: 5 });
    expect(await rejectionsOf("SILVER")).toEqual({
      count: 1,
      last_text: "\u221222.9",
      last_reason: "below 1",
    });

    site.show("SILVER", "N/A");
    await dueNow("SILVER", 1);
    expect(await failedTimes("SILVER", 2)).toMatchObject({ failed_seconds: 10 });
    expect(await rejectionsOf("SILVER")).toEqual({ count: 2, last_text: "N/A", last_reason: "not a number" });
    expect((await quoteOf("SILVER"))?.price).toBe(before?.price);

    site.show("SILVER", null);
    await dueNow("SILVER", 12);
    expect(await failedTimes("SILVER", 13)).toMatchObject({ reason: "server-error", failed_seconds: 60 });
    expect(await rejectionsOf("SILVER")).toMatchObject({ count: 2 });

    site.show("SILVER", "23.1");
    await dueNow("SILVER", 13);
    await quoteAt("SILVER", "23.1");
    site.show("SILVER", "23.2");
    await quoteAt("SILVER", "23.2");
    site.show("SILVER", "");
    expect(await failedTimes("SILVER", 1)).toMatchObject({ failed_seconds: 5 });
  });

  it("an instrument that is switched off is read no more, and again once it is switched on", {
    timeout: 60_000,
  }, async () => {
    await book.query("UPDATE instruments SET enabled = false WHERE symbol = 'USDIDR'");
    const cancelled = await waitFor("its target to be cancelled", 20_000, async () => {
      const target = await targetOf("USDIDR");
      return target?.state === "cancelled" ? target : null;
    });
    expect(cancelled.state).toBe("cancelled");
    site.show("USDIDR", "16,300");
    await book.query("UPDATE instruments SET enabled = true WHERE symbol = 'USDIDR'");
    await quoteAt("USDIDR", "16300");
  });

  it("any page is read by configuration: address, selector, range", { timeout: 60_000 }, async () => {
    site.show("eur", "1.0835 USD");
    await book.query(
      `INSERT INTO instruments (exchange, symbol, name, asset, currency, unit, page_url, page_selector, refresh_seconds, valid_min, valid_max)
       VALUES ('BANK', 'EURO', 'Euro', 'EUR', 'USD', 'unit', $1, '#bid', 1, 0.5, 2)`,
      [`${site.url.replace("127.0.0.1", "localhost")}/rates/eur`],
    );
    await quoteAt("EURO", "1.0835");
    expect(await targetOf("EURO")).toMatchObject({ source: "quote-page" });
    await book.query("UPDATE instruments SET page_url = $1 WHERE symbol = 'EURO'", [`${site.url}/rates/eu2`]);
    site.show("eu2", "1.09 EUR");
    await waitFor("a price in another currency to be rejected", 20_000, async () => {
      const rejected = await rejectionsOf("EURO");
      return rejected?.last_reason === "in EUR, not in USD" ? true : null;
    });
  });

  it("a wall ends one refresh as any failure does, and is counted with them", {
    timeout: 90_000,
  }, async () => {
    site.wallOff("wall");
    await book.query(
      `INSERT INTO instruments (exchange, symbol, name, asset, currency, unit, page_url, page_selector, refresh_seconds)
       VALUES ('BANK', 'WALLED', 'Walled', 'WALLED', 'USD', 'unit', $1, '#bid', 1)`,
      [`${site.url.replace("127.0.0.1", "localhost")}/rates/wall`],
    );
    expect(await failedTimes("WALLED", 1)).toMatchObject({ reason: "blocked", failed_seconds: 5 });
    await dueNow("WALLED", 11);
    expect(await failedTimes("WALLED", 12)).toMatchObject({ reason: "blocked", failed_seconds: 60 });
  });
});
