import {
  asLeader,
  type BarRetention,
  cancelTargetsOfResetRuns,
  completeFinishedRuns,
  type Database,
  type DueTarget,
  ensureMonthlyPartitions,
  foldTargetMoves,
  freeDeadLeases,
  giveUpBlockedHosts,
  judgeLayouts,
  markDeadLettered,
  markSnapshotsPruned,
  returnOverdueTargets,
  takeDueTargets,
  type Term,
  undeliveredDeadLetters,
} from "@pricefleet/database";
import type { PrunableStore, PruneLimits } from "@pricefleet/fetching";
import type { CollectorLauncher } from "@pricefleet/kubernetes";
import type { Logger } from "@pricefleet/logging";
import { type Belt, publishDueTargets } from "@pricefleet/queue";
import type { Sources } from "@pricefleet/sources";
import { keepDeals, pruneOldObservations, sumUpPrices } from "./keep-statistics.ts";
import { matchTitles } from "./match-titles.ts";
import { startCollectors, watchCollectors } from "./collectors.ts";
import { fireSchedules } from "./fire-schedules.ts";
import { fireHistorySchedules, startSyncs } from "./keep-history.ts";
import { findLostQuotes, keepQuotesTurning } from "./keep-quotes-turning.ts";
import { pruneBars } from "./prune-bars.ts";
import { sweepDeadLetters } from "./sweep-dead-letters.ts";

export interface Office {
  db: Database;
  belt: Belt;
  launcher: CollectorLauncher;
  sources: Sources;
  logger: Logger;
  republishAfterSeconds: number;
  blockedHostHours: number;
  longestBelt: number;
  layoutRule: { halfLifePages: number; bound: number };
  pausedRunBlocksHours: number;
  barRetention: readonly BarRetention[];
  snapshots: KeptPages;
  debugPages: KeptPages;
  baseCurrency: string;
  observationMaxAgeDays: number;
}

interface KeptPages extends PruneLimits {
  store: PrunableStore;
}

export interface Duty {
  name: string;
  everyMs: number;
  run(term: Term, office: Office): Promise<void>;
}

const BATCH = 5_000;
/** A worker that gave a target up publishes its dead letter at once; what is older than this was cut off in between. */
const DEAD_LETTER_GRACE_SECONDS = 30;

/** All that the leader does, each at its own pace. One that fails is logged and tried again at its next turn. */
export const duties: readonly Duty[] = [
  { name: "take back what was lost", everyMs: 1_000, run: takeBackWhatWasLost },
  { name: "publish what is due", everyMs: 500, run: publishWhatIsDue },
  { name: "fold counters", everyMs: 1_000, run: foldCounters },
  { name: "judge layouts", everyMs: 5_000, run: judgeHowPagesAreRead },
  { name: "close finished runs", everyMs: 1_000, run: closeFinishedRuns },
  { name: "give up blocked hosts", everyMs: 10_000, run: giveUpOnBlockedHosts },
  { name: "fire schedules", everyMs: 2_000, run: fireSchedules },
  { name: "fire history schedules", everyMs: 2_000, run: fireHistorySchedules },
  { name: "start syncs", everyMs: 500, run: startSyncs },
  { name: "start collectors", everyMs: 2_000, run: startCollectors },
  { name: "watch collectors", everyMs: 2_000, run: watchCollectors },
  { name: "keep quote targets turning", everyMs: 2_000, run: keepQuotesTurning },
  { name: "find lost quotes", everyMs: 10_000, run: findLostQuotes },
  { name: "deliver dead letters", everyMs: 5_000, run: deliverDeadLetters },
  { name: "sweep dead letters", everyMs: 10_000, run: sweepDeadLetters },
  { name: "sum up prices", everyMs: 60_000, run: sumUpPrices },
  { name: "reckon deals", everyMs: 120_000, run: keepDeals },
  { name: "prune observations", everyMs: 3_600_000, run: pruneOldObservations },
  { name: "match titles", everyMs: 600_000, run: matchTitles },
  { name: "make partitions", everyMs: 3_600_000, run: makePartitions },
  { name: "prune bars", everyMs: 600_000, run: pruneBars },
  { name: "prune kept pages", everyMs: 3_600_000, run: pruneKeptPages },
];

