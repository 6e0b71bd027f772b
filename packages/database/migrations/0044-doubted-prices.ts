import { type Kysely, sql } from "kysely";

/**
 * What the methods of a page said of a price besides, how far it can be trusted, and prices that are too odd to be
 * believed at once: they are kept apart until a second look. docs/decisions/quarantine.md says why. Long, because three
 * functions are made anew.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.price_observations
      ADD COLUMN disagreed jsonb NOT NULL DEFAULT '[]',
      ADD COLUMN confidence numeric(3, 2),
      ADD COLUMN quarantine text CHECK (quarantine IN ('quarantined', 'confirmed', 'refuted')),
      ADD COLUMN doubt text,
      ADD COLUMN quarantine_ended_at timestamptz,
      ADD CONSTRAINT a_quarantine_has_its_doubt CHECK ((quarantine IS NULL) = (doubt IS NULL))`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.price_observations.quarantine IS 'null: never doubted. Only that and confirmed are prices to go by'`.execute(
    db,
  );
  await sql`
    ALTER TABLE price_tracker.listings
      ADD COLUMN confidence numeric(3, 2),
      ADD COLUMN pending_observation_id bigint,
      ADD COLUMN pending_observed_at timestamptz,
      ADD COLUMN second_looks smallint NOT NULL DEFAULT 0`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.listings.pending_observation_id IS 'its price in quarantine, while amount is the last one that is trusted'`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.listings.second_looks IS 'pages that gave yet another price to doubt, since one was trusted'`.execute(
    db,
  );

  await sql`${sql.raw(doubtOfPrice)}`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.doubt_of_price FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.doubt_of_price TO pricefleet_worker`.execute(db);
  await sql`${sql.raw(storeSightings)}`.execute(db);

  await sql`DROP FUNCTION price_tracker.finish_listing`.execute(db);
  await sql`${sql.raw(finishListing)}`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.finish_listing FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.finish_listing TO pricefleet_worker`.execute(db);
  await sql`${sql.raw(rereadSnapshot)}`.execute(db);
}

/** Why a price cannot be believed beside one that is; null: it can. A bid may rise as far as people like. */
const doubtOfPrice = `
    CREATE FUNCTION price_tracker.doubt_of_price(p_known numeric, p_known_currency text, p_amount numeric, p_currency text, p_is_auction boolean)
    RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, price_tracker, pg_temp AS $$
      SELECT CASE
        WHEN p_known IS NULL OR p_amount IS NULL THEN NULL
        WHEN p_known_currency <> p_currency THEN format('currency changed %s to %s', p_known_currency, p_currency)
        WHEN p_known <= 0 OR p_known = p_amount THEN NULL
        WHEN p_amount <= 0 THEN format('fell from %s to %s', p_known, p_amount)
        WHEN p_is_auction AND p_amount > p_known THEN NULL
        WHEN p_amount IN (p_known * 10, p_known * 100, p_known * 1000)
          THEN format('ratio %s: looks like a lost decimal separator', trim_scale(p_amount / p_known))
        WHEN p_known IN (p_amount * 10, p_amount * 100, p_amount * 1000)
          THEN format('ratio 1/%s: looks like a misplaced decimal separator', trim_scale(p_known / p_amount))
        WHEN p_amount >= p_known * 3 AND p_amount / p_known <= 12 AND p_amount / p_known / round(p_amount / p_known) BETWEEN 0.95 AND 1.01
          THEN format('ratio %s: looks like a bundle of %s', trim_scale(round(p_amount / p_known, 2)), round(p_amount / p_known))
        WHEN p_amount >= p_known * 3 THEN format('ratio %s: beyond the bound of 3', trim_scale(round(p_amount / p_known, 2)))
        WHEN p_known >= p_amount * 3 THEN format('ratio 1/%s: beyond the bound of 3', trim_scale(round(p_known / p_amount, 2)))
      END
    $$`;

