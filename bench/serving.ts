/**
 * What the API gives from memory: reads in the process and over HTTP, kept bars beside bars read anew, and the time from a
 * quote's NOTIFY to a client of /ws and of /events: `node bench/serving.ts`. The goals are 1 ms, 5 ms and 100 ms.
 * Starts a PostgreSQL of its own; API and clients share this process, so a client's own work is in what is measured.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as yieldToAll, setTimeout as sleep } from "node:timers/promises";
import {
  connectDatabase,
  type Database,
  ensureMonthlyPartitions,
  ensureRoles,
  generateRolePasswords,
  migrateToLatest,
  notifyQuotesChanged,
  storeQuotes,
} from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { createSources } from "@pricefleet/sources";
import { sql } from "kysely";
import { WebSocket } from "ws";
import { makeThrowawayFolder, startPostgres } from "../scripts/servers/index.ts";
import { createApp } from "../services/api/create-app.ts";
import { createDebugPages } from "../services/api/debug-pages.ts";
import { serveEventSockets, startEvents } from "../services/api/events/index.ts";
import type { Means } from "../services/api/route.ts";
import { barRoutes } from "../services/api/routes/bars.ts";
import { priceRoutes } from "../services/api/routes/prices.ts";
import { quoteRoutes } from "../services/api/routes/quotes.ts";
import { listen, stopServing } from "../services/api/serve.ts";

const INSTRUMENTS = 1_000;
const BARS = 5_000;
const READS = 2_000;
const TOLD = 300;
/** The teller's own pause: at most 20 a second. */
const PAUSE_MS = 50;

const logger = createLogger({ service: "bench", level: "error", format: "console" });
const folder = makeThrowawayFolder();
const server = await startPostgres({ dataDir: join(folder, "postgres") });
try {
  const { ownerUrl, workerUrl, apiUrl } = await ensureRoles(server.adminUrl, generateRolePasswords());
  await migrateToLatest(ownerUrl);
  const connect = (url: string) => connectDatabase({ url, poolMax: 10, name: "bench", logger });
  const [worker, db] = [await connect(workerUrl), await connect(apiUrl)];
  const ids = await fillTheBook(worker);

  const events = startEvents({ db, url: apiUrl, logger });
  const means = {
    db,
    sources: createSources({}),
    debugPages: createDebugPages(folder, logger),
    market: events.market,
    baseCurrency: "USD",
  };
  const api = await listen(
    createApp({
      ...means,
      logger,
      controlToken: null,
      corsOrigins: [],
      trustedProxies: 0,
      rateLimitPerMinute: 0,
      snapshotDir: "/nowhere",
      events: events.streams,
    }),
    0,
  );
  serveEventSockets(api, { streams: events.streams, corsOrigins: [], logger });
  const address = api.address();
  const base = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  while (events.market.quotes.allOrNone().length < INSTRUMENTS) await sleep(20);

  await readInProcess(means);
  await readBars(means, `http://${base}`);
  await tellOfQuotes(worker, ids, base);

  await events.close();
  await stopServing(api, 1_000);
  await Promise.all([worker.destroy(), db.destroy()]);
} finally {
  await server.stop();
  rmSync(folder, { recursive: true });
}

