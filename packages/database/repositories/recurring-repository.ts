import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { backoffOfFailures } from "./refresh-backoff.ts";
import type { Lease, TargetFailure } from "./target-repository.ts";

/** Targets that are read again and again, such as quotes. They belong to no run, and no failure ends them. */

export interface RecurringTarget {
  queue: string;
  source: string;
  host: string;
  externalId: string;
  url: string;
  refreshSeconds: number;
}

/** Makes it, due at once; or changes the one there is, and has it go on if it was cancelled. @returns its id. */
export async function keepRefreshing(db: Database, target: RecurringTarget): Promise<string> {
  const { queue, source, host, externalId, url, refreshSeconds } = target;
  const { rows } = await sql<{ id: string }>`
    INSERT INTO targets AS t (queue, source, host, external_id, url, refresh_seconds)
    VALUES (${queue}, ${source}, ${host}, ${externalId}, ${url}, ${refreshSeconds})
    ON CONFLICT (queue, source, external_id) WHERE run_id IS NULL DO UPDATE
      SET url = excluded.url, refresh_seconds = excluded.refresh_seconds,
          state = CASE WHEN t.state = 'cancelled' THEN 'pending' ELSE t.state END,
          not_before = CASE WHEN t.state = 'cancelled' THEN now()
                            ELSE least(t.not_before, now() + make_interval(secs => excluded.refresh_seconds)) END
    RETURNING id`.execute(db);
  return rows[0]?.id ?? "";
}

/**
 * Ends one refresh: the target is pending again, after a good one in its `refresh_seconds`, after a failed one in
 * `delayMs`. Its attempts go on counting over failed ones, so they are its consecutive failures.
 * @returns false, and nothing changed, if the lease is no longer the current one; true also if this was done before.
 */
export async function endRefresh(
  db: Database,
  lease: Lease,
  failed: (TargetFailure & { delayMs: number }) | null,
): Promise<boolean> {
  const { rows } = await sql`
    WITH ended AS (
      UPDATE targets SET state = 'pending', republish_after = NULL, lease_expires_at = NULL, walls_met = 0,
             attempts = CASE WHEN ${failed === null} THEN 0 ELSE attempts END,
             lost_leases = CASE WHEN ${failed === null} THEN 0 ELSE lost_leases END,
             not_before = clock_timestamp() + CASE WHEN ${failed === null} THEN make_interval(secs => refresh_seconds)
                                                   ELSE make_interval(secs => ${(failed?.delayMs ?? 0) / 1000}::float8) END,
             error_class = ${failed?.errorClass ?? null}, reason = ${failed?.reason ?? null},
             last_error = ${failed?.message.slice(0, 2_000) ?? null}
       WHERE id = ${lease.targetId} AND state = 'running' AND lease_token = ${lease.leaseToken}
         AND refresh_seconds IS NOT NULL
      RETURNING id
    )
    SELECT FROM ended
    UNION ALL
    SELECT FROM targets WHERE id = ${lease.targetId} AND lease_token = ${lease.leaseToken} AND state IN ('pending', 'queued')`.execute(
    db,
  );
  return rows.length > 0;
}

/**
 * A sign of life of the worker that has a refresh in hand: a lease of which little is left lasts `leaseSeconds` from now.
 * Mostly there is nothing to write.
 */
export async function prolongRefresh(db: Database, lease: Lease, leaseSeconds: number): Promise<void> {
  await sql`
    UPDATE targets SET lease_expires_at = now() + make_interval(secs => ${leaseSeconds}::integer)
     WHERE id = ${lease.targetId} AND state = 'running' AND lease_token = ${lease.leaseToken}
       AND lease_expires_at < now() + make_interval(secs => ${leaseSeconds}::integer * 2 / 3.0)`.execute(db);
}

/** Longer than a worker that lives is ever silent. */
const DOUBTED_LEASE_SECONDS = 5;

/**
 * The message of a refresh in hand has come a second time, so whoever has it in hand may be gone. Its lease soon ends, and
 * the next refresh is due after the backoff that one more failure costs. A worker that lives keeps its lease by its next
 * sign of life.
 */
export async function doubtRefresh(db: Database, targetId: string, publishId: number): Promise<void> {
  await sql`
    UPDATE targets
       SET lease_expires_at = least(lease_expires_at, now() + make_interval(secs => ${DOUBTED_LEASE_SECONDS}::integer)),
           not_before = now() + ${backoffOfFailures}
     WHERE id = ${targetId} AND publish_id = ${publishId} AND state = 'running' AND refresh_seconds IS NOT NULL`.execute(
    db,
  );
}
