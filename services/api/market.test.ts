// Long because all of it shares one API and its memory of quotes, cut and mended in turn.
import { once } from "node:events";
import { notifyBarsChanged, notifyQuotesChanged, storeQuotes, storeTickBars } from "@pricefleet/database";
import { parquetReadObjects } from "hyparquet";
import pg from "pg";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { connectForTest, startTestApi } from "../../test/api/index.ts";
import { createTestDatabase, layLine } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const line = await layLine(database.apiUrl);
const api = await startTestApi(database.apiUrl);
const cuttable = await startTestApi(line.url, { statementTimeoutMs: 1_000 });
const owner = new pg.Client({ connectionString: database.ownerUrl, options: "-c search_path=price_tracker" });
await owner.connect();
afterAll(() => owner.end());

const ids = new Map<string, string>();
for (const { id, exchange, symbol } of (await api.get("/instruments")).body.items)
  ids.set(`${exchange}:${symbol}`, id);

/** Stores quotes as the streamer does, and tells of them. */
async function quoted(prices: Record<string, string>, ageMs = 0, tellsOfIt = true): Promise<void> {
  const rows = Object.entries(prices).map(([name, price]) => ({
    instrumentId: ids.get(name) ?? "0",
    price,
    bid: null,
    ask: null,
    dayVolume: null,
    source: "tradingview",
    atMs: Date.now() - ageMs,
  }));
  await worker
    .deleteFrom("quotes")
    .where(
      "instrument_id",
      "in",
      rows.map(({ instrumentId }) => instrumentId),
    )
    .execute();
  const changed = await storeQuotes(worker, rows);
  if (tellsOfIt) await notifyQuotesChanged(worker, changed);
}

const priceOf = async (name: string) =>
  (await api.get("/prices")).body.items.find(({ instrument }: { instrument: string }) => instrument === name)
    ?.price;

const bar = (minute: number, close: string, complete: boolean) => {
  const openedAtMs = Date.parse("2026-11-23T10:00:00Z") + minute * 60_000;
  return {
    instrument: "TVC:GOLD",
    interval: "1m" as const,
    openedAtMs,
    open: "4000",
    high: "4001.25",
    low: "3999.5",
    close,
    volume: "12.125",
    ticks: 3,
    source: "ticks" as const,
    complete,
    firstAtMs: openedAtMs,
    lastAtMs: openedAtMs + 1_000,
  };
};
const goldBars = "/market-data/bars?exchange=TVC&symbol=GOLD&interval=1m";
const changedSeries = [{ instrument: "TVC:GOLD", interval: "1m" as const }];

await worker.updateTable("instruments").set({ trading_hours: "always" }).execute();

describe("latest prices", () => {
  it("follow what is written, and say where they come from and how old they are", async () => {
    await quoted({ "TVC:GOLD": "4000", "FX_IDC:USDIDR": "16000" });
    await expect.poll(() => priceOf("FX_IDC:USDIDR")).toBe("16000");
    const { body } = await api.get("/prices");
    expect(body.items.find(({ asset }: { asset: string }) => asset === "gold")).toMatchObject({
      instrument: "TVC:GOLD",
      unit: "troy-ounce",
      currency: "USD",
      price: "4000",
      source: "tradingview",
      stale: false,
    });
    expect((await api.get("/api/quotes/TVC:GOLD")).body).toMatchObject({ price: "4000", bid: null });
    expect((await api.get("/quotes/TVC:TIN")).status).toBe(404);
    expect((await api.get("/quotes/gold")).status).toBe(400);
  });

  it("are read afresh though nobody told of them", async () => {
    await quoted({ "TVC:SILVER": "50.125" }, 0, false);
    await expect.poll(() => priceOf("TVC:SILVER"), { timeout: 10_000 }).toBe("50.125");
  });

  it("are stale after a minute of an open market, and not while it is closed", async () => {
    await quoted({ "COMEX:HG1!": "5" }, 61_000);
    const stale = async () =>
      (await api.get("/prices")).body.items.find(({ asset }: { asset: string }) => asset === "copper")?.stale;
    await expect.poll(stale).toBe(true);
    const closed = new Date(Date.now() + 2 * 86_400_000).toLocaleDateString("en", {
      weekday: "short",
      timeZone: "UTC",
    });
    const path = `/instruments/${ids.get("COMEX:HG1!")}`;
    expect((await api.send("PATCH", path, { trading_hours: `${closed} 00:00-24:00 UTC` })).status).toBe(200);
    await expect.poll(stale).toBe(false);
    await api.send("PATCH", path, { trading_hours: "always" });
  });
});

