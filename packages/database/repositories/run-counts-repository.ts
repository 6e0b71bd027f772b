import { sql } from "kysely";
import type { Database } from "../connect.ts";

/**
 * Folds moves of targets into the sums of their runs, markets and days. Readers see the same numbers before and after
 * (the views `*_now` add what is not folded yet), only slower with each move.
 * @returns how many moves were folded; fewer than `limit` means all.
 */
export async function foldTargetMoves(db: Database, limit: number): Promise<number> {
  const { rows } = await sql<{ folded: number }>`SELECT fold_target_moves(${limit}) AS folded`.execute(db);
  return rows[0]?.folded ?? 0;
}

export interface CountDifference {
  run_id: string;
  source: string;
  host: string;
  queue: string;
  state: string;
  reason: string;
  there: string;
  counted: string;
}

/** Where the counters say other than the rows: nowhere, at any time. Counts rows, so it is for tests and for doubters. */
export async function findCountDifferences(db: Database): Promise<CountDifference[]> {
  const { rows } = await sql<CountDifference>`SELECT * FROM run_count_differences`.execute(db);
  return rows;
}
