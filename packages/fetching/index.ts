export { createDocumentCount, type DocumentCount } from "./document-count.ts";
export {
  dispatcherFromEnvironment,
  fetcherFromEnvironment,
  fetchingEnvironment,
  keptPagesEnvironment,
  wayOutEnvironment,
} from "./environment.ts";
export {
  createFetcher,
  type FetchedBy,
  type FetchedPage,
  type Fetcher,
  type FetcherOptions,
  type FetchMode,
  type FetchRequest,
  type FetchResult,
} from "./fetcher.ts";
export { findChromium } from "./find-chromium.ts";
export { createDebugStore, type DebugStore, type FailedPage } from "./debug-store.ts";
export { type PrunableStore, type PruneLimits } from "./kept-files.ts";
export { createRobotsGate, type RobotsGate, type RobotsStore } from "./robots-gate.ts";
export { createSnapshotStore, type Snapshot, type SnapshotStore } from "./snapshot-store.ts";