describe("what something costs", () => {
  it("by any measure and in any currency that quotes lead to, with the quotes it rests on", async () => {
    await quoted({ "TVC:GOLD": "4000", "FX_IDC:USDIDR": "16000" });
    await expect.poll(() => priceOf("TVC:GOLD")).toBe("4000");
    const { body } = await api.get("/prices/gold?unit=gram&currency=IDR");
    expect(body).toMatchObject({ price: "2057647.78", unit: "gram", currency: "IDR", stale: false });
    expect(body.used.map(({ instrument }: { instrument: string }) => instrument)).toEqual([
      "TVC:GOLD",
      "FX_IDC:USDIDR",
    ]);
    expect(body.age_seconds).toBeGreaterThanOrEqual(
      Math.max(...body.used.map((one: { age_seconds: number }) => one.age_seconds)),
    );
    expect((await api.get("/prices/IDR?currency=USD")).body.price).toBe("0.0000625");
  });

  it("the pairs that are there by default lead from every currency of eBay and OLX to the base currency and to any other", async () => {
    const sites = "USD EUR GBP PLN CHF CAD AUD HKD SGD MYR TWD PHP VND INR RON UAH KZT UZS".split(" ");
    const pairs = [...ids.keys()].filter((name) => /^FX_IDC:([A-Z]{3}USD|USD[A-Z]{3})$/.test(name));
    await quoted(Object.fromEntries(pairs.map((name) => [name, "2"])));
    await expect.poll(() => priceOf("FX_IDC:USDINR")).toBe("2");
    for (const currency of sites.filter((code) => code !== "USD"))
      expect((await api.get(`/prices/${currency}?currency=USD`)).body.used).toHaveLength(1);
    const euros = await api.get("/prices/gold?unit=gram&currency=EUR");
    expect(euros.body.used.map(({ instrument }: { instrument: string }) => instrument)).toEqual([
      "TVC:GOLD",
      "FX_IDC:EURUSD",
    ]);
    const { body } = await api.get("/prices/UZS?currency=EUR");
    expect(body.used.map(({ instrument }: { instrument: string }) => instrument)).toEqual([
      "FX_IDC:USDUZS",
      "FX_IDC:EURUSD",
    ]);
  });

  it.each([
    ["/prices/unobtainium", 404, "nothing quotes unobtainium"],
    ["/prices/gold?currency=SEK", 404, "from gold to SEK"],
    ["/prices/gold?unit=unit", 400, "gold is quoted per troy-ounce"],
    ["/prices/gold?unit=stone", 400, "troy-ounce, gram"],
  ])("%s is refused with what would be right", async (path, status, words) => {
    await quoted({ "TVC:GOLD": "4000" });
    await expect.poll(() => priceOf("TVC:GOLD")).toBe("4000");
    const answer = await api.get(path);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toContain(words);
  });
});

