import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** The dispatcher's side of dead letters: what lies in a DLQ against what the book says of it. */

/** How many messages a DLQ holds when it is as the book has it: the dead, and the poison nobody has discarded. */
export async function expectedDeadLetters(db: Database, queue: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT ((SELECT count(*) FROM targets WHERE state = 'dead' AND dead_lettered_at IS NOT NULL AND queue = ${queue})
          + (SELECT count(*) FROM poison_messages WHERE queue = ${queue} AND discarded_at IS NULL))::integer AS count`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
}

/**
 * Of these targets those that are dead, with the publish id they died under: a message with another one is of an earlier
 * death. It is null while the last death's own message may not be in the DLQ yet; then any message of it is kept.
 */
export async function findDead(
  db: Database,
  targetIds: readonly string[],
): Promise<Map<string, number | null>> {
  const { rows } = await sql<{ id: string; publish_id: number | null }>`
    SELECT id, CASE WHEN dead_lettered_at IS NOT NULL THEN publish_id END AS publish_id FROM targets
     WHERE id = ANY (${targetIds}::bigint[]) AND state = 'dead'`.execute(db);
  return new Map(rows.map((row) => [row.id, row.publish_id]));
}

/** A message in a DLQ that is about no target. */
export interface PoisonMessage {
  messageId: string;
  reason: string | null;
  error: string | null;
  headers: Record<string, unknown>;
  /** Its beginning. */
  body: string;
  bodyBytes: number;
  deadLetteredAt: Date | null;
}

/** Notes that these lie in the DLQ. @returns the message ids of those that somebody has discarded. */
export async function notePoison(
  db: Database,
  queue: string,
  messages: readonly PoisonMessage[],
): Promise<Set<string>> {
  const { rows } = await sql<{ message_id: string }>`
    WITH seen AS (
      INSERT INTO poison_messages AS p (queue, message_id, reason, error, headers, body, body_bytes, dead_lettered_at)
      SELECT DISTINCT ON ("messageId") ${queue}, "messageId", reason, error, headers, body, "bodyBytes", "deadLetteredAt"
        FROM jsonb_to_recordset(${JSON.stringify(messages)}::jsonb) AS m (
          "messageId" text, reason text, error text, headers jsonb, body text, "bodyBytes" integer,
          "deadLetteredAt" timestamptz)
      ON CONFLICT (queue, message_id) DO UPDATE SET last_seen_at = now()
      RETURNING message_id, discarded_at
    )
    SELECT message_id FROM seen WHERE discarded_at IS NOT NULL`.execute(db);
  return new Set(rows.map((row) => row.message_id));
}

/** After a DLQ was read from end to end: forgets what was taken out of it, and what was not seen since `since`. */
export async function forgetPoison(
  db: Database,
  queue: string,
  taken: readonly string[],
  since: Date,
): Promise<void> {
  await sql`
    DELETE FROM poison_messages
     WHERE queue = ${queue} AND (last_seen_at < ${since} OR message_id = ANY (${taken}::text[]))`.execute(db);
}

/** PostgreSQL's clock, for forgetPoison. */
export async function timeOfBook(db: Database): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`SELECT now() AS now`.execute(db);
  return rows[0]?.now ?? new Date();
}
