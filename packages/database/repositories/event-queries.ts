import type { RunState } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** A line of a run's history, as the API tells it live. `from` equals `to` where something was noted and nothing changed. */
export interface RunEvent {
  id: number;
  run_id: string;
  at: Date;
  from: RunState | null;
  to: RunState;
  reason: string;
}

/** In the order of their ids. Ids are given out before a commit, so a lower one may still appear a moment later. */
export async function findRunEventsAfter(db: Database, id: number, limit: number): Promise<RunEvent[]> {
  const { rows } = await sql<RunEvent>`
    SELECT id::float8 AS id, run_id, at, from_state AS "from", to_state AS "to", reason FROM run_events
     WHERE id > ${id} ORDER BY id LIMIT ${limit}`.execute(db);
  return rows;
}

/** 0 before there is one. */
export async function latestRunEventId(db: Database): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    SELECT coalesce(max(id), 0)::float8 AS id FROM run_events`.execute(db);
  return rows[0]?.id ?? 0;
}