describe("the registry of instruments", () => {
  const euro = {
    exchange: "FX",
    symbol: "EURUSD",
    name: "Euro",
    asset: "EUR",
    currency: "USD",
    unit: "unit",
  };

  it("takes new ones once, changes them, and has them streamed or not", async () => {
    const made = await api.send("POST", "/instruments", { ...euro, valid_min: "0.1", valid_max: "10" });
    expect(made).toMatchObject({
      status: 201,
      body: { ...euro, refresh_seconds: 5, enabled: true, feeds: [] },
    });
    expect((await api.send("POST", "/instruments", euro)).status).toBe(409);
    const path = `/instruments/${made.body.id}`;
    const named = { exchange: "FX", symbol: "EURUSD" };
    expect((await api.send("POST", "/quotes/subscribe", named)).body.subscribed).toBe(true);
    expect((await api.get(path)).body.feeds).toEqual(["tradingview"]);
    expect((await api.send("DELETE", "/quotes/subscribe", named)).body.subscribed).toBe(false);
    expect((await api.get(path)).body.feeds).toEqual([]);
    const change = {
      page_url: "https://example.com/eur",
      page_selector: "#price",
      refresh_seconds: 30,
      enabled: false,
    };
    expect((await api.send("PATCH", path, change)).body).toMatchObject(change);
    expect((await api.get("/instruments?enabled=false")).body.items).toHaveLength(1);
    expect((await api.send("PATCH", path, { valid_min: "11" })).status).toBe(409);
  });

  it("says of each field what is wrong with it, and nobody changes it without the token", async () => {
    const wrong = {
      ...euro,
      unit: "stone",
      trading_hours: "Mon",
      page_url: "file:///etc/passwd",
      valid_min: "2",
      valid_max: "1",
    };
    const { status, body } = await api.send("POST", "/instruments", wrong);
    expect(status).toBe(400);
    expect(body.errors.map(({ field }: { field: string }) => field).toSorted()).toEqual([
      "page_url",
      "trading_hours",
      "unit",
      "valid_max",
    ]);
    expect((await api.send("POST", "/quotes/subscribe", { exchange: "FX", symbol: "NONE" })).status).toBe(
      404,
    );
    for (const method of ["POST", "DELETE"])
      expect((await api.fetch("/quotes/subscribe", { method })).status).toBe(401);
  });
});

describe("what no page or price could ever fit", () => {
  it.each([
    [
      { page_selector: "//td[1]" },
      "page_selector",
      'is "//td[1]"; it should be a CSS selector such as td.usd-sell (',
    ],
    [{ page_selector: "td[class=" }, "page_selector", "a CSS selector such as td.usd-sell ("],
    [{ page_selector: "td:nearly(2)" }, "page_selector", "a CSS selector such as td.usd-sell ("],
    [{ page_selector: " " }, "page_selector", "1 to 500 characters of text"],
    [{ valid_min: "cheap" }, "valid_min", 'is "cheap"; it should be an amount such as 19.99'],
    [{ valid_min: "5", valid_max: "5.00" }, "valid_max", "more than valid_min"],
    [{ valid_min: "0.10000001", valid_max: "0.1" }, "valid_max", "more than valid_min"],
    [{ currency: "ZZZ" }, "currency", 'is "ZZZ"; it should be an ISO 4217 currency such as EUR'],
    [{ currency: "usd" }, "currency", "an ISO 4217 currency such as EUR"],
    [{ unit: "ounce" }, "unit", 'is "ounce"; it should be one of'],
  ])("%j is refused, of a new instrument and of a change", async (wrong, field, message) => {
    const named = { exchange: "FX", symbol: "WRONG", name: "x", asset: "EUR", currency: "USD", unit: "unit" };
    const answers = [
      await api.send("POST", "/instruments", { ...named, ...wrong }),
      await api.send("PATCH", `/instruments/${ids.get("TVC:GOLD")}`, wrong),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(400);
      expect(body.errors).toHaveLength(1);
      expect(body.errors[0].field).toBe(field);
      expect(body.errors[0].message).toContain(message);
    }
  });

  it.each([
    "#bid",
    "td.usd-sell",
    "table > tr:nth-child(2) td:not(.old)",
    "[data-qa-id='symbol-last-value']",
  ])("%s is taken for a selector", async (selector) => {
    const path = `/instruments/${ids.get("FX_IDC:USDIDR")}`;
    const { status, body } = await api.send("PATCH", path, { page_selector: selector });
    expect({ status, selector: body.page_selector }).toEqual({ status: 200, selector });
  });
});

