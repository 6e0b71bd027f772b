import type { Database } from "@pricefleet/database";
import type { HistoryFeed } from "@pricefleet/feeds";
import type { DebugStore, Fetcher, FetchMode, RobotsGate, SnapshotStore } from "@pricefleet/fetching";
import type { Logger } from "@pricefleet/logging";
import type { BaseRates } from "@pricefleet/pricing";
import type { Belt } from "@pricefleet/queue";
import type { Sources } from "@pricefleet/sources";
import type { QuoteTeller } from "./tell-of-quotes.ts";

/** All that is needed to work on a target; opened once by main.ts, which closes it. */
export interface Workbench {
  db: Database;
  belt: Belt;
  fetcher: Fetcher;
  sources: Sources;
  history: HistoryFeed;
  /** What prices are worth in the base currency now. */
  baseRates: BaseRates;
  snapshots: SnapshotStore;
  debugPages: DebugStore;
  logger: Logger;
  /** Shown in the lease: which process has the target in hand. */
  worker: string;
  leaseSeconds: number;
  /** After how long a price in quarantine is looked at again. */
  secondLookSeconds: number;
  fetchMode: FetchMode;
  robots: RobotsGate;
  quotes: QuoteTeller;
  /** Photos of listings are looked at, to find the same thing offered elsewhere. */
  comparesPhotos: boolean;
  /** The least delay this process keeps to any host. */
  hostMinDelayMs: number;
}
