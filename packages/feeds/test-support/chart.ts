import type { Message } from "../tradingview/messages.ts";

/** `[time, open, high, low, close, volume]`, the time in seconds since 1970, when it opened. */
export type BarValues = [
  time: number,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
];

/** What a symbol's chart does, beside giving all bars at once. */
export interface ChartManners {
  /** Bars in one answer; the rest has to be asked for. */
  atOnce?: number;
  /** An answer comes in updates of so many bars. */
  barsAnUpdate?: number;
  /** Says nothing, but for heartbeats. */
  stalls?: boolean;
  /** Ends the connection so often, in the middle of the bars, before it goes well. */
  cuts?: number;
  /** Refuses the series with these words. */
  seriesError?: string;
}

export interface Chart {
  manners: ChartManners;
  /**
   * The newest ones that opened before a time in seconds since 1970, the oldest first; fewer where there are no more.
   * @param resolution as the site names it: minutes, 1D or 1W.
   */
  barsBefore: (resolution: string, seconds: number, count: number) => BarValues[];
}

interface ChartOptions {
  /** Of EXCHANGE:SYMBOL; undefined: an unknown symbol. */
  find: (symbol: string) => Chart | undefined;
  say: (name: string, ...parameters: unknown[]) => void;
  /** Ends the connection without a word. */
  cut: () => void;
  onSeries?: (series: { symbol: string; resolution: string; bars: number }) => void;
}

/** The site's end of one connection's chart session. Gives what takes the client's messages; others than a chart's are ignored. */
export function serveChart({ find, say, cut, onSeries }: ChartOptions): (message: Message) => void {
  let symbol = "";
  let chart: Chart | undefined;
  let resolution = "";
  let before = Number.POSITIVE_INFINITY;

  return ({ name, parameters }) => {
    const [session] = parameters;
    if (name === "resolve_symbol") {
      symbol = (JSON.parse(String(parameters[2]).slice(1)) as { symbol: string }).symbol;
      chart = find(symbol);
      if (chart === undefined) return say("symbol_error", session, parameters[1], "invalid symbol");
      if (chart.manners.stalls !== true) say("symbol_resolved", session, parameters[1], { name: symbol });
    }
    if (chart === undefined || chart.manners.stalls === true) return;
    if (name === "create_series") {
      resolution = String(parameters[4]);
      before = Number.POSITIVE_INFINITY;
      const bars = Number(parameters[5]);
      onSeries?.({ symbol, resolution, bars });
      if (chart.manners.seriesError !== undefined)
        return say("series_error", session, "sds_1", "s1", chart.manners.seriesError);
      say("series_loading", session, "sds_1", "s1");
      give(chart, session, bars);
    }
    if (name === "request_more_data") give(chart, session, Number(parameters[2]));
  };

  function give({ manners, barsBefore }: Chart, session: unknown, wanted: number): void {
    const bars = barsBefore(resolution, before, Math.min(wanted, manners.atOnce ?? wanted));
    before = bars[0]?.[0] ?? before;
    const step = manners.barsAnUpdate ?? Math.max(1, bars.length);
    for (let at = 0; at < bars.length; at += step) {
      const s = bars.slice(at, at + step).map((v, index) => ({ i: at + index, v }));
      say("timescale_update", session, { sds_1: { node: "test", s, t: "s1" } }, { index: at });
      if ((manners.cuts ?? 0) > 0) {
        manners.cuts = (manners.cuts ?? 0) - 1;
        return cut();
      }
    }
    say("series_completed", session, "sds_1", "streaming", "s1");
  }
}
