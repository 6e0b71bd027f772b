import { barLengthMs, barOpenedAtMs, type BarInterval } from "@pricefleet/contracts";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { barOf, startChartServer, TOKEN } from "../test-support/chart-server.ts";
import { historyBars } from "./history-bars.ts";
import { Agent } from "undici";
import { createTradingviewHistory, historyFromEnvironment } from "./history.ts";
import { createLogin } from "./sign-in.ts";

const server = await startChartServer();
afterAll(() => server.close());
beforeEach(() => {
  server.symbols.clear();
  server.sessions.length = 0;
  server.tokens.length = 0;
  server.signIns = 0;
});
const GOLD = "TVC:GOLD";
const options = { url: server.socketUrl, login: createLogin(null) };
const history = createTradingviewHistory(options);
const ask = (interval: BarInterval, bars: number) => history.fetchBars({ instrument: GOLD, interval, bars });
const reasonOf = (working: Promise<unknown>) =>
  working.then(
    () => "none",
    ({ errorClass, reason, message }: Record<string, string>) => `${errorClass} ${reason}: ${message}`,
  );

describe("history by TradingView's chart session", () => {
  it.each(["1m", "5m", "15m", "1h", "4h", "1d", "1w"] as const)(
    "gives the newest bars of %s, aligned, and only the last one is not complete",
    async (interval) => {
      server.symbols.set(GOLD, {});
      const { bars, leftOut } = await ask(interval, 20);
      expect(leftOut).toBe(0);
      expect(bars.map(({ openedAtMs }) => barOpenedAtMs(interval, openedAtMs))).toEqual(
        bars.map(({ openedAtMs }) => openedAtMs),
      );
      expect(new Set(bars.slice(1).map((bar, i) => bar.openedAtMs - (bars[i]?.openedAtMs ?? 0)))).toEqual(
        new Set([barLengthMs(interval)]),
      );
      expect(bars.map(({ complete }) => complete)).toEqual([
        ...Array.from({ length: 19 }, () => true),
        false,
      ]);
      const first = bars[0];
      const [, open, high, low, close, volume] = barOf((first?.openedAtMs ?? 0) / 1_000);
      expect(first).toMatchObject({
        instrument: GOLD,
        interval,
        open: String(open),
        high: String(high),
        low: String(low),
        close: String(close),
        volume: String(volume),
        source: "history",
      });
      expect(server.tokens).toEqual(["unauthorized_user_token"]);
    },
  );

  it("takes bars that come in parts, and asks for more when fewer came", async () => {
    server.symbols.set(GOLD, { atOnce: 40, barsAnUpdate: 7 });
    const { bars } = await ask("1h", 100);
    expect(bars).toHaveLength(100);
    expect(new Set(bars.map(({ openedAtMs }) => openedAtMs)).size).toBe(100);
  });

  it("is content with fewer where the site has no more", async () => {
    server.symbols.set(GOLD, { atOnce: 20, most: 33 });
    expect((await ask("1h", 100)).bars).toHaveLength(33);
  });

  it("makes four hours of hours where the exchange's four hours begin elsewhere", async () => {
    server.symbols.set(GOLD, { offsetSeconds: 2 * 3_600 });
    const { bars } = await ask("4h", 10);
    expect(server.sessions.map(({ resolution }) => resolution)).toEqual(["240", "60"]);
    expect(bars).toHaveLength(10);
    const bar = bars[3];
    const hours = [0, 1, 2, 3].map((hour) => barOf((bar?.openedAtMs ?? 0) / 1_000 + hour * 3_600));
    expect(bar).toMatchObject({
      open: String(hours[0]?.[1]),
      high: String(Math.max(...hours.map(([, , high]) => high))),
      low: String(Math.min(...hours.map(([, , , low]) => low))),
      close: String(hours[3]?.[4]),
    });
  });

  it("leaves out bars that open where none of ours does, and says how many", async () => {
    server.symbols.set(GOLD, { offsetSeconds: 1_800 });
    expect(await ask("1h", 10)).toMatchObject({ bars: [], leftOut: 10 });
  });

  it("a day that begins the evening before is the day it is named after, and its week that of its Monday", () => {
    const raw = (time: string) => ({
      time: Date.parse(time) / 1_000,
      open: 1,
      high: 1,
      low: 1,
      close: 1,
      volume: 0,
    });
    const opened = (interval: BarInterval, time: string) =>
      historyBars(GOLD, interval, [raw(time)], Date.now()).bars.map(({ openedAtMs }) =>
        new Date(openedAtMs).toISOString(),
      );
    // Sunday evening in New York, winter and summer; New York's stocks; a year's end.
    expect(opened("1d", "2026-01-11T23:00:00Z")).toEqual(["2026-01-12T00:00:00.000Z"]);
    expect(opened("1d", "2026-07-12T22:00:00Z")).toEqual(["2026-07-13T00:00:00.000Z"]);
    expect(opened("1d", "2026-07-13T13:30:00Z")).toEqual(["2026-07-13T00:00:00.000Z"]);
    expect(opened("1w", "2026-12-27T23:00:00Z")).toEqual(["2026-12-28T00:00:00.000Z"]);
  });

  it.each([
    ["currencies in New York", "America/New_York", -1, 17],
    ["stocks in New York", "America/New_York", 0, 9.5],
    ["stocks in London", "Europe/London", 0, 8],
    ["stocks in Tokyo", "Asia/Tokyo", 0, 9],
    ["stocks in Sydney", "Australia/Sydney", 0, 10],
    ["stocks in Auckland", "Pacific/Auckland", 0, 10],
  ])(
    "weeks and Mondays of %s are those of UTC, in summer and winter time and over years' ends",
    (_what, zone, day, hour) => {
      const weeks = Array.from(
        { length: 210 },
        (_, week) => Date.parse("2025-01-06T00:00:00Z") + week * 7 * 86_400_000,
      );
      const raw = weeks.map((monday) => ({
        time: (monday + day * 86_400_000 + hour * 3_600_000 - aheadMs(zone, monday)) / 1_000,
        open: 1,
        high: 1,
        low: 1,
        close: 1,
        volume: 0,
      }));
      for (const interval of ["1d", "1w"] as const) {
        const { bars, leftOut } = historyBars(GOLD, interval, raw, Date.now());
        expect(bars.map(({ openedAtMs }) => openedAtMs)).toEqual(weeks);
        expect(leftOut).toBe(0);
      }
    },
  );

  it("an unknown symbol is permanent, in the site's words", async () => {
    expect(await reasonOf(ask("1d", 5))).toBe("permanent unknown-symbol: TVC:GOLD: invalid symbol");
  });

  it("a refused series, a cut connection, silence and a server that is away are temporary", async () => {
    server.symbols.set(GOLD, { seriesError: "resolution not supported" });
    expect(await reasonOf(ask("1d", 5))).toBe(
      "temporary series-refused: TVC:GOLD 1D: s1 resolution not supported",
    );
    server.symbols.set(GOLD, { cuts: 1, barsAnUpdate: 2 });
    expect(await reasonOf(ask("1d", 5))).toMatch(/^temporary network: /);
    server.symbols.set(GOLD, { stalls: true });
    const impatient = createTradingviewHistory({ ...options, silenceMs: 300 });
    expect(await reasonOf(impatient.fetchBars({ instrument: GOLD, interval: "1d", bars: 1 }))).toBe(
      "temporary timeout: no word about TVC:GOLD for 0.3 s",
    );
    const away = createTradingviewHistory({ url: "ws://127.0.0.1:1/", login: createLogin(null) });
    expect(await reasonOf(away.fetchBars({ instrument: GOLD, interval: "1d", bars: 1 }))).toMatch(
      /^temporary network: /,
    );
  });
});

