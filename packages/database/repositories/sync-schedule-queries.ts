import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { asking } from "./asking.ts";

/** When history is fetched by itself. Named as the API's JSON is. */
export interface SyncScheduleRow {
  id: string;
  name: string;
  cron: string;
  time_zone: string;
  interval: string;
  n_bars: number;
  /** EXCHANGE:SYMBOL; null: all enabled instruments. */
  symbols: string[] | null;
  enabled: boolean;
  next_run_at: Date | null;
  last_run_at: Date | null;
}

const columns = sql`id, name, cron, time_zone, interval, n_bars, symbols, enabled, next_run_at, last_run_at`;

/** By id. `after`: the last id of the page before. */
export async function findSyncSchedules(
  db: Database,
  limit: number,
  after: { id: string } | null,
): Promise<{ items: SyncScheduleRow[]; next: { id: string } | null }> {
  const { rows } = await sql<SyncScheduleRow>`
    SELECT ${columns} FROM sync_schedules WHERE id > ${after?.id ?? "0"} ORDER BY id LIMIT ${limit + 1}`.execute(
    db,
  );
  return { items: rows.slice(0, limit), next: rows.length > limit ? (rows[limit - 1] ?? null) : null };
}

export async function findSyncSchedule(db: Database, id: string): Promise<SyncScheduleRow | null> {
  const { rows } = await sql<SyncScheduleRow>`SELECT ${columns} FROM sync_schedules WHERE id = ${id}`.execute(
    db,
  );
  return rows[0] ?? null;
}

/** What is not given stays; null of `symbols` means all enabled instruments. */
export type SyncScheduleChange = Partial<Omit<SyncScheduleRow, "id" | "last_run_at">>;

/** @returns its id. @throws NotNowError when there is one of that name. */
export async function askSyncSchedule(
  db: Database,
  order: SyncScheduleChange & Pick<SyncScheduleRow, "name" | "cron" | "interval" | "n_bars">,
): Promise<string> {
  const { rows } = await asking(() =>
    sql<{ id: string }>`SELECT ask_sync_schedule(${JSON.stringify(order)}::jsonb) AS id`.execute(db),
  );
  return rows[0]?.id ?? "";
}

/** @throws NoSuchThingError, and NotNowError when another one has that name. */
export async function askSyncScheduleChange(
  db: Database,
  id: string,
  change: SyncScheduleChange,
): Promise<void> {
  await asking(() =>
    sql`SELECT ask_sync_schedule_change(${id}, ${JSON.stringify(change)}::jsonb)`.execute(db),
  );
}

/** What it has asked for goes on. @throws NoSuchThingError */
export async function askSyncScheduleRemoval(db: Database, id: string): Promise<void> {
  await asking(() => sql`SELECT ask_sync_schedule_removal(${id})`.execute(db));
}
