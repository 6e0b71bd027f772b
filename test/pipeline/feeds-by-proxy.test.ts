import { afterAll, expect, it } from "vitest";
import { startChartServer } from "../../packages/feeds/test-support/chart-server.ts";
import { startFeedServer } from "../../packages/feeds/test-support/feed-server.ts";
import { openUpstreamProxy } from "../../packages/fetching/test-support/upstream-proxy.ts";
import { startTestApi } from "../api/index.ts";
import { startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const PATIENCE_MS = 60_000;

const database = await createTestDatabase();
const vhost = await createTestVhost();
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  // Names that nobody can resolve: whoever would leave directly gets nowhere.
  environment: {
    TRADINGVIEW_WS_URL: "ws://data.feed.example/socket.io/websocket",
    TRADINGVIEW_BASE_URL: "http://www.feed.example",
  },
});
closers.defer(() => fleet.stop());
const api = await startTestApi(database.apiUrl);

it("the streamer's socket leaves by PROXY_URL", { timeout: 2 * PATIENCE_MS }, async () => {
  const feed = await startFeedServer();
  closers.defer(() => feed.close());
  const proxy = closers.use(await openUpstreamProxy("socks5", Number(new URL(feed.url).port)));
  await fleet.book.query(
    "INSERT INTO quote_subscriptions (instrument_id) SELECT id FROM instruments WHERE symbol = 'GOLD'",
  );
  fleet.startStreamer({ PROXY_URL: `socks5://someone:s3cret@${proxy.address}` });
  const connection = await waitFor("a subscription", PATIENCE_MS, async () => {
    const [first] = feed.connections;
    return first?.messages.some(({ name }) => name === "quote_add_symbols") ? first : null;
  });
  connection.quote("TVC:GOLD", { lp: 4_000.5, lp_time: Math.floor(Date.now() / 1_000) });
  await waitFor("the quote", PATIENCE_MS, async () => {
    const { rows } = await fleet.book.query("SELECT FROM quotes WHERE price = 4000.5");
    return rows.length === 1 ? true : null;
  });
  expect(proxy.asked[0]).toMatch(/^data\.feed\.example:80 /);
});

it("a worker's history and its sign-in leave by PROXY_URL", { timeout: 2 * PATIENCE_MS }, async () => {
  const site = await startChartServer();
  closers.defer(() => site.close());
  site.symbols.set("TVC:GOLD", {});
  const proxy = closers.use(await openUpstreamProxy("http", Number(new URL(site.siteUrl).port)));
  fleet.startDispatcher();
  fleet.startWorker({
    PROXY_URL: `http://someone:s3cret@${proxy.address}`,
    WORKER_QUEUES: "history_sync:4",
    TRADINGVIEW_USERNAME: "someone",
    TRADINGVIEW_PASSWORD: "right",
  });
  await api.send("POST", "/market-data/sync", { exchange: "TVC", symbol: "GOLD", interval: "1d", n_bars: 5 });
  await waitFor("the bars", PATIENCE_MS, async () => {
    const { rows } = await fleet.book.query("SELECT FROM sync_status WHERE state = 'completed'");
    return rows.length === 1 ? true : null;
  });
  expect(proxy.asked.map((asked) => asked.split(" ")[0])).toEqual([
    "www.feed.example:80",
    "data.feed.example:80",
  ]);
});
