import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** What a model scores in a benchmark. */
export interface BenchmarkScore {
  model: string;
  /** Null: with any size of memory. */
  memoryGb: number | null;
  /** Such as passmark-g3d. */
  benchmark: string;
  /** Decimal. */
  score: string;
  /** Where the figure is from: a file, a site. */
  source: string;
  /** YYYY-MM-DD */
  measuredOn: string;
}

/** Stores scores, each in the place of the one known before. @returns how many were new or are another now. */
export async function storeBenchmarkScores(db: Database, scores: readonly BenchmarkScore[]): Promise<number> {
  const { rows } = await sql<{ changed: number }>`
    WITH stored AS (
      INSERT INTO benchmark_scores AS b (model, memory_gb, benchmark, score, source, measured_on)
      SELECT model, "memoryGb", benchmark, score, source, "measuredOn"
        FROM jsonb_to_recordset(${JSON.stringify(scores)}::jsonb) AS s
             (model text, "memoryGb" integer, benchmark text, score numeric, source text, "measuredOn" date)
      ON CONFLICT (benchmark, model, memory_gb) DO UPDATE SET
        score = excluded.score, source = excluded.source, measured_on = excluded.measured_on, imported_at = now()
      WHERE (b.score, b.source, b.measured_on) IS DISTINCT FROM (excluded.score, excluded.source, excluded.measured_on)
      RETURNING 1
    )
    SELECT count(*)::integer AS changed FROM stored`.execute(db);
  return rows[0]?.changed ?? 0;
}
