import type { CollectorReport } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** What has not changed is noted again only this often, so that `checked_at` tells whether anybody looks at all. */
const NOTED_AGAIN_AFTER = sql`interval '10 seconds'`;

/** Runs whose collector may have something to tell: it has not ended as far as is known, or another is to come. */
export async function runsToLookAt(db: Database, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM runs WHERE state IN ('initializing', 'processing', 'paused') AND collected_at IS NULL
    UNION
    SELECT run_id FROM run_collectors WHERE state IN ('pending', 'running')
    ORDER BY id LIMIT ${limit}`.execute(db);
  return rows.map((row) => row.id);
}

/** Notes how the collector of a run is doing. */
export async function noteCollector(db: Database, runId: string, report: CollectorReport): Promise<void> {
  const { kind, name, state, message } = report;
  await sql`
    INSERT INTO run_collectors AS c (run_id, kind, name, state, message, pods)
    VALUES (${runId}, ${kind}, ${name}, ${state}, ${message}, ${JSON.stringify(report.pods)}::jsonb)
    ON CONFLICT (run_id) DO UPDATE
       SET kind = excluded.kind, name = excluded.name, state = excluded.state, message = excluded.message,
           pods = excluded.pods, checked_at = now()
     WHERE (c.kind, c.name, c.state, c.message, c.pods) IS DISTINCT FROM
           (excluded.kind, excluded.name, excluded.state, excluded.message, excluded.pods)
        OR c.checked_at < now() - ${NOTED_AGAIN_AFTER}`.execute(db);
}

/** Notes that a collector which had not ended is there no more. One that has ended keeps its end. */
export async function noteCollectorGone(db: Database, runId: string, message: string): Promise<void> {
  await sql`
    UPDATE run_collectors SET state = 'gone', message = ${message}, pods = '[]', checked_at = now()
     WHERE run_id = ${runId} AND state IN ('pending', 'running')`.execute(db);
}

/** How a run's last collector was doing when it was last looked at; null when the dispatcher started none for it. */
export async function findCollectorOf(
  db: Database,
  runId: string,
): Promise<(CollectorReport & { checked_at: Date }) | null> {
  const { rows } = await sql<CollectorReport & { checked_at: Date }>`
    SELECT kind, name, state, message, pods, checked_at FROM run_collectors WHERE run_id = ${runId}`.execute(
    db,
  );
  return rows[0] ?? null;
}