describe("a login at TradingView", () => {
  const loggedInBy = (password: string) => {
    const login = createLogin({ username: "someone", password }, { baseUrl: server.siteUrl });
    const feed = createTradingviewHistory({ url: server.socketUrl, login });
    return () => feed.fetchBars({ instrument: GOLD, interval: "1d", bars: 1 });
  };

  it("gives its token to every socket, and signs in once for many", async () => {
    server.symbols.set(GOLD, {});
    const fetch = loggedInBy("right");
    await Promise.all([fetch(), fetch()]);
    await fetch();
    expect(server.tokens).toEqual([TOKEN, TOKEN, TOKEN]);
    expect(server.signIns).toBe(1);
  });

  it("that is refused is permanent, is not tried again and again, and is told without the password", async () => {
    server.symbols.set(GOLD, {});
    const fetch = loggedInBy("very-wrong");
    const said = await reasonOf(fetch());
    expect(said).toMatch(/^permanent login-refused: .*Invalid username or password$/);
    expect(said).not.toContain("very-wrong");
    expect(await reasonOf(fetch())).toBe(said);
    expect(server).toMatchObject({ signIns: 1, tokens: [] });
  });

  it("of half a pair is a wrong environment", () => {
    const env = { TRADINGVIEW_WS_URL: server.socketUrl, TRADINGVIEW_BASE_URL: undefined };
    expect(() =>
      historyFromEnvironment(
        { ...env, TRADINGVIEW_USERNAME: "someone", TRADINGVIEW_PASSWORD: undefined },
        new Agent(),
      ),
    ).toThrow("TRADINGVIEW_PASSWORD is not set; it should be set, for TRADINGVIEW_USERNAME is");
  });
});

/** How far the clocks of a zone are ahead of UTC on a Monday: they change on Sundays. */
function aheadMs(zone: string, mondayMs: number): number {
  const noon = new Date(mondayMs + 12 * 3_600_000);
  const name = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" })
    .formatToParts(noon)
    .find(({ type }) => type === "timeZoneName")?.value;
  const [, sign = "+", hours = "0", minutes = "0"] = /GMT([+-])(\d+):(\d+)/.exec(name ?? "") ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
