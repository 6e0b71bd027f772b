import type { QueueName, RunState, TargetState } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** What is to be watched of the book. */
export interface BookMeasurements {
  runs: { state: RunState; count: number }[];
  /** Of runs that have not ended, and those without a run. */
  targets: { queue: QueueName; state: TargetState; count: number }[];
  closedHosts: number;
}

/** Reads the counters of runs under way, so that its cost grows with their number and not with their targets. */
export async function measureBook(db: Database): Promise<BookMeasurements> {
  const [runs, targets, hosts] = await Promise.all([
    sql<BookMeasurements["runs"][number]>`
      SELECT state, count(*)::integer AS count FROM runs GROUP BY state`.execute(db),
    sql<BookMeasurements["targets"][number]>`
      SELECT queue, state, sum(count)::integer AS count
        FROM (SELECT c.queue, c.state, c.count
                FROM runs r JOIN run_counts_now c ON c.run_id = r.id
               WHERE r.state IN ('initializing', 'processing', 'paused')
               UNION ALL
              SELECT queue, state, 1 FROM targets WHERE run_id IS NULL) there
       GROUP BY queue, state`.execute(db),
    sql<{ count: number }>`
      SELECT count(*)::integer AS count FROM hosts WHERE closed_until > now()`.execute(db),
  ]);
  return { runs: runs.rows, targets: targets.rows, closedHosts: hosts.rows[0]?.count ?? 0 };
}