/** As in 0027, but a price is judged before it is believed. */
const storeSightings = `
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
          base_currency text, base_rate numeric, base_missing text, confidence numeric)
      ), known AS MATERIALIZED (
        -- What was over and is shown as running has to be looked at.
        SELECT l.id, l.card_digest, CASE WHEN l.state = 'active' OR l.state <> 'gone' AND s.ended THEN l.enriched_at END AS enriched_at, l.pending_observation_id
          FROM listings l JOIN seen s USING (source, external_id)
      ), stored AS (
        INSERT INTO listings AS l (source, external_id, url, title, amount, amount_max, buy_it_now, currency, shipping,
               list_price, condition, availability, bids, best_offer, ended, seller, image_url, details, card_digest, enriched_at,
               state_known_by, base_currency, base_amount, base_missing, base_valued_at, confidence)
        SELECT source, external_id, url, title, CASE WHEN currency IS NOT NULL THEN amount END, amount_max, buy_it_now,
               currency, shipping, list_price, condition, availability, bids, best_offer, ended, seller, image_url,
               details, card_digest, CASE WHEN read_from = 'page' THEN now() END,
               read_from, base_currency, base_amount, CASE WHEN amount IS NOT NULL THEN base_missing END,
               CASE WHEN base_amount IS NOT NULL THEN now() END, confidence
          FROM seen ORDER BY source, external_id
        ON CONFLICT (source, external_id) DO UPDATE SET
          url = excluded.url,
          title = excluded.title,
          currency = CASE WHEN excluded.amount IS NULL THEN coalesce(excluded.currency, l.currency) ELSE l.currency END,
          -- Another price than the one known is not believed before the second half has judged it.
          amount = CASE WHEN excluded.currency IS NOT NULL AND excluded.amount IS NULL THEN NULL ELSE l.amount END,
          base_currency = CASE WHEN (excluded.amount = l.amount AND excluded.currency = l.currency AND excluded.base_amount IS NOT NULL)
            THEN excluded.base_currency ELSE l.base_currency END,
          base_amount = CASE WHEN (excluded.amount = l.amount AND excluded.currency = l.currency AND excluded.base_amount IS NOT NULL)
            THEN excluded.base_amount WHEN excluded.currency IS NOT NULL AND excluded.amount IS NULL THEN NULL ELSE l.base_amount END,
          base_missing = CASE WHEN (excluded.amount = l.amount AND excluded.currency = l.currency AND excluded.base_amount IS NOT NULL)
            THEN excluded.base_missing WHEN excluded.currency IS NOT NULL AND excluded.amount IS NULL THEN NULL ELSE l.base_missing END,
          base_valued_at = CASE WHEN (excluded.amount = l.amount AND excluded.currency = l.currency AND excluded.base_amount IS NOT NULL)
            THEN excluded.base_valued_at ELSE l.base_valued_at END,
          amount_max = CASE WHEN excluded.amount IS NULL OR (excluded.amount = l.amount AND excluded.currency = l.currency) THEN excluded.amount_max ELSE l.amount_max END,
          buy_it_now = CASE WHEN excluded.amount IS NULL OR (excluded.amount = l.amount AND excluded.currency = l.currency) THEN excluded.buy_it_now ELSE l.buy_it_now END,
          confidence = CASE WHEN excluded.amount = l.amount AND excluded.currency = l.currency AND (excluded.enriched_at IS NOT NULL OR l.confidence IS NULL)
            THEN excluded.confidence ELSE l.confidence END,
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
                                AND known.enriched_at > now() - make_interval(hours => p_fresh_for_hours)
                                AND known.pending_observation_id IS NULL, false))
        INTO v_listing_ids, v_external_ids, v_are_fresh
        FROM stored LEFT JOIN known ON known.id = stored.id;

      -- The listings' rows are locked from here on, so two sightings of one listing cannot both add its price. The time
      -- is read under that lock: a transaction that began earlier and waited must not write its price into the past.
      v_now := clock_timestamp();
      RETURN QUERY
      WITH seen AS (
        SELECT s.*, round(s.amount * s.base_rate, 4) AS base_amount FROM jsonb_to_recordset(p_sightings) AS s (
          source text, external_id text, amount numeric, amount_max numeric, buy_it_now numeric, currency text,
          shipping numeric, bids integer, match text, methods jsonb, disagreed jsonb, confidence numeric,
          read_from text, run_id bigint, target_id bigint, snapshot_id bigint,
          base_currency text, base_rate numeric, base_quote_ids bigint[], base_quoted_at timestamptz, base_missing text)
         WHERE amount IS NOT NULL AND currency IS NOT NULL
      ), peers AS (
        -- The other cards of the page, on the scale of ratios. A few tell nothing.
        SELECT s.currency, percentile_cont(0.5) WITHIN GROUP (ORDER BY ln(s.amount::float8)) AS middle FROM seen s
         WHERE s.read_from = 'card' AND s.match = 'exact' AND s.amount > 0 GROUP BY s.currency HAVING count(*) >= 12
      ), spread AS (
        SELECT p.currency, p.middle,
               greatest(ln(20), 5 * 1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(ln(s.amount::float8) - p.middle))) AS bound
          FROM peers p JOIN seen s ON s.currency = p.currency AND s.read_from = 'card' AND s.match = 'exact' AND s.amount > 0
         GROUP BY p.currency, p.middle
      ), compared AS (
        -- A page that leaves out a part of the price (shipping, the range's end) does not contradict one that printed it.
        SELECT s.*, l.id AS listing_id, o.id AS known_id, o.observed_at AS known_at,
               p.id AS pending_id, p.observed_at AS pending_at,
               l.amount IS NULL AS is_unpriced,
               coalesce(o.amount = s.amount AND o.currency = s.currency
                        AND coalesce(o.amount_max = s.amount_max, true) AND coalesce(o.buy_it_now = s.buy_it_now, true)
                        AND coalesce(o.shipping = s.shipping, true), false) AS is_same,
               coalesce(p.amount = s.amount AND p.currency = s.currency, false) AS is_pending,
               p.id IS NOT NULL AND doubt_of_price(p.amount, p.currency, s.amount, s.currency, s.bids IS NOT NULL) IS NULL AS is_near_pending,
               -- A card judges no price in quarantine, for it may be the odd one; but where no page was ever read it has to.
               s.read_from = 'page' OR (l.enriched_at IS NULL AND s.run_id IS DISTINCT FROM p.run_id) AS is_look,
               CASE WHEN o.id IS NULL THEN d.middle END AS middle, d.bound,
               -- Sites convert on cards for the visitor. The first page that is sure of its price knows the currency better.
               o.read_from = 'card' AND o.snapshot_id IS NULL AND s.read_from = 'page' AND s.confidence >= 0.9 AND o.currency <> s.currency AS is_card_converted,
               o.amount AS known_amount, o.currency AS known_currency
          FROM seen s
          JOIN listings l USING (source, external_id)
          LEFT JOIN price_observations o ON o.id = l.latest_observation_id AND o.observed_at = l.latest_observed_at
          LEFT JOIN price_observations p ON p.id = l.pending_observation_id AND p.observed_at = l.pending_observed_at
          LEFT JOIN spread d ON d.currency = s.currency AND s.read_from = 'card' AND s.amount > 0
      ), doubted AS (
        SELECT c.*, CASE
                 WHEN is_same OR is_card_converted THEN NULL
                 WHEN abs(ln(nullif(greatest(amount, 0), 0)::float8) - middle) > bound
                   THEN format('ratio %s to its peers on the page', trim_scale(round(exp(ln(amount::float8) - middle)::numeric, 2)))
                 ELSE doubt_of_price(known_amount, known_currency, amount, currency, bids IS NOT NULL) END AS doubt
          FROM compared c
      ), judged AS (
        SELECT c.*, r.id AS refuted_id, r.observed_at AS refuted_at,
               CASE WHEN is_same THEN 'known'
                    WHEN is_pending AND is_look THEN 'pending-confirmed'
                    WHEN doubt IS NULL OR (is_near_pending AND is_look) THEN 'new'
                    WHEN is_pending THEN 'pending-seen'
                    WHEN r.id IS NOT NULL THEN 'refuted-seen'
                    ELSE 'quarantined' END AS fate
          FROM doubted c
          -- What a page has refuted, a card may go on saying: that is known, and worth no further look.
          LEFT JOIN LATERAL (
            SELECT r.id, r.observed_at FROM price_observations r
             WHERE c.doubt IS NOT NULL AND c.read_from = 'card' AND r.listing_id = c.listing_id AND r.quarantine = 'refuted'
               AND r.read_from = 'card' AND doubt_of_price(r.amount, r.currency, c.amount, c.currency, false) IS NULL
             ORDER BY r.observed_at DESC LIMIT 1) r ON true
      ), decided AS (
        SELECT j.*, CASE WHEN pending_id IS NULL THEN NULL
                         WHEN fate = 'pending-confirmed' OR (fate = 'new' AND doubt IS NOT NULL) THEN 'confirmed'
                         WHEN fate = 'quarantined' OR (is_look AND fate IN ('known', 'new')) THEN 'refuted' END AS verdict,
               CASE WHEN fate = 'known' THEN known_id WHEN fate = 'refuted-seen' THEN refuted_id WHEN fate LIKE 'pending-%' THEN pending_id END AS seen_again_id,
               CASE WHEN fate = 'known' THEN known_at WHEN fate = 'refuted-seen' THEN refuted_at WHEN fate LIKE 'pending-%' THEN pending_at END AS seen_again_at
          FROM judged j
      ), seen_again AS (
        UPDATE price_observations o
           SET confirmed_at = v_now, confirmations = o.confirmations + 1,
               amount_max = coalesce(o.amount_max, c.amount_max), buy_it_now = coalesce(o.buy_it_now, c.buy_it_now),
               shipping = coalesce(o.shipping, c.shipping), snapshot_id = coalesce(c.snapshot_id, o.snapshot_id),
               methods = CASE WHEN c.read_from = 'page' THEN c.methods ELSE o.methods END,
               disagreed = CASE WHEN c.read_from = 'page' THEN coalesce(c.disagreed, '[]') ELSE o.disagreed END,
               confidence = CASE WHEN c.read_from = 'page' THEN c.confidence ELSE coalesce(o.confidence, c.confidence) END,
               quarantine = CASE WHEN c.fate = 'pending-confirmed' THEN 'confirmed' ELSE o.quarantine END,
               quarantine_ended_at = CASE WHEN c.fate = 'pending-confirmed' THEN v_now ELSE o.quarantine_ended_at END
          FROM decided c
         WHERE o.id = c.seen_again_id AND o.observed_at = c.seen_again_at
      ), ended AS (
        UPDATE price_observations p SET quarantine = c.verdict, quarantine_ended_at = v_now
          FROM decided c
         WHERE c.verdict IS NOT NULL AND c.fate <> 'pending-confirmed' AND p.id = c.pending_id AND p.observed_at = c.pending_at
      ), added AS (
        INSERT INTO price_observations (listing_id, observed_at, amount, amount_max, buy_it_now, currency, shipping,
               read_from, methods, disagreed, confidence, run_id, target_id, snapshot_id, confirmed_at,
               base_currency, base_amount, base_rate, base_quote_ids, base_quoted_at, base_missing, quarantine, doubt)
        SELECT listing_id, v_now, amount, amount_max, buy_it_now, currency, shipping, read_from, methods,
               coalesce(disagreed, '[]'), confidence, run_id, target_id, snapshot_id, v_now,
               base_currency, base_amount, base_rate, base_quote_ids, base_quoted_at, base_missing,
               CASE WHEN fate = 'quarantined' THEN fate END, CASE WHEN fate = 'quarantined' THEN doubt END
          FROM decided WHERE fate IN ('new', 'quarantined')
        RETURNING id, listing_id, observed_at
      ), pointed AS (
        UPDATE listings l SET
               amount = CASE WHEN c.is_believed THEN c.amount WHEN c.known_id IS NOT NULL THEN l.amount END,
               currency = CASE WHEN c.is_believed THEN c.currency WHEN c.known_id IS NOT NULL THEN l.currency END,
               amount_max = CASE WHEN c.is_believed THEN c.amount_max WHEN c.known_id IS NOT NULL THEN l.amount_max END,
               buy_it_now = CASE WHEN c.is_believed THEN c.buy_it_now WHEN c.known_id IS NOT NULL THEN l.buy_it_now END,
               confidence = CASE WHEN c.is_believed THEN c.confidence WHEN c.known_id IS NOT NULL THEN l.confidence END,
               base_currency = CASE WHEN c.is_believed THEN c.base_currency WHEN c.known_id IS NOT NULL THEN l.base_currency END,
               base_amount = CASE WHEN c.is_believed THEN c.base_amount WHEN c.known_id IS NOT NULL THEN l.base_amount END,
               base_missing = CASE WHEN c.is_believed THEN c.base_missing WHEN c.known_id IS NOT NULL THEN l.base_missing END,
               base_valued_at = CASE WHEN c.is_believed THEN c.base_valued_at WHEN c.known_id IS NOT NULL THEN l.base_valued_at END,
               latest_observation_id = CASE c.fate WHEN 'new' THEN c.added_id WHEN 'pending-confirmed' THEN c.pending_id ELSE l.latest_observation_id END,
               latest_observed_at = CASE c.fate WHEN 'new' THEN c.added_at WHEN 'pending-confirmed' THEN c.pending_at ELSE l.latest_observed_at END,
               pending_observation_id = CASE WHEN c.fate = 'quarantined' THEN c.added_id WHEN c.verdict IS NULL THEN l.pending_observation_id END,
               pending_observed_at = CASE WHEN c.fate = 'quarantined' THEN c.added_at WHEN c.verdict IS NULL THEN l.pending_observed_at END,
               second_looks = CASE WHEN c.fate = 'quarantined' THEN l.second_looks + (c.read_from = 'page')::integer
                                   WHEN c.verdict IS NULL THEN l.second_looks ELSE 0 END
          FROM (SELECT d.*, a.id AS added_id, a.observed_at AS added_at, CASE WHEN d.base_amount IS NOT NULL THEN v_now END AS base_valued_at,
                       d.fate IN ('new', 'pending-confirmed') OR (d.fate = 'known' AND d.is_unpriced) AS is_believed
                  FROM decided d LEFT JOIN added a USING (listing_id)) c
         WHERE l.id = c.listing_id AND (c.is_believed OR c.fate = 'quarantined' OR c.verdict IS NOT NULL)
      )
      SELECT s.listing_id, s.external_id, s.is_fresh AND coalesce(d.fate, '') <> 'quarantined',
             CASE WHEN d.fate IN ('known', 'pending-confirmed') THEN 'confirmed' WHEN d.fate IN ('new', 'quarantined') THEN d.fate
                  WHEN d.fate = 'pending-seen' THEN 'quarantined' ELSE 'none' END
        FROM unnest(v_listing_ids, v_external_ids, v_are_fresh) AS s (listing_id, external_id, is_fresh)
        LEFT JOIN decided d USING (listing_id);
    END $$`;

