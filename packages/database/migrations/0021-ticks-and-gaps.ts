import { type Kysely, sql } from "kysely";

/** What the streamer needs to go on with a bar that another process began, and to have filled what nobody heard. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.bars ADD COLUMN first_tick_at timestamptz, ADD COLUMN last_tick_at timestamptz
  `.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.bars.last_tick_at IS 'by the feed''s clock; null for a bar from history'`.execute(
    db,
  );
  await sql`
    CREATE TABLE price_tracker.bar_gaps (
      exchange text NOT NULL,
      symbol text NOT NULL,
      interval text NOT NULL,
      opened_at timestamptz NOT NULL,
      noticed_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (exchange, symbol, interval, opened_at)
    )`.execute(db);
  await sql`
    COMMENT ON TABLE price_tracker.bar_gaps IS 'bars of which ticks were not heard, until history has been asked for them'
  `.execute(db);
  await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.bar_gaps TO pricefleet_worker`.execute(db);
  await sql`GRANT SELECT ON price_tracker.bar_gaps TO pricefleet_api`.execute(db);
}
