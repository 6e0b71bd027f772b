import { messageOf } from "@pricefleet/contracts";
import {
  asLeader,
  type Database,
  noteCollector,
  noteCollectorGone,
  runsToLookAt,
  runsWithoutCollector,
  settleLostCollectors,
  type Term,
} from "@pricefleet/database";
import type { CollectorLauncher } from "@pricefleet/kubernetes";
import type { Logger } from "@pricefleet/logging";

interface Means {
  db: Database;
  launcher: CollectorLauncher;
  logger: Logger;
}

/** So many are looked at in one go; their ids go into one question to the API server. */
const MAX_LOOKED_AT = 200;

/** Runs asked for and runs whose time had come take the same way. One that cannot be started holds up no other. */
export async function startCollectors(term: Term, { db, launcher, logger }: Means): Promise<void> {
  for (const lost of await asLeader(db, term, settleLostCollectors)) {
    logger.warn("a run lost its collector", { run_id: lost.runId, state: lost.state });
  }
  for (const runId of await runsWithoutCollector(db)) {
    try {
      await launcher.launch(runId);
    } catch (error) {
      const report = launcher.reportFailedLaunch(runId, error);
      logger.warn("a collector could not be started", {
        run_id: runId,
        error: messageOf(error),
        why: report.message,
      });
      await asLeader(db, term, (trx) => noteCollector(trx, runId, report));
    }
  }
}

/** Looks how the collectors are doing and notes it in their runs. Asks instead of watching: a watch can hang unnoticed. */
export async function watchCollectors(term: Term, { db, launcher }: Means): Promise<void> {
  const runIds = await runsToLookAt(db, MAX_LOOKED_AT);
  if (runIds.length === 0) return;
  const reports = await launcher.lookAt(runIds);
  await asLeader(db, term, async (trx) => {
    for (const runId of runIds) {
      const report = reports.get(runId);
      if (report === undefined) await noteCollectorGone(trx, runId, launcher.goneBecause);
      else await noteCollector(trx, runId, report);
    }
  });
}
