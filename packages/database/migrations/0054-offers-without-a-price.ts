import { type Kysely, sql } from "kysely";

/**
 * Why a listing has no price, where its ad says so: and an ad that turns from a price to a swap keeps the old price no
 * more. Long, because one function is made anew.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.listings
      ADD COLUMN offer_kind text CHECK (offer_kind IN ('swap', 'free', 'negotiable', 'price-on-request'))`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.listings.offer_kind IS 'why there is no price, where the ad itself says it'`.execute(
    db,
  );
  await storeSightings.execute(db);
}

/**
 * As in 0027, with who says what a listing's state is and a look at what was over and is shown again (0042); what is odd
 * is judged before it is believed (0044, 0048); and the kind of offer.
 */
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
      v_peers jsonb;
      v_prices jsonb;
      v_odd jsonb;
    BEGIN
      -- Sorted, so that two transactions over the same listings lock them in the same order and never deadlock.
      WITH seen AS (
        SELECT s.*, round(s.amount * s.base_rate, 4) AS base_amount FROM jsonb_to_recordset(p_sightings) AS s (
          source text, external_id text, url text, title text, amount numeric, amount_max numeric, buy_it_now numeric,
          currency text, shipping numeric, list_price numeric, condition text, availability text, bids integer,
          best_offer boolean, ended boolean, seller text, image_url text, details jsonb, card_digest text, read_from text,
          base_currency text, base_rate numeric, base_missing text, confidence numeric, offer_kind text)
      ), known AS MATERIALIZED (
        -- What was over and is shown as running has to be looked at.
        SELECT l.id, l.card_digest, CASE WHEN l.state = 'active' OR l.state <> 'gone' AND s.ended THEN l.enriched_at END AS enriched_at, l.pending_observation_id
          FROM listings l JOIN seen s USING (source, external_id)
      ), stored AS (
        INSERT INTO listings AS l (source, external_id, url, title, amount, amount_max, buy_it_now, currency, shipping,
               list_price, condition, availability, bids, best_offer, ended, seller, image_url, details, card_digest, enriched_at,
               state_known_by, base_currency, base_amount, base_missing, base_valued_at, confidence, offer_kind)
        SELECT source, external_id, url, title, CASE WHEN currency IS NOT NULL THEN amount END, amount_max, buy_it_now,
               currency, shipping, list_price, condition, availability, bids, best_offer, ended, seller, image_url,
               details, card_digest, CASE WHEN read_from = 'page' THEN now() END,
               read_from, base_currency, base_amount, CASE WHEN amount IS NOT NULL THEN base_missing END,
               CASE WHEN base_amount IS NOT NULL THEN now() END, confidence, offer_kind
          FROM seen ORDER BY source, external_id
        ON CONFLICT (source, external_id) DO UPDATE SET
          url = excluded.url,
          title = excluded.title,
          currency = CASE WHEN excluded.amount IS NULL THEN coalesce(excluded.currency, l.currency) ELSE l.currency END,
          offer_kind = CASE WHEN excluded.amount IS NULL THEN coalesce(excluded.offer_kind, l.offer_kind) END,
          -- An ad that is now a swap has no price. Another price than the one known is not believed before the second half has judged it.
          amount = CASE WHEN excluded.amount IS NULL AND (excluded.currency IS NOT NULL OR excluded.offer_kind IS NOT NULL) THEN NULL ELSE l.amount END,
          base_currency = CASE WHEN (excluded.amount = l.amount AND excluded.currency = l.currency AND excluded.base_amount IS NOT NULL)
            THEN excluded.base_currency ELSE l.base_currency END,
          base_amount = CASE WHEN (excluded.amount = l.amount AND excluded.currency = l.currency AND excluded.base_amount IS NOT NULL)
            THEN excluded.base_amount WHEN excluded.amount IS NULL AND (excluded.currency IS NOT NULL OR excluded.offer_kind IS NOT NULL) THEN NULL ELSE l.base_amount END,
          base_missing = CASE WHEN (excluded.amount = l.amount AND excluded.currency = l.currency AND excluded.base_amount IS NOT NULL)
            THEN excluded.base_missing WHEN excluded.amount IS NULL AND (excluded.currency IS NOT NULL OR excluded.offer_kind IS NOT NULL) THEN NULL ELSE l.base_missing END,
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
      -- The other cards of the page, on the scale of ratios. A few tell nothing.
      IF jsonb_array_length(p_sightings) >= 12 THEN
        WITH seen AS (
          SELECT currency, ln(nullif(greatest(amount, 0), 0)::float8) AS size
            FROM jsonb_to_recordset(p_sightings) AS s (amount numeric, currency text, read_from text, match text)
           WHERE read_from = 'card' AND match = 'exact' AND amount > 0 AND currency IS NOT NULL
        ), peers AS (
          SELECT currency, percentile_cont(0.5) WITHIN GROUP (ORDER BY size) AS middle FROM seen GROUP BY currency HAVING count(*) >= 12
        )
        SELECT jsonb_object_agg(currency, jsonb_build_object('middle', middle, 'bound', bound)) INTO v_peers FROM (
          SELECT p.currency, p.middle,
                 greatest(ln(20), 5 * 1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(s.size - p.middle))) AS bound
            FROM peers p JOIN seen s USING (currency) GROUP BY p.currency, p.middle) spread;
      END IF;

      WITH seen AS (
        SELECT s.*, round(s.amount * s.base_rate, 4) AS base_amount FROM jsonb_to_recordset(p_sightings) AS s (
          source text, external_id text, amount numeric, amount_max numeric, buy_it_now numeric, currency text,
          shipping numeric, bids integer, methods jsonb, disagreed jsonb, confidence numeric,
          read_from text, run_id bigint, target_id bigint, snapshot_id bigint,
          base_currency text, base_rate numeric, base_quote_ids bigint[], base_quoted_at timestamptz, base_missing text)
         WHERE amount IS NOT NULL AND currency IS NOT NULL
      ), compared AS (
        -- A page that leaves out a part of the price (shipping, the range's end) does not contradict one that printed it.
        SELECT s.*, l.id AS listing_id, o.id AS known_id, o.observed_at AS known_at, o.amount AS known_amount, o.currency AS known_currency,
               coalesce(o.amount = s.amount AND o.currency = s.currency
                        AND coalesce(o.amount_max = s.amount_max, true) AND coalesce(o.buy_it_now = s.buy_it_now, true)
                        AND coalesce(o.shipping = s.shipping, true), false) AS is_same,
               l.pending_observation_id IS NOT NULL AS has_pending, l.amount IS NULL AS is_unpriced,
               -- Sites convert on cards for the visitor. The first page that is sure of its price knows the currency better.
               o.read_from = 'card' AND o.snapshot_id IS NULL AND s.read_from = 'page' AND s.confidence >= 0.9 AND o.currency <> s.currency AS is_card_converted
          FROM seen s
          JOIN listings l USING (source, external_id)
          LEFT JOIN price_observations o ON o.id = l.latest_observation_id AND o.observed_at = l.latest_observed_at
      ), doubted AS (
        SELECT c.*, CASE
                 WHEN is_same OR is_card_converted THEN NULL
                 WHEN known_id IS NOT NULL THEN doubt_of_price(known_amount, known_currency, amount, currency, bids IS NOT NULL)
                 WHEN read_from = 'card' AND v_peers IS NOT NULL THEN doubt_beside_peers(amount, v_peers -> currency) END AS doubt
          FROM compared c
      ), decided AS MATERIALIZED (
        SELECT d.*, has_pending OR doubt IS NOT NULL OR (is_same AND is_unpriced) AS is_odd FROM doubted d
      ), confirmed AS (
        UPDATE price_observations o
           SET confirmed_at = v_now, confirmations = o.confirmations + 1,
               amount_max = coalesce(o.amount_max, c.amount_max), buy_it_now = coalesce(o.buy_it_now, c.buy_it_now),
               shipping = coalesce(o.shipping, c.shipping), snapshot_id = coalesce(c.snapshot_id, o.snapshot_id),
               methods = CASE WHEN c.read_from = 'page' THEN c.methods ELSE o.methods END,
               disagreed = CASE WHEN c.read_from = 'page' THEN coalesce(c.disagreed, '[]') ELSE o.disagreed END,
               confidence = CASE WHEN c.read_from = 'page' THEN c.confidence ELSE coalesce(o.confidence, c.confidence) END
          FROM decided c
         WHERE c.is_same AND NOT c.is_odd AND o.id = c.known_id AND o.observed_at = c.known_at
      ), added AS (
        INSERT INTO price_observations (listing_id, observed_at, amount, amount_max, buy_it_now, currency, shipping,
               read_from, methods, disagreed, confidence, run_id, target_id, snapshot_id, confirmed_at,
               base_currency, base_amount, base_rate, base_quote_ids, base_quoted_at, base_missing)
        SELECT listing_id, v_now, amount, amount_max, buy_it_now, currency, shipping, read_from, methods,
               coalesce(disagreed, '[]'), confidence, run_id, target_id, snapshot_id, v_now,
               base_currency, base_amount, base_rate, base_quote_ids, base_quoted_at, base_missing
          FROM decided WHERE NOT is_same AND NOT is_odd
        RETURNING id, listing_id, observed_at
      ), pointed AS (
        UPDATE listings l
           SET amount = c.amount, currency = c.currency, amount_max = c.amount_max, buy_it_now = c.buy_it_now, confidence = c.confidence,
               base_currency = c.base_currency, base_amount = c.base_amount, base_missing = c.base_missing,
               base_valued_at = CASE WHEN c.base_amount IS NOT NULL THEN v_now END,
               latest_observation_id = a.id, latest_observed_at = a.observed_at
          FROM added a JOIN decided c USING (listing_id) WHERE l.id = a.listing_id
      )
      SELECT jsonb_object_agg(listing_id, CASE WHEN is_same THEN 'confirmed' ELSE 'new' END), jsonb_agg(to_jsonb(d)) FILTER (WHERE is_odd)
        INTO v_prices, v_odd FROM decided d;
      IF v_odd IS NOT NULL THEN
        v_prices := v_prices || (SELECT jsonb_object_agg(j.listing_id, j.price) FROM judge_odd_prices(v_odd, v_now) j);
      END IF;

      RETURN QUERY
      SELECT s.listing_id, s.external_id, s.is_fresh AND coalesce(v_prices ->> s.listing_id::text, '') <> 'quarantined',
             coalesce(v_prices ->> s.listing_id::text, 'none')
        FROM unnest(v_listing_ids, v_external_ids, v_are_fresh) AS s (listing_id, external_id, is_fresh);
    END $$`;
