/** A kind of event that has no history of its own: what counts is the newest state of each thing. */
export interface LiveFeed {
  name: "quote" | "bar";
  /** What a listener is told first; nothing while it may be old. */
  newest(): readonly LiveEvent[];
  subscribe(listener: (events: readonly LiveEvent[]) => void): () => void;
}

export interface LiveEvent {
  /** EXCHANGE:SYMBOL */
  instrument: string;
  /** Of a bar. */
  interval: string | null;
  /** JSON, written once for all who listen. */
  data: string;
}
