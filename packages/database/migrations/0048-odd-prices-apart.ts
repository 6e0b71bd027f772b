import { type Kysely, sql } from "kysely";

/**
 * Judging an odd price reads more of the book than storing a usual one, and each statement over a partitioned table pays
 * for all that it names; so the rare half gets a function of its own. Long, because store_sightings is made anew.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [doubtBesidePeers, judgeOddPrices, storeSightings])
    await sql`${sql.raw(statement)}`.execute(db);
  for (const name of ["doubt_beside_peers", "judge_odd_prices"]) {
    await sql`REVOKE EXECUTE ON FUNCTION ${sql.raw(`price_tracker.${name}`)} FROM PUBLIC`.execute(db);
    await sql`GRANT EXECUTE ON FUNCTION ${sql.raw(`price_tracker.${name}`)} TO pricefleet_worker`.execute(db);
  }
}

/** Why the first price of a listing cannot be believed beside the middle and the spread of the others on its page; null: it can. */
const doubtBesidePeers = `
    CREATE FUNCTION price_tracker.doubt_beside_peers(p_amount numeric, p_peers jsonb)
    RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, price_tracker, pg_temp AS $$
      SELECT CASE WHEN p_amount > 0 AND abs(ln(p_amount::float8) - (p_peers ->> 'middle')::float8) > (p_peers ->> 'bound')::float8
        THEN format('ratio %s to its peers on the page', trim_scale(round(exp(ln(p_amount::float8) - (p_peers ->> 'middle')::float8)::numeric, 2))) END
    $$`;

/** Prices that are doubted, and prices of listings that have one in quarantine: as in 0044. */
const judgeOddPrices = `
    CREATE FUNCTION price_tracker.judge_odd_prices(p_odd jsonb, p_now timestamptz)
    RETURNS TABLE (listing_id bigint, price text)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp SET enable_seqscan = off AS $$
    #variable_conflict use_column
    BEGIN
      RETURN QUERY
      WITH compared AS (
        SELECT s.*, p.id AS pending_id, p.observed_at AS pending_at, l.amount IS NULL AS is_unpriced,
               coalesce(p.amount = s.amount AND p.currency = s.currency, false) AS is_pending,
               p.id IS NOT NULL AND doubt_of_price(p.amount, p.currency, s.amount, s.currency, s.bids IS NOT NULL) IS NULL AS is_near_pending,
               -- A card judges no price in quarantine, for it may be the odd one; but where no page was ever read it has to.
               s.read_from = 'page' OR (l.enriched_at IS NULL AND s.run_id IS DISTINCT FROM p.run_id) AS is_look
          FROM jsonb_to_recordset(p_odd) AS s (
                 listing_id bigint, amount numeric, amount_max numeric, buy_it_now numeric, currency text, shipping numeric, bids integer,
                 methods jsonb, disagreed jsonb, confidence numeric, read_from text, run_id bigint, target_id bigint, snapshot_id bigint,
                 base_currency text, base_amount numeric, base_rate numeric, base_quote_ids bigint[], base_quoted_at timestamptz,
                 base_missing text, known_id bigint, known_at timestamptz, is_same boolean, doubt text)
          JOIN listings l ON l.id = s.listing_id
          LEFT JOIN price_observations p ON p.id = l.pending_observation_id AND p.observed_at = l.pending_observed_at
      ), judged AS (
        SELECT c.*, r.id AS refuted_id, r.observed_at AS refuted_at,
               CASE WHEN is_same THEN 'known'
                    WHEN is_pending AND is_look THEN 'pending-confirmed'
                    WHEN doubt IS NULL OR (is_near_pending AND is_look) THEN 'new'
                    WHEN is_pending THEN 'pending-seen'
                    WHEN r.id IS NOT NULL THEN 'refuted-seen'
                    ELSE 'quarantined' END AS fate
          FROM compared c
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
           SET confirmed_at = p_now, confirmations = o.confirmations + 1,
               amount_max = coalesce(o.amount_max, c.amount_max), buy_it_now = coalesce(o.buy_it_now, c.buy_it_now),
               shipping = coalesce(o.shipping, c.shipping), snapshot_id = coalesce(c.snapshot_id, o.snapshot_id),
               methods = CASE WHEN c.read_from = 'page' THEN c.methods ELSE o.methods END,
               disagreed = CASE WHEN c.read_from = 'page' THEN coalesce(c.disagreed, '[]') ELSE o.disagreed END,
               confidence = CASE WHEN c.read_from = 'page' THEN c.confidence ELSE coalesce(o.confidence, c.confidence) END,
               quarantine = CASE WHEN c.fate = 'pending-confirmed' THEN 'confirmed' ELSE o.quarantine END,
               quarantine_ended_at = CASE WHEN c.fate = 'pending-confirmed' THEN p_now ELSE o.quarantine_ended_at END
          FROM decided c
         WHERE o.id = c.seen_again_id AND o.observed_at = c.seen_again_at
      ), ended AS (
        UPDATE price_observations p SET quarantine = c.verdict, quarantine_ended_at = p_now
          FROM decided c
         WHERE c.verdict IS NOT NULL AND c.fate <> 'pending-confirmed' AND p.id = c.pending_id AND p.observed_at = c.pending_at
      ), added AS (
        INSERT INTO price_observations (listing_id, observed_at, amount, amount_max, buy_it_now, currency, shipping,
               read_from, methods, disagreed, confidence, run_id, target_id, snapshot_id, confirmed_at,
               base_currency, base_amount, base_rate, base_quote_ids, base_quoted_at, base_missing, quarantine, doubt)
        SELECT listing_id, p_now, amount, amount_max, buy_it_now, currency, shipping, read_from, methods,
               coalesce(disagreed, '[]'), confidence, run_id, target_id, snapshot_id, p_now,
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
          FROM (SELECT d.*, a.id AS added_id, a.observed_at AS added_at, CASE WHEN d.base_amount IS NOT NULL THEN p_now END AS base_valued_at,
                       d.fate IN ('new', 'pending-confirmed') OR (d.fate = 'known' AND d.is_unpriced) AS is_believed
                  FROM decided d LEFT JOIN added a USING (listing_id)) c
         WHERE l.id = c.listing_id AND (c.is_believed OR c.fate = 'quarantined' OR c.verdict IS NOT NULL)
      )
      SELECT d.listing_id, CASE WHEN d.fate IN ('known', 'pending-confirmed') THEN 'confirmed' WHEN d.fate IN ('new', 'quarantined') THEN d.fate
                                WHEN d.fate = 'pending-seen' THEN 'quarantined' ELSE 'none' END
        FROM decided d;
    END $$`;

/** As before, but what is odd is judged apart. */
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
