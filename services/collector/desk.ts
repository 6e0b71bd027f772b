import type { Database } from "@pricefleet/database";
import type { DebugStore, Fetcher, FetchMode } from "@pricefleet/fetching";
import type { Logger } from "@pricefleet/logging";
import type { Belt } from "@pricefleet/queue";
import type { Sources } from "@pricefleet/sources";

/** All that collecting needs; opened once by main.ts, which closes it. */
export interface Desk {
  db: Database;
  belt: Belt;
  fetcher: Fetcher;
  sources: Sources;
  debugPages: DebugStore;
  logger: Logger;
  fetchMode: FetchMode;
  enrichMaxAgeHours: number;
  /** Overrides the sources' own politeness for hosts met for the first time; null: theirs. */
  hostMinDelayMs: number | null;
  /** The process was asked to stop: the page in hand is left, and the run given back at it. */
  stopping: AbortSignal;
}
