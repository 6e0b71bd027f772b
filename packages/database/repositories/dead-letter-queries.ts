import type { TargetState } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** What the API reads of dead letters. Rows are named as its JSON is. */

export interface DeadLetterFilter {
  reason?: string | undefined;
  source?: string | undefined;
  host?: string | undefined;
  run_id?: string | undefined;
}

const GROUPS = 200;
const EXAMPLES = 3;

function conditions({ reason, source, host, run_id }: DeadLetterFilter) {
  const given = [
    reason === undefined ? null : sql`reason = ${reason}`,
    source === undefined ? null : sql`source = ${source}`,
    host === undefined ? null : sql`host = ${host}`,
    run_id === undefined ? null : sql`run_id = ${run_id}`,
  ].filter((condition) => condition !== null);
  return sql.join([sql`state = 'dead'`, ...given], sql` AND `);
}

interface DeadLetterGroup {
  reason: string;
  source: string;
  host: string;
  count: number;
  oldest_at: Date | null;
  newest_at: Date | null;
  examples: { id: string; url: string; error: string | null }[];
}

/** The largest groups of dead letters of one reason, source and host, each with its newest ones; and how many there are in all. */
export async function findDeadLetterGroups(db: Database, filter: DeadLetterFilter) {
  const { rows } = await sql<
    Omit<DeadLetterGroup, "examples"> & {
      /** Null of a group without a reason, which matches none. */
      examples: DeadLetterGroup["examples"] | null;
      total: number;
      groups: number;
    }
  >`
    WITH grouped AS MATERIALIZED (
      SELECT reason, source, host, count(*) AS count, min(finished_at) AS oldest_at, max(finished_at) AS newest_at
        FROM targets WHERE ${conditions(filter)} GROUP BY reason, source, host
    )
    SELECT coalesce(g.reason, 'unknown') AS reason, g.source, g.host, g.count::integer, g.oldest_at, g.newest_at,
           (SELECT sum(count) FROM grouped)::integer AS total, (SELECT count(*) FROM grouped)::integer AS groups,
           (SELECT jsonb_agg(jsonb_build_object('id', e.id::text, 'url', e.url, 'error', e.last_error)) FROM (
              SELECT id, url, last_error FROM targets t
               WHERE ${conditions(filter)} AND t.reason = g.reason AND t.source = g.source AND t.host = g.host
               ORDER BY finished_at DESC, id LIMIT ${EXAMPLES}) e) AS examples
      FROM (SELECT * FROM grouped ORDER BY count DESC, reason, source, host LIMIT ${GROUPS}) g
     ORDER BY g.count DESC, g.reason, g.source, g.host`.execute(db);
  return {
    total: rows[0]?.total ?? 0,
    groupCount: rows[0]?.groups ?? 0,
    groups: rows.map(
      ({ reason, source, host, count, oldest_at, newest_at, examples }): DeadLetterGroup => ({
        reason,
        source,
        host,
        count,
        oldest_at,
        newest_at,
        examples: examples ?? [],
      }),
    ),
  };
}

interface DeadLetterRow {
  id: string;
  run_id: string | null;
  queue: string;
  source: string;
  host: string;
  external_id: string;
  url: string;
  state: TargetState;
  reason: string | null;
  error_class: string | null;
  error: string | null;
  worker: string | null;
  attempts: number;
  lost_leases: number;
  finished_at: Date | null;
  dead_lettered_at: Date | null;
}

const columns = sql`id, run_id, queue, source, host, external_id, url, state, reason, error_class, last_error AS error,
  worker, attempts, lost_leases, finished_at, dead_lettered_at`;

/** A page of dead letters, those with the highest id first. `after`: the last one of the page before. */
export async function findDeadLetters(
  db: Database,
  filter: DeadLetterFilter,
  limit: number,
  after: { id: string } | null,
) {
  const { rows } = await sql<DeadLetterRow>`
    SELECT ${columns} FROM targets
     WHERE ${conditions(filter)} AND (${after?.id ?? null}::bigint IS NULL OR id < ${after?.id ?? null}::bigint)
     ORDER BY id DESC LIMIT ${limit + 1}`.execute(db);
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? (items.at(-1) ?? null) : null };
}

/** A target that is dead or has ever failed, with its failed attempts, the newest first; null if there is none. */
export async function findDeadLetter(db: Database, id: string) {
  const { rows } = await sql<DeadLetterRow>`SELECT ${columns} FROM targets WHERE id = ${id}`.execute(db);
  const letter = rows[0];
  if (letter === undefined) return null;
  const failures = await db
    .selectFrom("target_failures")
    .select(["attempt", "at", "worker", "error_class", "reason", "message"])
    .where("target_id", "=", id)
    .orderBy("id", "desc")
    .execute();
  if (letter.state !== "dead" && failures.length === 0) return null;
  return { ...letter, failures };
}

/** Messages in the DLQs that are about no target, the newest first. */
export async function findPoison(db: Database, limit: number, after: { id: string } | null) {
  let query = db
    .selectFrom("poison_messages")
    .select(["id", "queue", "message_id", "reason", "error", "headers", "body", "body_bytes"])
    .select(["dead_lettered_at", "first_seen_at", "last_seen_at", "discarded_at"]);
  if (after !== null) query = query.where("id", "<", after.id);
  const rows = await query
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? (items.at(-1) ?? null) : null };
}

export async function countPoison(db: Database): Promise<number> {
  const { count } = await db
    .selectFrom("poison_messages")
    .select((eb) => eb.fn.countAll<string>().as("count"))
    .where("discarded_at", "is", null)
    .executeTakeFirstOrThrow();
  return Number(count);
}
