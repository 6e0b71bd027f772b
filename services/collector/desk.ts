import type { Database } from "@pricefleet/database";
import type { DebugStore, Fetcher, FetchMode, RobotsGate } from "@pricefleet/fetching";
import type { Logger } from "@pricefleet/logging";
import type { BaseRates } from "@pricefleet/pricing";
import type { Belt } from "@pricefleet/queue";
import type { Sources } from "@pricefleet/sources";

/** All that collecting needs; opened once by main.ts, which closes it. */
export interface Desk {
  db: Database;
  belt: Belt;
  fetcher: Fetcher;
  sources: Sources;
  /** What prices are worth in the base currency now. */
  baseRates: BaseRates;
  debugPages: DebugStore;
  logger: Logger;
  fetchMode: FetchMode;
  enrichMaxAgeHours: number;
  /** A target that nobody has claimed after this long is published again, by the dispatcher. */
  republishAfterSeconds: number;
  /** So many searches in a row without a listing make its own page be looked at; 0: never. */
  goneAfterMisses: number;
  robots: RobotsGate;
  /** A host that has shown nothing but walls for so many hours is given up; 0: never. */
  blockedHostHours: number;
  /**
   * The least delay this process keeps to any host, and what a host met for the first time is configured with; null: the
   * sources' own.
   */
  hostMinDelayMs: number | null;
  /** The process was asked to stop: the page in hand is left, and the run given back at it. */
  stopping: AbortSignal;
}
