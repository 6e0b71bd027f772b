import { type Kysely, sql } from "kysely";

/**
 * A listing's state, derived in one place from what its pages and cards say, with its history; and how often in a row
 * searches that were read to their end did not show it.
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

  for (const statement of [keepState, noteState, countMisses, storeSightings]) await statement.execute(db);
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

/** At the moment when all pages of a run are read. 500: a run looks again at no more, or a broken search would cost a site thousands of pages. */
const countMisses = sql`
    CREATE FUNCTION price_tracker.count_misses(p_run_id bigint, p_gone_after integer)
    RETURNS TABLE (missed integer, looked_at_again integer)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    DECLARE
      r runs%ROWTYPE;
      v_is_whole boolean;
      v_missing bigint[];
    BEGIN
      missed := 0; looked_at_again := 0;
      SELECT * INTO r FROM runs WHERE id = p_run_id AND collected_at IS NULL FOR UPDATE;
      -- Read to its end, cut by no limit, and as much of it shown as the site says there is, or nearly: sites count roughly.
      SELECT bool_and(m.collected_at IS NOT NULL AND m.error IS NULL AND m.read_to_end
                      AND (m.enrich_limit = 0 OR m.enrich_limit > (
                        SELECT count(*) FROM targets t WHERE t.run_id = m.run_id AND t.market = m.market)))
             AND coalesce(sum(m.found) >= 0.9 * sum(m.total_results), true)
        INTO v_is_whole FROM market_runs m WHERE m.run_id = r.id;
      IF v_is_whole IS NOT TRUE THEN RETURN NEXT; RETURN; END IF;

      -- A row that somebody has in hand is being seen. A result for fewer words comes and goes by itself.
      SELECT coalesce(array_agg(id), '{}') INTO v_missing FROM (
        SELECT l.id FROM search_listings sl JOIN listings l ON l.id = sl.listing_id
         WHERE sl.search_id = r.search_id AND sl.last_run_id < r.id AND sl.match = 'exact'
           AND l.state = 'active' AND l.last_seen_at < r.created_at
           FOR UPDATE OF l SKIP LOCKED) missing;
      UPDATE listings SET misses = misses + 1 WHERE id = ANY (v_missing);
      GET DIAGNOSTICS missed = ROW_COUNT;

      WITH unsure AS (
        SELECT l.source, l.external_id, l.url, split_part(l.url, '/', 3) AS host,
               (SELECT min(market) FROM market_runs m WHERE m.run_id = r.id AND m.source = l.source) AS market
          FROM listings l
         -- Of some listings only cards can be read.
         WHERE p_gone_after > 0 AND l.id = ANY (v_missing) AND l.misses >= p_gone_after AND l.enriched_at IS NOT NULL
         ORDER BY l.misses, l.last_seen_at LIMIT 500
      ), looks AS (
        INSERT INTO targets (run_id, market, queue, source, host, external_id, url)
        SELECT r.id, u.market, 'listing_enrichment', u.source, u.host, u.external_id, u.url
          FROM unsure u JOIN hosts h USING (host) WHERE u.market IS NOT NULL
        ON CONFLICT (run_id, source, external_id) DO NOTHING
        RETURNING market, host, queue, source
      ), markets AS (
        INSERT INTO run_markets (run_id, market, host, queue, source)
        SELECT DISTINCT r.id, market, host, queue, source FROM looks
        ON CONFLICT DO NOTHING
      )
      SELECT count(*) INTO looked_at_again FROM looks;
      RETURN NEXT;
    END $$;
    REVOKE ALL ON FUNCTION price_tracker.count_misses(bigint, integer) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION price_tracker.count_misses TO pricefleet_worker`;

