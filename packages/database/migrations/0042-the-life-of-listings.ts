import { type Kysely, sql } from "kysely";

/**
 * A listing's state, derived in one place from what its pages and cards say, with its history; and room for how often in
 * a row searches that were read to their end did not show it (0053 counts that).
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.listings
      ADD COLUMN state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'sold', 'ended', 'gone')),
      ADD COLUMN state_since timestamptz NOT NULL DEFAULT now(),
      ADD COLUMN state_known_by text NOT NULL DEFAULT 'card' CHECK (state_known_by IN ('card', 'page')),
      ADD COLUMN state_reason text,
      ADD COLUMN misses integer NOT NULL DEFAULT 0`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.listings.misses IS 'searches read to their end that did not show it since it was seen last'`.execute(
    db,
  );
  await sql`
    UPDATE price_tracker.listings
       SET state = CASE WHEN ended AND availability = 'sold' THEN 'sold' WHEN ended THEN 'ended'
                        WHEN gone_at IS NOT NULL THEN 'gone' ELSE 'active' END,
           state_since = CASE WHEN ended THEN last_seen_at ELSE coalesce(gone_at, first_seen_at) END,
           state_known_by = CASE WHEN gone_at IS NOT NULL OR enriched_at IS NOT NULL THEN 'page' ELSE 'card' END`.execute(
    db,
  );
  await sql`
    CREATE INDEX listings_over ON price_tracker.listings (state, first_seen_at DESC, id DESC) WHERE state <> 'active'`.execute(
    db,
  );
  await sql`ALTER TABLE price_tracker.market_runs ADD COLUMN read_to_end boolean NOT NULL DEFAULT false`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.market_runs.read_to_end IS 'it has no page after those that were read'`.execute(
    db,
  );
  await sql`
    CREATE TABLE price_tracker.listing_states (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      listing_id bigint NOT NULL REFERENCES price_tracker.listings ON DELETE CASCADE,
      from_state text,
      to_state text NOT NULL,
      at timestamptz NOT NULL,
      known_by text NOT NULL,
      reason text,
      misses integer NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX listing_states_of_listing ON price_tracker.listing_states (listing_id, id DESC)`.execute(
    db,
  );
  await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.listing_states TO pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT SELECT ON price_tracker.listing_states TO pricefleet_api`.execute(db);

  for (const statement of [keepState, noteState]) await statement.execute(db);
}

const keepState = sql`
    CREATE FUNCTION price_tracker.keep_listing_state() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      v_state text;
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        IF NEW.last_seen_at > OLD.last_seen_at THEN NEW.misses := 0; END IF;
        -- Searches lag behind: a card that shows as running what its own page said to be over does not bring it back.
        IF NEW.state_known_by = 'card' AND OLD.state_known_by = 'page' AND OLD.ended AND NOT NEW.ended THEN
          NEW.ended := true; NEW.availability := OLD.availability;
        END IF;
      END IF;
      -- How it came to its end says more than that its page is removed afterwards.
      v_state := CASE WHEN NEW.ended AND NEW.availability = 'sold' THEN 'sold' WHEN NEW.ended THEN 'ended'
                      WHEN NEW.gone_at IS NOT NULL THEN 'gone' ELSE 'active' END;
      IF TG_OP = 'INSERT' THEN
        NEW.state_since := NEW.first_seen_at;
      ELSIF v_state <> OLD.state THEN
        NEW.state_since := now();
        IF v_state <> 'gone' THEN NEW.state_reason := NULL; END IF;
      ELSE
        NEW.state_reason := OLD.state_reason;
        IF OLD.state_known_by = 'page' THEN NEW.state_known_by := 'page'; END IF;
      END IF;
      NEW.state := v_state;
      RETURN NEW;
    END $$;
    REVOKE ALL ON FUNCTION price_tracker.keep_listing_state() FROM PUBLIC;
    CREATE TRIGGER new_listings_have_a_state BEFORE INSERT ON price_tracker.listings
      FOR EACH ROW EXECUTE FUNCTION price_tracker.keep_listing_state();
    CREATE TRIGGER listings_keep_their_state BEFORE UPDATE ON price_tracker.listings FOR EACH ROW
      WHEN ((old.last_seen_at, old.ended, old.availability, old.gone_at, old.state_known_by)
            IS DISTINCT FROM (new.last_seen_at, new.ended, new.availability, new.gone_at, new.state_known_by))
      EXECUTE FUNCTION price_tracker.keep_listing_state()`;

const noteState = sql`
    CREATE FUNCTION price_tracker.note_listing_state() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    BEGIN
      INSERT INTO listing_states (listing_id, from_state, to_state, at, known_by, reason, misses)
      VALUES (NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, NEW.state_since, NEW.state_known_by,
              NEW.state_reason, CASE WHEN TG_OP = 'UPDATE' THEN OLD.misses ELSE 0 END);
      RETURN NULL;
    END $$;
    REVOKE ALL ON FUNCTION price_tracker.note_listing_state() FROM PUBLIC;
    CREATE TRIGGER first_states_are_noted AFTER INSERT ON price_tracker.listings
      FOR EACH ROW WHEN (new.state <> 'active') EXECUTE FUNCTION price_tracker.note_listing_state();
    CREATE TRIGGER changed_states_are_noted AFTER UPDATE ON price_tracker.listings
      FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION price_tracker.note_listing_state()`;
