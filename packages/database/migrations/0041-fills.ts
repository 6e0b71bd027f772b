import { type Kysely, sql } from "kysely";

/** What a sync reached, so that a gap is known to be answered; and when gaps of a series are next worth a question. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.sync_status
      ADD COLUMN given_from timestamptz,
      ADD COLUMN given_until timestamptz,
      ADD COLUMN fills_in_vain integer NOT NULL DEFAULT 0,
      ADD COLUMN fill_not_before timestamptz`.execute(db);
  for (const [column, meaning] of [
    ["given_from", "opened_at of the oldest bar that the last sync gave"],
    ["given_until", "opened_at of the newest complete bar that the last sync gave"],
    ["fills_in_vain", "questions about gaps, one after the other, that no trade came out of"],
    ["fill_not_before", "history is not asked for gaps of this series before"],
  ] as const)
    await sql`COMMENT ON COLUMN ${sql.ref(`price_tracker.sync_status.${column}`)} IS ${sql.lit(meaning)}`.execute(
      db,
    );
}
