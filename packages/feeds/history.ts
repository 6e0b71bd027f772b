import type { Bar, BarInterval } from "@pricefleet/contracts";

export interface HistoryRequest {
  /** EXCHANGE:SYMBOL */
  instrument: string;
  interval: BarInterval;
  /** The newest ones, at most so many. */
  bars: number;
}

export interface FetchedHistory {
  /** The oldest first, aligned as all bars are; the last one is not complete while its time is not over. */
  bars: Bar[];
  /** Bars of the site that fit no bar of ours, and were left out. */
  leftOut: number;
}

/** Past bars of one site. */
export interface HistoryFeed {
  /**
   * @throws PermanentError `unknown-symbol`, `login-refused`; TemporaryError `network`, `timeout`, `series-refused`,
   * `refused`.
   */
  fetchBars(request: HistoryRequest): Promise<FetchedHistory>;
}