/** As in 0007, but a price in quarantine sends its target around once more. */
const finishListing = `
    CREATE FUNCTION price_tracker.finish_listing(p_target_id bigint, p_lease_token uuid, p_sighting jsonb, p_snapshot jsonb, p_second_look_seconds integer DEFAULT 120) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      v_snapshot_id bigint;
      v_listing_id bigint;
      v_price text;
    BEGIN
      UPDATE targets SET state = 'done', finished_at = now(), lease_expires_at = NULL, error_class = NULL, reason = NULL,
             last_error = NULL
       WHERE id = p_target_id AND state = 'running' AND lease_token = p_lease_token;
      IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM targets WHERE id = p_target_id AND lease_token = p_lease_token
                                    AND (state IN ('done', 'failed', 'dead') OR (state IN ('pending', 'queued') AND reason = 'second-look'))) THEN 'before' ELSE 'lost' END;
      END IF;
      v_snapshot_id := nextval(pg_get_serial_sequence('price_tracker.snapshots', 'id'));
      SELECT listing_id, price INTO v_listing_id, v_price
        FROM store_sightings(jsonb_build_array(p_sighting || jsonb_build_object('snapshot_id', v_snapshot_id)), 0);
      INSERT INTO snapshots (id, sha256, path, size_bytes, url, source, listing_id, target_id, fetched_by, page_state, fetched_at)
      OVERRIDING SYSTEM VALUE
      SELECT v_snapshot_id, sha256, path, size_bytes, url, source, v_listing_id, target_id, fetched_by, page_state, fetched_at
        FROM jsonb_populate_record(NULL::snapshots, p_snapshot);
      -- A price in quarantine is looked at again soon, at most three times on end; the run is over when that is.
      IF v_price = 'quarantined' AND (SELECT second_looks FROM listings WHERE id = v_listing_id) <= 3 THEN
        UPDATE targets
           SET state = 'pending', reason = 'second-look', finished_at = NULL, attempts = 0, lost_leases = 0, republish_after = NULL,
               not_before = now() + make_interval(secs => p_second_look_seconds)
         WHERE id = p_target_id;
        RETURN 'look-again';
      END IF;
      RETURN 'now';
    END $$`;