/** As before, with who says what a listing's state is, and a look at what was over and is shown again. */
const storeSightings = sql`
    CREATE OR REPLACE FUNCTION price_tracker.store_sightings(p_sightings jsonb, p_fresh_for_hours integer) RETURNS TABLE(listing_id bigint, external_id text, is_fresh boolean, price text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
    #variable_conflict use_column
    DECLARE
      v_listing_ids bigint[];
      v_external_ids text[];
      v_are_fresh boolean[];
      v_now timestamptz;
    BEGIN
      -- Sorted, so that two transactions over the same listings lock them in the same order and never deadlock.
      WITH seen AS (
        SELECT s.*, round(s.amount * s.base_rate, 4) AS base_amount FROM jsonb_to_recordset(p_sightings) AS s (
          source text, external_id text, url text, title text, amount numeric, amount_max numeric, buy_it_now numeric,
          currency text, shipping numeric, list_price numeric, condition text, availability text, bids integer,
          best_offer boolean, ended boolean, seller text, image_url text, details jsonb, card_digest text, read_from text,
          base_currency text, base_rate numeric, base_missing text)
      ), known AS MATERIALIZED (
        -- What was over and is shown as running has to be looked at.
        SELECT l.id, l.card_digest, CASE WHEN l.state = 'active' OR l.state <> 'gone' AND s.ended THEN l.enriched_at END AS enriched_at
          FROM listings l JOIN seen s USING (source, external_id)
      ), stored AS (
        INSERT INTO listings AS l (source, external_id, url, title, amount, amount_max, buy_it_now, currency, shipping,
               list_price, condition, availability, bids, best_offer, ended, seller, image_url, details, card_digest, enriched_at,
               state_known_by, base_currency, base_amount, base_missing, base_valued_at)
        SELECT source, external_id, url, title, CASE WHEN currency IS NOT NULL THEN amount END, amount_max, buy_it_now,
               currency, shipping, list_price, condition, availability, bids, best_offer, ended, seller, image_url,
               details, card_digest, CASE WHEN read_from = 'page' THEN now() END,
               read_from, base_currency, base_amount, CASE WHEN amount IS NOT NULL THEN base_missing END,
               CASE WHEN base_amount IS NOT NULL THEN now() END
          FROM seen ORDER BY source, external_id
        ON CONFLICT (source, external_id) DO UPDATE SET
          url = excluded.url,
          title = excluded.title,
          amount = CASE WHEN excluded.currency IS NULL THEN l.amount ELSE excluded.amount END,
          currency = coalesce(excluded.currency, l.currency),
          base_currency = CASE WHEN (excluded.currency IS NOT NULL AND (excluded.base_amount IS NOT NULL
            OR excluded.amount IS DISTINCT FROM l.amount OR excluded.currency IS DISTINCT FROM l.currency)) THEN excluded.base_currency ELSE l.base_currency END,
          base_amount = CASE WHEN (excluded.currency IS NOT NULL AND (excluded.base_amount IS NOT NULL
            OR excluded.amount IS DISTINCT FROM l.amount OR excluded.currency IS DISTINCT FROM l.currency)) THEN excluded.base_amount ELSE l.base_amount END,
          base_missing = CASE WHEN (excluded.currency IS NOT NULL AND (excluded.base_amount IS NOT NULL
            OR excluded.amount IS DISTINCT FROM l.amount OR excluded.currency IS DISTINCT FROM l.currency)) THEN excluded.base_missing ELSE l.base_missing END,
          base_valued_at = CASE WHEN (excluded.currency IS NOT NULL AND (excluded.base_amount IS NOT NULL
            OR excluded.amount IS DISTINCT FROM l.amount OR excluded.currency IS DISTINCT FROM l.currency)) THEN excluded.base_valued_at ELSE l.base_valued_at END,
          amount_max = excluded.amount_max,
          buy_it_now = excluded.buy_it_now,
          shipping = coalesce(excluded.shipping, l.shipping),
          list_price = coalesce(excluded.list_price, l.list_price),
          condition = coalesce(excluded.condition, l.condition),
          availability = coalesce(excluded.availability, l.availability),
          bids = coalesce(excluded.bids, l.bids),
          best_offer = excluded.best_offer,
          ended = excluded.ended,
          state_known_by = excluded.state_known_by,
          seller = coalesce(excluded.seller, l.seller),
          image_url = coalesce(excluded.image_url, l.image_url),
          details = coalesce(excluded.details, l.details),
          card_digest = coalesce(excluded.card_digest, l.card_digest),
          enriched_at = coalesce(excluded.enriched_at, l.enriched_at),
          last_seen_at = greatest(l.last_seen_at, now()),
          gone_at = NULL
        RETURNING l.id, l.external_id, l.card_digest
      )
      SELECT array_agg(stored.id), array_agg(stored.external_id),
             array_agg(coalesce(known.card_digest = stored.card_digest
                                AND known.enriched_at > now() - make_interval(hours => p_fresh_for_hours), false))
        INTO v_listing_ids, v_external_ids, v_are_fresh
        FROM stored LEFT JOIN known ON known.id = stored.id;

      -- The listings' rows are locked from here on, so two sightings of one listing cannot both add its price. The time
      -- is read under that lock: a transaction that began earlier and waited must not write its price into the past.
      v_now := clock_timestamp();
      RETURN QUERY
      WITH seen AS (
        SELECT * FROM jsonb_to_recordset(p_sightings) AS s (
          source text, external_id text, amount numeric, amount_max numeric, buy_it_now numeric, currency text,
          shipping numeric, methods jsonb, read_from text, run_id bigint, target_id bigint, snapshot_id bigint,
          base_currency text, base_rate numeric, base_quote_ids bigint[], base_quoted_at timestamptz, base_missing text)
         WHERE amount IS NOT NULL AND currency IS NOT NULL
      ), compared AS (
        -- A page that leaves out a part of the price (shipping, the range's end) does not contradict one that printed it.
        SELECT s.*, l.id AS listing_id, o.id AS known_id, o.observed_at AS known_at,
               coalesce(o.amount = s.amount AND o.currency = s.currency
                        AND coalesce(o.amount_max = s.amount_max, true) AND coalesce(o.buy_it_now = s.buy_it_now, true)
                        AND coalesce(o.shipping = s.shipping, true), false) AS is_same
          FROM seen s
          JOIN listings l USING (source, external_id)
          LEFT JOIN price_observations o ON o.id = l.latest_observation_id AND o.observed_at = l.latest_observed_at
      ), confirmed AS (
        UPDATE price_observations o
           SET confirmed_at = v_now, confirmations = o.confirmations + 1,
               amount_max = coalesce(o.amount_max, c.amount_max), buy_it_now = coalesce(o.buy_it_now, c.buy_it_now),
               shipping = coalesce(o.shipping, c.shipping), snapshot_id = coalesce(c.snapshot_id, o.snapshot_id),
               methods = CASE WHEN c.read_from = 'page' THEN c.methods ELSE o.methods END
          FROM compared c
         WHERE c.is_same AND o.id = c.known_id AND o.observed_at = c.known_at
        RETURNING o.listing_id
      ), added AS (
        INSERT INTO price_observations (listing_id, observed_at, amount, amount_max, buy_it_now, currency, shipping,
               read_from, methods, run_id, target_id, snapshot_id, confirmed_at,
               base_currency, base_amount, base_rate, base_quote_ids, base_quoted_at, base_missing)
        SELECT listing_id, v_now, amount, amount_max, buy_it_now, currency, shipping, read_from, methods, run_id, target_id,
               snapshot_id, v_now,
               base_currency, round(amount * base_rate, 4), base_rate, base_quote_ids, base_quoted_at, base_missing
          FROM compared WHERE NOT is_same
        RETURNING id, listing_id, observed_at
      ), pointed AS (
        UPDATE listings l SET latest_observation_id = a.id, latest_observed_at = a.observed_at
          FROM added a WHERE l.id = a.listing_id
      ), recorded AS (
        SELECT listing_id, 'confirmed' AS price FROM confirmed UNION ALL SELECT listing_id, 'new' FROM added
      )
      SELECT s.listing_id, s.external_id, s.is_fresh, coalesce(r.price, 'none')
        FROM unnest(v_listing_ids, v_external_ids, v_are_fresh) AS s (listing_id, external_id, is_fresh)
        LEFT JOIN recorded r USING (listing_id);
    END $$`;
