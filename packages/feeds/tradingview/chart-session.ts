import { messageOf, PermanentError, PricefleetError, TemporaryError } from "@pricefleet/contracts";
import { type Dispatcher, WebSocket } from "undici";
import { openSocket } from "../open-socket.ts";
import { createMessageReader, type Message, newSession, write } from "./messages.ts";

export interface ChartOptions {
  /** TRADINGVIEW_WS_URL */
  url: string;
  /** No word about the series for so long: given up. Heartbeats do not count. */
  silenceMs: number;
  /** Of the whole session. */
  timeoutMs: number;
  /** By which it connects; undici's own, which connects directly, unless told. */
  dispatcher?: Dispatcher | undefined;
}

interface SeriesRequest {
  /** EXCHANGE:SYMBOL */
  instrument: string;
  /** As the site names it: minutes, 1D or 1W. */
  resolution: string;
  bars: number;
  authToken: string;
}

/** As the site gives it. */
export interface RawBar {
  /** Seconds since 1970, when it opened. */
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export interface Series {
  /** The newest ones, at most as many as were asked for, the oldest first. */
  bars: RawBar[];
  /** Entries that were no bars, and were skipped. */
  badBars: number;
}

/** The site refuses sockets of other pages. */
const HEADERS = { Origin: "https://www.tradingview.com" };
const SYMBOL = "sds_sym_1";
const SERIES = "sds_1";

/**
 * Bars of one symbol by a chart session on a connection of its own, which is closed when it has them. The site may give
 * them in several parts, and fewer at once than were asked for: then it is asked for more until it has no more.
 * @throws PermanentError `unknown-symbol`; TemporaryError `network`, `timeout`, `series-refused`, `refused`; what the
 * way out throws.
 */
export function fetchSeries(request: SeriesRequest, options: ChartOptions): Promise<Series> {
  return new Promise((resolve, reject) => {
    const { instrument, resolution, bars: wanted, authToken } = request;
    const { socket, whyNotConnected } = openSocket(options.url, HEADERS, options.dispatcher);
    const session = newSession("cs");
    const reader = createMessageReader();
    const bars = new Map<number, RawBar>();
    let badBars = 0;
    let hadWhenAsked = 0;
    const watchdog = setTimeout(silent, options.silenceMs);
    const deadline = setTimeout(
      () => fail(new TemporaryError("timeout", `${instrument} took over ${options.timeoutMs / 1_000} s`)),
      options.timeoutMs,
    );

    socket.addEventListener("open", () => {
      send("set_auth_token", authToken);
      send("chart_create_session", session, "");
      send(
        "resolve_symbol",
        session,
        SYMBOL,
        `=${JSON.stringify({ symbol: instrument, adjustment: "splits" })}`,
      );
      send("create_series", session, SERIES, "s1", SYMBOL, resolution, wanted, "");
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return;
      for (const message of reader.read(data, (text) => socket.send(text))) take(message);
    });
    socket.addEventListener("error", (event) =>
      fail(networkFault(whyNotConnected() ?? event.error ?? event.message)),
    );
    socket.addEventListener("close", ({ code, reason }) =>
      fail(new TemporaryError("network", `closed by the server: ${code} ${reason}`.trim())),
    );

    function take({ name, parameters }: Message): void {
      if (name === "critical_error" || name === "protocol_error")
        return fail(new TemporaryError("refused", `${name}: ${wordsOf(parameters)}`));
      if (parameters[0] !== session) return;
      watchdog.refresh();
      switch (name) {
        case "timescale_update":
        case "du":
          return keepBars(parameters[1]);
        case "series_completed":
          return bars.size >= wanted || bars.size === hadWhenAsked ? finish() : askForMore();
        case "symbol_error":
          return fail(new PermanentError("unknown-symbol", `${instrument}: ${wordsOf(parameters.slice(2))}`));
        case "series_error":
          return fail(
            new TemporaryError(
              "series-refused",
              `${instrument} ${resolution}: ${wordsOf(parameters.slice(2))}`,
            ),
          );
      }
    }

    function keepBars(update: unknown): void {
      const series = (update as Record<string, { s?: unknown } | undefined> | null)?.[SERIES]?.s;
      if (!Array.isArray(series)) return;
      for (const entry of series) {
        const bar = readBar((entry as { v?: unknown } | null)?.v);
        if (bar === null) badBars++;
        else bars.set(bar.time, bar);
      }
    }

    function askForMore(): void {
      hadWhenAsked = bars.size;
      send("request_more_data", session, SERIES, wanted - bars.size);
    }

    /** Where there is no more, not every server says so. */
    function silent(): void {
      if (hadWhenAsked > 0) return finish();
      fail(new TemporaryError("timeout", `no word about ${instrument} for ${options.silenceMs / 1_000} s`));
    }

    function send(name: string, ...parameters: unknown[]): void {
      if (socket.readyState === WebSocket.OPEN) socket.send(write(name, parameters));
    }

    function finish(): void {
      close();
      const all = [...bars.values()].toSorted((a, b) => a.time - b.time);
      resolve({ bars: all.slice(-wanted), badBars });
    }

    /** After the first end of any kind this changes nothing any more. */
    function fail(error: Error): void {
      close();
      reject(error);
    }

    function close(): void {
      clearTimeout(watchdog);
      clearTimeout(deadline);
      socket.close();
    }
  });
}

/** What the way out says has its class already: without one, for example, the attempt is given back. */
function networkFault(error: unknown): PricefleetError {
  return error instanceof PricefleetError ? error : new TemporaryError("network", messageOf(error));
}

/** `[time, open, high, low, close, volume]`; the volume is left out where nobody counts it. */
function readBar(values: unknown): RawBar | null {
  if (!Array.isArray(values)) return null;
  const [time, open, high, low, close, volume = 0] = values as unknown[];
  const numbers = [time, open, high, low, close];
  if (!numbers.every((value): value is number => typeof value === "number" && Number.isFinite(value)))
    return null;
  const counted = typeof volume === "number" && Number.isFinite(volume) ? volume : 0;
  const [at, first, most, least, last] = numbers as [number, number, number, number, number];
  return { time: at, open: first, high: most, low: least, close: last, volume: counted };
}

function wordsOf(parameters: readonly unknown[]): string {
  return parameters
    .map((part) => (typeof part === "string" ? part : JSON.stringify(part)))
    .join(" ")
    .slice(0, 300);
}