/** @returns the ids of all instruments, each with a quote, the first of them gold with bars. */
async function fillTheBook(worker: Database): Promise<string[]> {
  await sql`
    INSERT INTO instruments (exchange, symbol, name, asset, currency, unit)
    SELECT 'TEST', 'S' || n, 'S' || n, 's' || n, 'USD', 'unit'
      FROM generate_series(1, ${INSTRUMENTS}::integer - (SELECT count(*)::integer FROM instruments)) n`.execute(
    worker,
  );
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM instruments ORDER BY symbol = 'GOLD' DESC, id LIMIT ${INSTRUMENTS}`.execute(worker);
  const ids = rows.map(({ id }) => id);
  await storeQuotes(
    worker,
    ids.map((id) => aQuote(id, "100.5")),
  );
  await ensureMonthlyPartitions(worker, 1);
  await sql`
    INSERT INTO bars (symbol, exchange, interval, opened_at, open, high, low, close, volume, ticks, complete, source)
    SELECT 'GOLD', 'TVC', '1m', date_trunc('minute', now()) - n * interval '1 minute', 4000.25, 4001.5, 3999.75, 4000.5, 12.125, 3, true, 'ticks'
      FROM generate_series(1, ${BARS}::integer) n`.execute(worker);
  return ids;
}

function aQuote(instrumentId: string, price: string) {
  return { instrumentId, price, bid: null, ask: null, dayVolume: null, source: "bench", atMs: Date.now() };
}

/** From the parsed address to the answer that is to be written as JSON. */
async function readInProcess(means: Means): Promise<void> {
  const reads = [
    ["/quotes/{instrument}", { params: { instrument: "TVC:GOLD" } }],
    ["/prices/{asset}", { params: { asset: "gold" }, query: { unit: "gram", currency: "IDR" } }],
    ["/prices", {}],
  ] as const;
  for (const [path, raw] of reads) {
    const times = await timesOf(READS, () => respond(path, raw, means));
    report(`${path} in the process, of ${INSTRUMENTS} quotes`, times);
  }
}

async function readBars(means: Means, url: string): Promise<void> {
  const query = { exchange: "TVC", symbol: "GOLD", interval: "1m", limit: String(BARS) };
  const path = "/market-data/bars";
  const read = () => respond(path, { query }, means);
  const anew = await timesOf(20, async () => {
    means.market.bars.dropAll();
    await read();
  });
  report(`${BARS} bars read anew, in the process`, anew);
  report(`${BARS} bars kept, in the process`, await timesOf(READS, read));
  const overHttp = async (limit: number) => {
    const response = await fetch(`${url}${path}?${new URLSearchParams({ ...query, limit: String(limit) })}`);
    if (!response.ok) throw new Error(`${path} is ${response.status}`);
    await response.arrayBuffer();
  };
  for (const limit of [500, BARS]) {
    await overHttp(limit);
    report(`${limit} bars kept, over HTTP`, await timesOf(500, () => overHttp(limit)));
  }
}

async function respond(path: string, raw: { params?: object; query?: object }, means: Means): Promise<void> {
  const route = [...quoteRoutes, ...priceRoutes, ...barRoutes].find(
    (one) => one.path === path && one.method === "get",
  );
  if (route === undefined) throw new Error(`there is no GET ${path}`);
  const request = { params: raw.params, query: raw.query, body: undefined };
  const answer = await route.respond(request, { requestId: "bench", preferredType: () => null }, means);
  if (answer.status !== 200) throw new Error(`${path} is ${answer.status}`);
}

/** From just before the NOTIFY is sent until the client has the quote. */
async function tellOfQuotes(worker: Database, ids: readonly string[], base: string): Promise<void> {
  const socket = new WebSocket(`ws://${base}/ws?kinds=quote&instruments=TVC:GOLD`);
  const hangingUp = new AbortController();
  const response = await fetch(`http://${base}/events?kinds=quote&instruments=TVC:GOLD`, {
    signal: hangingUp.signal,
  });
  const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  const waiting: Record<"ws" | "events", { price: string; heard: () => void } | null> = {
    ws: null,
    events: null,
  };
  const hear = (by: "ws" | "events", text: string) => {
    if (waiting[by] !== null && text.includes(`"price":"${waiting[by].price}"`)) waiting[by].heard();
  };
  socket.on("message", (message: Buffer) => hear("ws", message.toString()));
  void (async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      hear("events", value);
    }
  })().catch(() => undefined);
  await new Promise((resolve) => socket.once("open", resolve));

  const gold = ids[0] ?? "";
  const times: Record<"ws" | "events", number[]> = { ws: [], events: [] };
  for (let number = 0; number < TOLD; number++) {
    const price = (4_000 + number / 100).toFixed(2);
    await storeQuotes(worker, [aQuote(gold, price)]);
    const startedMs = performance.now();
    const heardBy = (by: "ws" | "events") =>
      new Promise<void>((resolve) => {
        waiting[by] = {
          price,
          heard() {
            times[by].push(performance.now() - startedMs);
            waiting[by] = null;
            resolve();
          },
        };
      });
    const heard = [heardBy("ws"), heardBy("events")];
    await notifyQuotesChanged(worker, [gold]);
    await Promise.all(heard);
    await sleep(PAUSE_MS);
  }
  report("NOTIFY to a client of /ws", times.ws);
  report("NOTIFY to a client of /events", times.events);
  socket.terminate();
  hangingUp.abort();
}

/** In milliseconds, one after the other. The first tenth warms up caches and compilers, and is not counted. */
async function timesOf(count: number, work: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let index = -Math.ceil(count / 10); index < count; index++) {
    const startedMs = performance.now();
    await work();
    if (index >= 0) times.push(performance.now() - startedMs);
    // The connection that keeps the memory true wants its turn too.
    await yieldToAll();
  }
  return times;
}

function report(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(3));
  console.log(JSON.stringify({ what, median_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) }));
}