describe("bars", () => {
  it("come as JSON, CSV and Parquet with the same amounts, the unfinished one marked", async () => {
    await storeTickBars(worker, [bar(0, "4000.5", true), bar(1, "4000.75", false)]);
    await notifyBarsChanged(worker, changedSeries);
    await expect.poll(async () => (await api.get(goldBars)).body.items.length).toBe(2);
    const { body } = await api.get(`${goldBars}&from=2026-11-23T10:01:00Z`);
    expect(body.items).toMatchObject([
      { close: "4000.75", volume: "12.125", complete: false, source: "ticks" },
    ]);
    const csv = await api.fetch(goldBars, { headers: { accept: "text/csv" } });
    expect(csv.headers.get("content-type")).toContain("text/csv");
    expect((await csv.text()).split("\r\n")[1]).toBe(
      "TVC,GOLD,1m,2026-11-23T10:00:00.000Z,4000,4001.25,3999.5,4000.5,12.125,3,ticks,true",
    );
    const file = await (await api.fetch(`${goldBars}&format=parquet`)).arrayBuffer();
    const rows = await parquetReadObjects({ file });
    expect(rows[1]).toMatchObject({
      instrument: "TVC:GOLD",
      opened_at: new Date("2026-11-23T10:01:00Z"),
      close: 4000.75,
      volume: 12.125,
      ticks: 3,
      complete: false,
    });
    const none = await (await api.fetch(`${goldBars}&format=parquet&to=2000-01-01`)).arrayBuffer();
    expect(await parquetReadObjects({ file: none })).toEqual([]);
  });

  it("are kept until a bar of theirs changes", async () => {
    const closeNow = async () => (await api.get(goldBars)).body.items.at(-1).close;
    const before = await closeNow();
    await worker.updateTable("bars").set({ close: "1" }).where("complete", "=", false).execute();
    expect(await closeNow()).toBe(before);
    await notifyBarsChanged(worker, [{ instrument: "TVC:SILVER", interval: "1m" }]);
    expect(await closeNow()).toBe(before);
    await notifyBarsChanged(worker, changedSeries);
    await expect.poll(closeNow).toBe("1");
  });

  it.each([
    ["/market-data/bars?exchange=TVC&symbol=GOLD&interval=2m", "interval"],
    ["/market-data/bars?symbol=GOLD&interval=1m", "exchange"],
    [`${goldBars}&limit=5001`, "limit"],
    [`${goldBars}&from=2026-01-02&to=2026-01-01`, "to"],
  ])("%s is told what is wrong", async (path, field) => {
    const { status, body } = await api.get(path);
    expect(status).toBe(400);
    expect(body.errors[0].field).toBe(field);
  });
});

