import { BadEnvironmentError, type BarInterval, PricefleetError } from "@pricefleet/contracts";
import type { Dispatcher } from "undici";
import type { HistoryEnvironment } from "../environment.ts";
import type { HistoryFeed } from "../history.ts";
import { type ChartOptions, fetchSeries, type RawBar } from "./chart-session.ts";
import { historyBars, isAligned, longerBars } from "./history-bars.ts";
import { createLogin, type Login } from "./sign-in.ts";

export type TradingviewHistoryOptions = Pick<ChartOptions, "url"> & Partial<ChartOptions> & { login: Login };

const SILENCE_MS = 15_000;
const TIMEOUT_MS = 90_000;

const resolutions: Record<BarInterval, string> = {
  "1m": "1",
  "5m": "5",
  "15m": "15",
  "1h": "60",
  "4h": "240",
  "1d": "1D",
  "1w": "1W",
};
const HOURS_IN_4H = 4;

/** Past bars by the chart session of TradingView's socket: a connection a request. */
export function createTradingviewHistory({ login, ...options }: TradingviewHistoryOptions): HistoryFeed {
  const chart = { silenceMs: SILENCE_MS, timeoutMs: TIMEOUT_MS, ...options };
  return {
    async fetchBars({ instrument, interval, bars: wanted }) {
      const { bars: raw, badBars } = await fetch(instrument, resolutions[interval], wanted);
      const fitting =
        interval === "4h" && !raw.every((bar) => isAligned("4h", bar))
          ? await fromHours(instrument, wanted)
          : raw;
      const { bars, leftOut } = historyBars(instrument, interval, fitting, Date.now());
      return { bars, leftOut: leftOut + badBars };
    },
  };

  /**
   * The site counts four hours from when the exchange opens, which is seldom where UTC's begin. The first one may lack
   * hours, so it is asked for and left.
   */
  async function fromHours(instrument: string, wanted: number): Promise<RawBar[]> {
    const { bars } = await fetch(instrument, resolutions["1h"], (wanted + 1) * HOURS_IN_4H);
    return longerBars(
      "4h",
      bars.filter((bar) => isAligned("1h", bar)),
    )
      .slice(1)
      .slice(-wanted);
  }

  async function fetch(instrument: string, resolution: string, bars: number) {
    const authToken = await login.authToken();
    try {
      return await fetchSeries({ instrument, resolution, bars, authToken }, chart);
    } catch (error) {
      // Perhaps it was the token: the next attempt signs in again.
      if (error instanceof PricefleetError && error.reason === "refused") login.forget();
      throw error;
    }
  }
}

/**
 * @param dispatcher by which sockets and the sign-in leave.
 * @throws BadEnvironmentError for a name without a password, or the reverse.
 */
export function historyFromEnvironment(env: HistoryEnvironment, dispatcher: Dispatcher): HistoryFeed {
  const { TRADINGVIEW_USERNAME: username, TRADINGVIEW_PASSWORD: password } = env;
  if (username === undefined && password !== undefined)
    throw new BadEnvironmentError("TRADINGVIEW_USERNAME", undefined, "set, for TRADINGVIEW_PASSWORD is");
  if (username !== undefined && password === undefined)
    throw new BadEnvironmentError("TRADINGVIEW_PASSWORD", undefined, "set, for TRADINGVIEW_USERNAME is");
  const credentials = username === undefined || password === undefined ? null : { username, password };
  return createTradingviewHistory({
    url: env.TRADINGVIEW_WS_URL,
    dispatcher,
    login: createLogin(credentials, { baseUrl: env.TRADINGVIEW_BASE_URL, dispatcher }),
  });
}
