import type { Tick } from "@pricefleet/contracts";

/** What a feed tells. Called from its socket's messages: whoever listens must not throw and should not take long. */
export interface FeedListener {
  onTick(tick: Tick): void;
  /** The feed does not know the instrument, or may not give it. Told once a subscription, and again after a reconnect. */
  onRefused(instrument: string, message: string): void;
  /** Something came that could not be read: a tick may have been in it. */
  onUnreadable(): void;
  /** Quotes come from `open` to `down`; what was traded between a `down` and the next `open` was not heard. */
  onState(state: "open" | "down", reason: string): void;
}

/**
 * Live quotes of one site. It connects by itself, and again whenever the connection is lost, and keeps what is subscribed.
 * Another site is another folder in this package that exports one function which gives this.
 */
export interface QuoteFeed {
  readonly name: string;
  subscribe(instruments: readonly string[]): void;
  unsubscribe(instruments: readonly string[]): void;
  counters(): FeedCounters;
  close: () => Promise<void>;
}

export interface FeedCounters {
  connections: number;
  /** Frames or messages that were not understood, and skipped. */
  badMessages: number;
}