/** As in 0019, with the votes; and what is in quarantine was not believed. */
const rereadSnapshot = `
    CREATE OR REPLACE FUNCTION price_tracker.reread_snapshot(p_snapshot_id bigint, p_sighting jsonb, p_apply boolean) RETURNS TABLE(outcome text, changes jsonb)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    #variable_conflict use_column
    DECLARE
      v_price_keys CONSTANT text[] := ARRAY['amount', 'currency', 'amount_max', 'buy_it_now', 'shipping'];
      v_listing_keys CONSTANT text[] := ARRAY['title', 'condition', 'availability', 'bids', 'best_offer', 'ended', 'seller',
                                              'image_url', 'list_price', 'details'];
      s snapshots%ROWTYPE;
      t targets%ROWTYPE;
      l listings%ROWTYPE;
      o price_observations%ROWTYPE;
      n listings%ROWTYPE := jsonb_populate_record(NULL::listings, p_sighting);
      v_was_read boolean;
      v_until timestamptz;
      v_is_newest boolean;
      v_is_of_this boolean;
      v_has_price boolean := n.amount IS NOT NULL AND n.currency IS NOT NULL;
      v_price_changes jsonb := '{}';
      v_vote_changes jsonb := '{}';
      v_listing_changes jsonb := '{}';
      v_observation_id bigint;
    BEGIN
      SELECT * INTO s FROM snapshots WHERE id = p_snapshot_id;
      -- In the order of a finish, so that the two never wait in a circle.
      IF p_apply THEN
        PERFORM FROM targets WHERE id = s.target_id FOR UPDATE;
        PERFORM FROM listings WHERE id = s.listing_id FOR UPDATE;
      END IF;
      SELECT * INTO s FROM snapshots WHERE id = p_snapshot_id;
      SELECT * INTO t FROM targets WHERE id = s.target_id;
      SELECT * INTO l FROM listings WHERE id = s.listing_id;
      IF l.id IS NULL THEN RETURN QUERY SELECT 'no-listing', v_price_changes; RETURN; END IF;

      v_was_read := s.page_state = 'ok';
      IF NOT v_was_read AND (t.id IS NULL OR t.state <> 'dead' OR t.reason IS DISTINCT FROM 'layout-changed') THEN
        RETURN QUERY SELECT 'not-needed', v_price_changes; RETURN;
      END IF;
      v_until := CASE WHEN v_was_read THEN coalesce(s.stored_at, s.fetched_at + interval '1 minute') ELSE s.fetched_at END;
      v_is_newest := l.last_seen_at <= v_until;
      -- What was believed of the price when this page had been read.
      SELECT * INTO o FROM price_observations
       WHERE listing_id = l.id AND corrected_at IS NULL
         AND (snapshot_id = s.id OR (observed_at <= v_until AND coalesce(quarantine = 'confirmed', true)))
       ORDER BY coalesce(snapshot_id = s.id, false) DESC, observed_at DESC, id DESC LIMIT 1;
      v_is_of_this := v_was_read AND o.read_from = 'page' AND coalesce(o.snapshot_id = s.id OR o.target_id = s.target_id, false);

      IF v_has_price THEN
        SELECT coalesce(jsonb_object_agg(k, jsonb_build_object('before', old ->> k, 'after', new ->> k)), '{}')
          INTO v_price_changes
          FROM unnest(v_price_keys) k, to_jsonb(o) old, to_jsonb(n) new
         WHERE new ->> k IS NOT NULL AND old -> k IS DISTINCT FROM new -> k
           AND (o.id IS NULL OR k IN ('amount', 'currency') OR old ->> k IS NOT NULL);
        IF v_is_of_this THEN
          SELECT coalesce(jsonb_object_agg(k, jsonb_build_object('before', old -> k, 'after', p_sighting -> k)), '{}')
            INTO v_vote_changes
            FROM unnest(ARRAY['methods', 'disagreed', 'confidence']) k, to_jsonb(o) old
           WHERE p_sighting -> k IS NOT NULL AND old -> k IS DISTINCT FROM p_sighting -> k;
        END IF;
      ELSIF v_is_of_this THEN
        RETURN QUERY SELECT 'price-lost', jsonb_build_object('amount', jsonb_build_object('before', o.amount::text, 'after', NULL));
        RETURN;
      END IF;
      IF v_is_newest THEN
        SELECT coalesce(jsonb_object_agg(k, CASE k
                 WHEN 'list_price' THEN jsonb_build_object('before', old ->> k, 'after', new ->> k)
                 ELSE jsonb_build_object('before', old -> k, 'after', new -> k) END), '{}')
          INTO v_listing_changes
          FROM unnest(v_listing_keys) k, to_jsonb(l) old, to_jsonb(n) new
         WHERE new ->> k IS NOT NULL AND old -> k IS DISTINCT FROM new -> k;
      END IF;
      outcome := CASE WHEN NOT v_was_read THEN 'newly-readable'
                      WHEN v_price_changes || v_vote_changes || v_listing_changes = '{}' THEN 'unchanged' ELSE 'changed' END;
      changes := v_price_changes || v_vote_changes || v_listing_changes;
      RETURN NEXT;
      IF NOT p_apply OR outcome = 'unchanged' THEN RETURN; END IF;

      IF NOT v_was_read THEN
        UPDATE targets SET state = 'done', finished_at = now(), error_class = NULL, reason = NULL, last_error = NULL
         WHERE id = t.id;
        UPDATE snapshots SET page_state = 'ok', stored_at = s.fetched_at WHERE id = s.id;
      END IF;

      IF v_price_changes <> '{}' THEN
        INSERT INTO price_observations (listing_id, observed_at, amount, amount_max, buy_it_now, currency, shipping, read_from,
               methods, disagreed, confidence, run_id, target_id, snapshot_id, confirmed_at, confirmations)
        VALUES (l.id, s.fetched_at, n.amount, n.amount_max, n.buy_it_now, n.currency, n.shipping, 'page',
                p_sighting -> 'methods', coalesce(p_sighting -> 'disagreed', '[]'), n.confidence, coalesce(t.run_id, o.run_id, 0), s.target_id, s.id,
                CASE WHEN v_is_of_this THEN greatest(o.confirmed_at, s.fetched_at) ELSE s.fetched_at END,
                CASE WHEN v_is_of_this THEN o.confirmations ELSE 0 END)
        RETURNING id INTO v_observation_id;
        IF v_is_of_this THEN
          UPDATE price_observations
             SET corrected_at = now(), quarantine = CASE WHEN quarantine IS NOT NULL THEN 'refuted' END,
                 quarantine_ended_at = CASE WHEN quarantine IS NOT NULL THEN now() END
           WHERE id = o.id AND observed_at = o.observed_at;
          UPDATE listings SET pending_observation_id = NULL, pending_observed_at = NULL, second_looks = 0
           WHERE id = l.id AND pending_observation_id = o.id;
        END IF;
        IF l.latest_observation_id IS NULL OR l.latest_observed_at <= s.fetched_at
           OR (v_is_of_this AND l.latest_observation_id = o.id) THEN
          UPDATE listings
             SET amount = n.amount, currency = n.currency, amount_max = n.amount_max, buy_it_now = n.buy_it_now,
                 shipping = coalesce(n.shipping, shipping), confidence = n.confidence,
                 latest_observation_id = v_observation_id, latest_observed_at = s.fetched_at
           WHERE id = l.id;
        END IF;
      ELSIF v_has_price AND NOT v_was_read THEN
        UPDATE price_observations
           SET confirmed_at = greatest(confirmed_at, s.fetched_at), confirmations = confirmations + 1,
               snapshot_id = coalesce(snapshot_id, s.id)
         WHERE id = o.id AND observed_at = o.observed_at;
      END IF;

      IF v_price_changes = '{}' AND v_vote_changes <> '{}' THEN
        UPDATE price_observations
           SET methods = p_sighting -> 'methods', disagreed = coalesce(p_sighting -> 'disagreed', '[]'), confidence = n.confidence
         WHERE id = o.id AND observed_at = o.observed_at;
        UPDATE listings SET confidence = n.confidence WHERE id = l.id AND latest_observation_id = o.id;
      END IF;

      -- A card that was seen later knows better; of the rest this page fills what is not known.
      UPDATE listings
         SET title = CASE WHEN v_is_newest THEN n.title ELSE title END,
             condition = CASE WHEN v_is_newest THEN coalesce(n.condition, condition) ELSE coalesce(condition, n.condition) END,
             availability = CASE WHEN v_is_newest THEN coalesce(n.availability, availability) ELSE coalesce(availability, n.availability) END,
             bids = CASE WHEN v_is_newest THEN coalesce(n.bids, bids) ELSE coalesce(bids, n.bids) END,
             best_offer = CASE WHEN v_is_newest THEN n.best_offer ELSE best_offer END,
             ended = CASE WHEN v_is_newest THEN n.ended ELSE ended END,
             seller = CASE WHEN v_is_newest THEN coalesce(n.seller, seller) ELSE coalesce(seller, n.seller) END,
             image_url = CASE WHEN v_is_newest THEN coalesce(n.image_url, image_url) ELSE coalesce(image_url, n.image_url) END,
             list_price = CASE WHEN v_is_newest THEN coalesce(n.list_price, list_price) ELSE coalesce(list_price, n.list_price) END,
             details = CASE WHEN v_is_newest OR enriched_at IS NULL THEN coalesce(n.details, details) ELSE details END,
             enriched_at = greatest(enriched_at, s.fetched_at),
             last_seen_at = greatest(last_seen_at, s.fetched_at),
             gone_at = CASE WHEN gone_at > s.fetched_at THEN gone_at END
       WHERE id = l.id;
    END $$`;
