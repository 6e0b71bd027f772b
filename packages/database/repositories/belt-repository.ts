import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { backoffOfFailures } from "./refresh-backoff.ts";

/** A row that was just marked `queued` under this publish id, and has to be published now. */
export interface DueTarget {
  targetId: string;
  publishId: number;
  /** Null: it belongs to none. */
  runId: string | null;
  /** Of the API request that asked for the run; null if none did. */
  requestId: string | null;
  queue: string;
  source: string;
  host: string;
  url: string;
  attempts: number;
}

export interface BeltSettings {
  /** How many targets of one host and queue are on the belt at most, however fast the host is. */
  longestBelt: number;
  /** A target that nobody has claimed after this long is published again. */
  republishAfterSeconds: number;
}

export const defaultBelt: BeltSettings = { longestBelt: 5_000, republishAfterSeconds: 900 };

/**
 * Marks due targets `queued`, at most `limit`, and no more of a host than about ten minutes' pace (at least 32), so
 * that no host buries another and a healthy target never dies of waiting. Hosts, and runs at one host, take turns.
 * The order of the result is the order to publish in.
 */
export async function takeDueTargets(
  db: Database,
  limit: number,
  belt: BeltSettings = defaultBelt,
): Promise<DueTarget[]> {
  const { rows } = await sql<DueTarget>`
    SELECT due.target_id AS "targetId", due.publish_id AS "publishId", due.run_id AS "runId",
           runs.request_id AS "requestId", due.queue, due.source, due.host, due.url, due.attempts
      FROM take_due_targets(${limit}, ${belt.longestBelt}, ${belt.republishAfterSeconds}) due
      LEFT JOIN runs ON runs.id = due.run_id ORDER BY due.turn, due.target_id`.execute(db);
  return rows;
}

/** Puts back to `pending` what was published and never claimed in time; its lost message, if it ever comes, is old. */
export async function returnOverdueTargets(db: Database, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    UPDATE targets SET state = 'pending', republish_after = NULL
     WHERE id IN (SELECT id FROM targets WHERE state = 'queued' AND republish_after <= now()
                   ORDER BY republish_after LIMIT ${limit} FOR UPDATE SKIP LOCKED)`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/**
 * After the broker was away nobody knows what it still has, so every queued target is published again at once: a
 * message that did survive carries an old publish id and is ignored.
 */
export async function distrustTheBelt(db: Database): Promise<number> {
  const { numAffectedRows } = await sql`
    UPDATE targets SET republish_after = greatest(now(), not_before) WHERE state = 'queued'`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** How often a target may lose its worker in mid-work before it counts as the cause. */
const LOST_LEASES_ALLOWED = 3;

/**
 * Takes back the targets of workers that are gone. One that has lost its worker three times is dead, not tried for ever;
 * one that recurs goes on, later each time: its backoff runs from when its worker was first in doubt, or, since nobody knows
 * when it was lost, from when the refresh began.
 */
export async function freeDeadLeases(db: Database, limit: number): Promise<{ freed: number; dead: number }> {
  const { rows } = await sql<{ state: string }>`
    WITH lost AS (
      SELECT id, refresh_seconds IS NULL AND lost_leases + 1 >= ${LOST_LEASES_ALLOWED} AS is_dead
        FROM targets WHERE state = 'running' AND lease_expires_at <= now()
       ORDER BY lease_expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )
    UPDATE targets t SET
      lost_leases = lost_leases + 1,
      state = CASE WHEN is_dead THEN 'dead' ELSE 'pending' END,
      finished_at = CASE WHEN is_dead THEN now() END,
      not_before = CASE WHEN refresh_seconds IS NULL THEN not_before
                        ELSE greatest(now(), not_before, started_at + ${backoffOfFailures}) END,
      error_class = 'temporary',
      reason = CASE WHEN is_dead THEN 'crashes-worker' ELSE 'lost-lease' END,
      last_error = 'the worker ' || coalesce(worker, '?') || ' did not finish within its lease',
      lease_token = NULL, lease_expires_at = NULL
      FROM lost WHERE lost.id = t.id
    RETURNING state`.execute(db);
  const dead = rows.filter((row) => row.state === "dead").length;
  return { freed: rows.length - dead, dead };
}

export interface UndeliveredDeadLetter extends DueTarget {
  reason: string;
  message: string;
}

/** Dead targets whose dead letter was not confirmed: the process that gave them up was cut off in between. */
export async function undeliveredDeadLetters(
  db: Database,
  olderThanSeconds: number,
  limit: number,
): Promise<UndeliveredDeadLetter[]> {
  const { rows } = await sql<UndeliveredDeadLetter>`
    SELECT id AS "targetId", publish_id AS "publishId", run_id AS "runId",
           (SELECT request_id FROM runs WHERE runs.id = run_id) AS "requestId", queue, source, host, url, attempts,
           coalesce(reason, 'unknown') AS reason, coalesce(last_error, '') AS message
      FROM targets
     WHERE state = 'dead' AND dead_lettered_at IS NULL AND finished_at <= now() - make_interval(secs => ${olderThanSeconds})
     ORDER BY id LIMIT ${limit}`.execute(db);
  return rows;
}

/** Is there a target in these queues that has not come to its end, and has one? A draining worker stays until there is none. */
export async function hasWorkLeft(db: Database, queues: readonly string[]): Promise<boolean> {
  const { rows } = await sql`
    (SELECT FROM runs r WHERE r.state IN ('initializing', 'processing')
        AND EXISTS (SELECT FROM targets t WHERE t.run_id = r.id AND t.state IN ('pending', 'queued', 'running')
                       AND t.queue = ANY(${queues}::text[]))
      LIMIT 1)
    UNION ALL
    (SELECT FROM targets WHERE run_id IS NULL AND refresh_seconds IS NULL AND state IN ('pending', 'queued', 'running')
        AND queue = ANY(${queues}::text[])
      LIMIT 1)`.execute(db);
  return rows.length > 0;
}
