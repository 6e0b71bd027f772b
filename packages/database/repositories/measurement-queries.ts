import type { QueueName, RunState, TargetState } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** What is to be watched of the book. */
export interface BookMeasurements {
  runs: { state: RunState; count: number }[];
  /** All that are still to be worked on, and those that have ended of runs that have not. */
  targets: { queue: QueueName; state: TargetState; count: number }[];
  closedHosts: number;
}

/** Reads indexes of what is under way, so that its cost grows with that and not with what was ever done. */
export async function measureBook(db: Database): Promise<BookMeasurements> {
  const [runs, targets, hosts] = await Promise.all([
    sql<BookMeasurements["runs"][number]>`
      SELECT state, count(*)::integer AS count FROM runs GROUP BY state`.execute(db),
    sql<BookMeasurements["targets"][number]>`
      SELECT queue, 'pending' AS state, count(*)::integer AS count FROM targets WHERE state = 'pending' GROUP BY queue
      UNION ALL
      SELECT queue, 'queued', count(*)::integer FROM targets WHERE state = 'queued' GROUP BY queue
      UNION ALL
      SELECT queue, 'running', count(*)::integer FROM targets WHERE state = 'running' GROUP BY queue
      UNION ALL
      SELECT t.queue, t.state, count(*)::integer
        FROM runs r JOIN targets t ON t.run_id = r.id AND t.state IN ('done', 'failed', 'dead', 'cancelled')
       WHERE r.state IN ('initializing', 'processing', 'paused')
       GROUP BY t.queue, t.state`.execute(db),
    sql<{ count: number }>`
      SELECT count(*)::integer AS count FROM hosts WHERE closed_until > now()`.execute(db),
  ]);
  return { runs: runs.rows, targets: targets.rows, closedHosts: hosts.rows[0]?.count ?? 0 };
}
