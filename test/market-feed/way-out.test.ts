import { historyFromEnvironment, openTradingviewFeed } from "@pricefleet/feeds";
import { dispatcherFromEnvironment, wayOutEnvironment } from "@pricefleet/fetching";
import { createLogger } from "@pricefleet/logging";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { startChartServer, TOKEN } from "../../packages/feeds/test-support/chart-server.ts";
import { startFeedServer } from "../../packages/feeds/test-support/feed-server.ts";
import { openUpstreamProxy } from "../../packages/fetching/test-support/upstream-proxy.ts";

const logger = createLogger({ service: "test", environment: "test", level: "error", format: "json" });
const GOLD = "TVC:GOLD";
const patience = { timeout: 10_000, interval: 10 };
const servers = new AsyncDisposableStack();
afterAll(() => servers.disposeAsync());
const feedServer = await startFeedServer();
servers.defer(() => feedServer.close());
const chartServer = await startChartServer();
servers.defer(() => chartServer.close());
chartServer.symbols.set(GOLD, {});

let closers = new AsyncDisposableStack();
afterEach(async () => {
  await closers.disposeAsync();
  closers = new AsyncDisposableStack();
});

async function leavingBy(proxyUrl: string) {
  const env = wayOutEnvironment.parse({ PROXY_URL: proxyUrl });
  const wayOut = await dispatcherFromEnvironment(env, [], logger, new AbortController().signal);
  closers.defer(() => wayOut.close());
  return wayOut.dispatcher;
}

function openFeed(url: string, dispatcher: Awaited<ReturnType<typeof leavingBy>>) {
  const told: (string | number)[] = [];
  const feed = openTradingviewFeed({
    url,
    dispatcher,
    logger,
    firstDelayMs: 20,
    longestDelayMs: 100,
    listener: {
      onTick: ({ price }) => told.push(price),
      onRefused: () => undefined,
      onUnreadable: () => undefined,
      onState: (state) => told.push(state),
    },
  });
  closers.defer(() => feed.close());
  feed.subscribe([GOLD]);
  return told;
}

const historyOf = (dispatcher: Awaited<ReturnType<typeof leavingBy>>, socketUrl: string, siteUrl: string) =>
  historyFromEnvironment(
    {
      TRADINGVIEW_WS_URL: socketUrl,
      TRADINGVIEW_BASE_URL: siteUrl,
      TRADINGVIEW_USERNAME: "someone",
      TRADINGVIEW_PASSWORD: "right",
    },
    dispatcher,
  ).fetchBars({ instrument: GOLD, interval: "1d", bars: 3 });

describe.each(["http", "socks5"] as const)("with a proxy of %s in PROXY_URL", (kind) => {
  it("live quotes leave by it, and it resolves the name", async () => {
    await using proxy = await openUpstreamProxy(kind, Number(new URL(feedServer.url).port));
    const before = feedServer.connections.length;
    const told = openFeed(
      "ws://data.feed.example/socket.io/websocket",
      await leavingBy(`${kind}://someone:s3cret@${proxy.address}`),
    );
    await vi.waitFor(
      () => expect(feedServer.connections[before]?.messages.at(-1)?.name).toBe("quote_add_symbols"),
      patience,
    );
    feedServer.connections[before]?.quote(GOLD, { lp: 4000.5, lp_time: 1_780_000_000 });
    await vi.waitFor(() => expect(told).toEqual(["open", 4000.5]), patience);
    expect(proxy.asked).toEqual([expect.stringMatching(/^data\.feed\.example:80 /)]);
  });

  it("the sign-in and the history leave by it", async () => {
    await using proxy = await openUpstreamProxy(kind, Number(new URL(chartServer.siteUrl).port));
    const dispatcher = await leavingBy(`${kind}://someone:s3cret@${proxy.address}`);
    const { bars } = await historyOf(dispatcher, "ws://data.feed.example/", "http://www.feed.example");
    expect(bars).toHaveLength(3);
    expect(chartServer.tokens.at(-1)).toBe(TOKEN);
    expect(proxy.asked.map((asked) => asked.split(" ")[0])).toEqual([
      "www.feed.example:80",
      "data.feed.example:80",
    ]);
  });
});

describe("with a proxy that is down", () => {
  it("nothing leaves: quotes wait for it, and history gives its attempt back", async () => {
    const dispatcher = await leavingBy("socks5://someone:s3cret@127.0.0.1:1");
    const before = feedServer.connections.length;
    const signIns = chartServer.signIns;
    const told = openFeed(feedServer.url.replace("127.0.0.1", "feed.example"), dispatcher);
    await expect(
      historyOf(dispatcher, chartServer.socketUrl, "http://www.feed.example"),
    ).rejects.toMatchObject({
      reason: "proxies-down",
    });
    const guest = historyFromEnvironment(
      {
        TRADINGVIEW_WS_URL: "ws://data.feed.example/",
        TRADINGVIEW_BASE_URL: undefined,
        TRADINGVIEW_USERNAME: undefined,
        TRADINGVIEW_PASSWORD: undefined,
      },
      dispatcher,
    );
    await expect(guest.fetchBars({ instrument: GOLD, interval: "1d", bars: 3 })).rejects.toMatchObject({
      reason: "proxies-down",
    });
    expect({ told, connections: feedServer.connections.length, signIns: chartServer.signIns }).toEqual({
      told: [],
      connections: before,
      signIns,
    });
  });
});

it("a private address that nobody named is refused, as for a page", async () => {
  const env = wayOutEnvironment.parse({});
  const wayOut = await dispatcherFromEnvironment(env, [], logger, new AbortController().signal);
  closers.defer(() => wayOut.close());
  await expect(
    historyOf(wayOut.dispatcher, chartServer.socketUrl, chartServer.siteUrl),
  ).rejects.toMatchObject({
    reason: "private-address",
  });
});
