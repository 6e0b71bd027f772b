import { type Kysely, sql } from "kysely";

/**
 * The id of the API request that asked: on the run, and on each event of its history, so that a log can be followed from
 * the request to every target. The API names it for its transaction (`pricefleet.request_id`); the functions that it
 * asks by need not know.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const asked = sql`nullif(current_setting('pricefleet.request_id', true), '')`;
  await sql`ALTER TABLE price_tracker.runs ADD COLUMN request_id text`.execute(db);
  await sql`ALTER TABLE price_tracker.runs ALTER COLUMN request_id SET DEFAULT ${asked}`.execute(db);
  await sql`ALTER TABLE price_tracker.run_events ADD COLUMN request_id text`.execute(db);
  await sql`ALTER TABLE price_tracker.run_events ALTER COLUMN request_id SET DEFAULT ${asked}`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.runs.request_id IS
    'the API request that started the run or last asked it to go on; null: a schedule or a person at the collector'`.execute(
    db,
  );
  await sql`
    CREATE FUNCTION price_tracker.note_who_asked() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    BEGIN
      NEW.request_id := coalesce(nullif(current_setting('pricefleet.request_id', true), ''), NEW.request_id);
      RETURN NEW;
    END $$`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.note_who_asked FROM PUBLIC`.execute(db);
  await sql`
    CREATE TRIGGER runs_who_asked BEFORE UPDATE OF state ON price_tracker.runs
    FOR EACH ROW WHEN (NEW.state = 'processing') EXECUTE FUNCTION price_tracker.note_who_asked()`.execute(db);
}
