export {
  connectDatabase,
  type Database,
  DatabaseUnavailableError,
  isDatabaseAnswering,
  withRetries,
} from "./connect.ts";
export { leadUntilStopped } from "./lead-until-stopped.ts";
export { type Listening, listen } from "./listen.ts";
export { migrateToLatest } from "./migrate.ts";
export { neededSchemaVersion } from "./migrations/index.ts";
export * from "./repositories/analytics-queries.ts";
export * from "./repositories/asking-queries.ts";
export * from "./repositories/bar-repository.ts";
export * from "./repositories/bar-retention-repository.ts";
export * from "./repositories/belt-repository.ts";
export * from "./repositories/benchmark-repository.ts";
export * from "./repositories/collecting-repository.ts";
export * from "./repositories/collector-repository.ts";
export * from "./repositories/daily-price-repository.ts";
export * from "./repositories/dead-letter-queries.ts";
export * from "./repositories/dead-letter-repository.ts";
export * from "./repositories/deal-repository.ts";
export * from "./repositories/event-queries.ts";
export {
  askSearchFilter,
  filterOfRun,
  finishFilteredOut,
} from "./repositories/filter-repository.ts";
export * from "./repositories/finish-repository.ts";
export * from "./repositories/gpu-catalog-queries.ts";
export * from "./repositories/host-repository.ts";
export * from "./repositories/leader-repository.ts";
export * from "./repositories/host-queries.ts";
export * from "./repositories/listing-queries.ts";
export { findLineage, findRelations } from "./repositories/listing-relations-queries.ts";
export * from "./repositories/listing-state-repository.ts";
export {
  findUnmatchedTitles,
  type MatchedTitle,
  noteModels,
  type TitleMatch,
  type UnmatchedTitles,
} from "./repositories/listing-model-repository.ts";
export * from "./repositories/measurement-queries.ts";
export * from "./repositories/market-progress-queries.ts";
export * from "./repositories/market-asking-queries.ts";
export * from "./repositories/market-queries.ts";
export * from "./repositories/market-repository.ts";
export * from "./repositories/market-run-repository.ts";
export * from "./repositories/page-health-repository.ts";
export * from "./repositories/partition-repository.ts";
export type { Position } from "./repositories/positions.ts";
export * from "./repositories/photo-repository.ts";
export * from "./repositories/price-queries.ts";
export * from "./repositories/rereading-repository.ts";
export * from "./repositories/robots-repository.ts";
export * from "./repositories/run-counts-repository.ts";
export type { Buckets, RunProgress } from "./repositories/run-progress-queries.ts";
export * from "./repositories/quote-repository.ts";
export * from "./repositories/recurring-repository.ts";
export * from "./repositories/run-queries.ts";
export * from "./repositories/run-repository.ts";
export { type FiredSearch, startDueSearches } from "./repositories/schedule-repository.ts";
export { withoutValue } from "./repositories/price-rules.ts";
export type { PriceStatistics } from "./repositories/price-statistics.ts";
export * from "./repositories/search-queries.ts";
export * from "./repositories/statistics-queries.ts";
export * from "./repositories/history-repository.ts";
export * from "./repositories/sync-dispatching-repository.ts";
export * from "./repositories/sync-queries.ts";
export * from "./repositories/sync-schedule-queries.ts";
export {
  type SightedRate,
  type Sighting,
  type StoredSighting,
  storeSightings,
} from "./repositories/sighting-repository.ts";
export * from "./repositories/sync-repository.ts";
export {
  findSnapshot,
  keepUnreadSnapshot,
  type KeptSnapshot,
  markSnapshotsPruned,
  type SnapshotRow,
} from "./repositories/snapshot-repository.ts";
export {
  type Claim,
  type ClaimAnswer,
  claimTarget,
  type Lease,
  markDeadLettered,
  markGivenUp,
  postponeTarget,
  takeBackForgottenClaim,
  type TargetFailure,
} from "./repositories/target-repository.ts";
export { isRetryable, sqlStateOf } from "./retryable-errors.ts";
export { ensureRoles, generateRolePasswords, type RolePasswords } from "./roles.ts";
