import { type Kysely, sql } from "kysely";

/** How the last collector of each run is doing, which the dispatcher looks at and the API tells. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.run_collectors (
      run_id bigint PRIMARY KEY REFERENCES price_tracker.runs (id) ON DELETE CASCADE,
      kind text NOT NULL CHECK (kind IN ('job', 'process')),
      name text NOT NULL,
      state text NOT NULL CHECK (state IN ('pending', 'running', 'completed', 'failed', 'gone')),
      message text,
      pods jsonb NOT NULL,
      checked_at timestamptz NOT NULL DEFAULT now()
    )`.execute(db);
  await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.run_collectors TO pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT SELECT ON price_tracker.run_collectors TO pricefleet_api`.execute(db);
  // The dispatcher asks every two seconds which collectors have not ended.
  await sql`
    CREATE INDEX run_collectors_at_work ON price_tracker.run_collectors (run_id)
      WHERE state IN ('pending', 'running')`.execute(db);
}
