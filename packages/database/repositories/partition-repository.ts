import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** Makes the monthly partitions from this month on. @returns how many were made. */
export async function ensureMonthlyPartitions(db: Database, monthsAhead: number): Promise<number> {
  const { rows } = await sql<{
    made: number;
  }>`SELECT ensure_monthly_partitions(${monthsAhead}) AS made`.execute(db);
  return rows[0]?.made ?? 0;
}