async function takeBackWhatWasLost(term: Term, { db, logger }: Office): Promise<void> {
  const lost = await asLeader(db, term, async (trx) => ({
    overdue: await returnOverdueTargets(trx, BATCH),
    ...(await freeDeadLeases(trx, BATCH)),
  }));
  if (lost.overdue + lost.freed + lost.dead > 0) logger.info("took back lost targets", lost);
}

async function publishWhatIsDue(
  term: Term,
  { db, belt, logger, republishAfterSeconds, longestBelt }: Office,
): Promise<void> {
  const settings = { longestBelt, republishAfterSeconds };
  const book = {
    takeDue: (limit: number): Promise<DueTarget[]> =>
      asLeader(db, term, (trx) => takeDueTargets(trx, limit, settings)),
  };
  let published: number;
  do {
    ({ published } = await publishDueTargets({ belt, book, limit: BATCH, logger }));
    if (published > 0) logger.info("published targets", { published });
  } while (published === BATCH);
}

async function foldCounters(term: Term, { db }: Office): Promise<void> {
  let folded: number;
  do {
    folded = await asLeader(db, term, (trx) => foldTargetMoves(trx, BATCH));
  } while (folded === BATCH);
}

async function judgeHowPagesAreRead(term: Term, { db, logger, layoutRule }: Office): Promise<void> {
  for (const change of await asLeader(db, term, (trx) => judgeLayouts(trx, layoutRule))) {
    const { source, host, pageKind, flagged, readRate, usualRate } = change;
    const fields = { source, host, page_kind: pageKind, read_rate: readRate, usual_rate: usualRate };
    if (flagged) logger.warn("the layout of a site's pages seems to have changed", fields);
    else logger.info("a site's pages are read again", fields);
  }
}

async function closeFinishedRuns(term: Term, { db, logger }: Office): Promise<void> {
  await asLeader(db, term, cancelTargetsOfResetRuns);
  const runIds = await asLeader(db, term, completeFinishedRuns);
  for (const runId of runIds) logger.info("run completed", { run_id: runId });
}

async function giveUpOnBlockedHosts(term: Term, { db, logger, blockedHostHours }: Office): Promise<void> {
  if (blockedHostHours === 0) return;
  const hosts = await asLeader(db, term, (trx) => giveUpBlockedHosts(trx, blockedHostHours));
  for (const { host, givenUp } of hosts)
    logger.warn("gave up waiting for a host that shows nothing but walls", { host, given_up: givenUp });
}

async function deliverDeadLetters(_term: Term, { db, belt, logger }: Office): Promise<void> {
  for (const letter of await undeliveredDeadLetters(db, DEAD_LETTER_GRACE_SECONDS, 100)) {
    await belt.deadLetterTarget(letter, {
      reason: letter.reason,
      attempts: letter.attempts,
      error: letter.message,
    });
    await markDeadLettered(db, letter.targetId);
    logger.warn("delivered a dead letter that was cut off", {
      run_id: letter.runId,
      target_id: letter.targetId,
      request_id: letter.requestId,
      reason: letter.reason,
    });
  }
}

async function makePartitions(_term: Term, { db, logger }: Office): Promise<void> {
  const made = await ensureMonthlyPartitions(db, 3);
  if (made > 0) logger.info("made monthly partitions", { made });
}

async function pruneKeptPages(_term: Term, { db, logger, snapshots, debugPages }: Office): Promise<void> {
  const pages = await snapshots.store.prune(snapshots);
  await markSnapshotsPruned(db, pages.removed);
  if (pages.removed.length > 0)
    logger.info("pruned snapshots", { removed: pages.removed.length, freed_bytes: pages.freedBytes });
  const failed = await debugPages.store.prune(debugPages);
  if (failed.removed.length > 0)
    logger.info("pruned debug pages", { removed: failed.removed.length, freed_bytes: failed.freedBytes });
}