describe("live quotes and bars", () => {
  it("come over a WebSocket: the newest first, then what changes, of what was asked for", async () => {
    await quoted({ "TVC:GOLD": "4000" });
    await expect.poll(() => priceOf("TVC:GOLD")).toBe("4000");
    const told: { event: string; data: Record<string, unknown> }[] = [];
    const socket = new WebSocket(
      `${api.url.replace("http", "ws")}/api/ws?kinds=quote,bar&instruments=TVC:GOLD`,
    );
    onTestFinished(() => socket.terminate());
    socket.on("message", (message: Buffer) => told.push(JSON.parse(message.toString())));
    await expect
      .poll(() => told[0])
      .toMatchObject({ event: "quote", data: { symbol: "GOLD", price: "4000" } });
    await quoted({ "TVC:GOLD": "4001", "TVC:SILVER": "51" });
    await expect.poll(() => told.at(-1)).toMatchObject({ event: "quote", data: { price: "4001" } });
    await storeTickBars(worker, [bar(2, "4002", false)]);
    await notifyBarsChanged(worker, changedSeries);
    await expect
      .poll(() => told.at(-1))
      .toMatchObject({ event: "bar", data: { interval: "1m", close: "4002" } });
    expect(told.every(({ data }) => data["symbol"] === "GOLD")).toBe(true);
    socket.send("not json");
    await expect.poll(() => told.at(-1)).toMatchObject({ event: "problem", data: { status: 400 } });
    socket.send(JSON.stringify({ kinds: "quote", instruments: "TVC:SILVER" }));
    await expect.poll(() => told.at(-1)).toMatchObject({ data: { symbol: "SILVER", price: "51" } });
  });

  it("when more bars changed than can be named, all that changed are told, also of what has no quote", async () => {
    const bitcoin = { ...bar(3, "90000", false), instrument: "BITSTAMP:BTCUSD" };
    await storeTickBars(worker, [
      bitcoin,
      bar(4, "4004", false),
      { ...bar(4, "50", false), instrument: "TVC:SILVER" },
    ]);
    await worker
      .updateTable("bars")
      .set({ updated_at: new Date(0) })
      .where("symbol", "=", "SILVER")
      .execute();
    const told: { symbol: string; close: string }[] = [];
    const socket = new WebSocket(`${api.url.replace("http", "ws")}/api/ws?kinds=bar`);
    onTestFinished(() => socket.terminate());
    socket.on("message", (message: Buffer) => told.push(JSON.parse(message.toString()).data));
    await once(socket, "open");
    const many = Array.from({ length: 1_000 }, (_, i) => ({
      instrument: `MANY:S${i}`,
      interval: "1m" as const,
    }));
    // Until the socket is listened to, which is soon after it is open.
    await expect
      .poll(async () => {
        await notifyBarsChanged(worker, many);
        return told.map(({ symbol, close }) => `${symbol} ${close}`);
      })
      .toEqual(expect.arrayContaining(["BTCUSD 90000", "GOLD 4004"]));
    expect(told.map(({ symbol }) => symbol)).not.toContain("SILVER");
  });

  it("come over /events", async () => {
    await quoted({ "TVC:GOLD": "4000" });
    await expect.poll(() => priceOf("TVC:GOLD")).toBe("4000");
    const hangingUp = new AbortController();
    onTestFinished(() => hangingUp.abort());
    const response = await fetch(`${api.url}/events?kinds=quote&instruments=TVC:GOLD`, {
      signal: hangingUp.signal,
    });
    const chunks = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const readUntil = async (words: string) => {
      while (!text.includes(words)) text += (await chunks.read()).value;
    };
    await readUntil('"price":"4000"');
    await quoted({ "TVC:GOLD": "4003.5" });
    await readUntil('"price":"4003.5"');
    expect(text).toContain("event: quote\ndata: {");
    expect((await api.fetch("/events?kinds=weather")).status).toBe(400);
  });

  it("a web page of another origin cannot connect", async () => {
    const socket = new WebSocket(`${api.url.replace("http", "ws")}/ws`, {
      origin: "https://evil.example.com",
    });
    const status = await new Promise((resolve) => {
      socket.on("unexpected-response", (_request, response) => resolve(response.statusCode));
    });
    expect(status).toBe(403);
  });
});

describe("a database that goes away", () => {
  const statusOf = async (path: string) => (await cuttable.get(path)).status;

  it("no price is given while it may be old, though it is in memory; and it is back by itself", async () => {
    await quoted({ "TVC:GOLD": "4000" });
    await expect.poll(() => statusOf("/prices")).toBe(200);
    const paths = ["/prices", "/prices/gold", "/quotes", "/quotes/TVC:GOLD", goldBars];
    for (const path of paths) await expect.poll(() => statusOf(path)).toBe(200);
    await line.cut();
    for (const path of paths) await expect.poll(() => statusOf(path), { timeout: 4_000 }).toBe(503);
    await quoted({ "TVC:GOLD": "4100" });
    await line.mend();
    await expect.poll(() => statusOf("/prices"), { timeout: 10_000 }).toBe(200);
    expect((await cuttable.get("/quotes/TVC:GOLD")).body.price).toBe("4100");
  });

  it("a connection that carries nothing any more is noticed by its silence", async () => {
    await expect.poll(() => statusOf("/prices"), { timeout: 10_000 }).toBe(200);
    line.freeze();
    await expect.poll(() => statusOf("/prices"), { timeout: 4_000 }).toBe(503);
    await expect.poll(() => statusOf("/prices"), { timeout: 10_000 }).toBe(200);
    // What is frozen would stay open in PostgreSQL's eyes.
    await line.cut();
    await line.mend();
    await expect.poll(() => statusOf("/prices"), { timeout: 10_000 }).toBe(200);
  });
});
