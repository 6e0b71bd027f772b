import { type Kysely, sql } from "kysely";

/**
 * Judging an odd price reads more of the book than storing a usual one, and each statement over a partitioned table pays
 * for all that it names; so the rare half gets a function of its own, which store_sightings (0054) calls.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [doubtBesidePeers, judgeOddPrices]) await sql`${sql.raw(statement)}`.execute(db);
  await sql`
    CREATE INDEX listings_pending ON price_tracker.listings (first_seen_at DESC, id DESC)
     WHERE pending_observation_id IS NOT NULL`.execute(db);
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

/** Prices that are doubted, and prices of listings that have one in quarantine. A listing points to none that was pruned. */
const judgeOddPrices = `
    CREATE FUNCTION price_tracker.judge_odd_prices(p_odd jsonb, p_now timestamp with time zone) RETURNS TABLE(listing_id bigint, price text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
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
               pending_observation_id = CASE WHEN c.fate = 'quarantined' THEN c.added_id WHEN c.verdict IS NULL THEN c.pending_id END,
               pending_observed_at = CASE WHEN c.fate = 'quarantined' THEN c.added_at WHEN c.verdict IS NULL THEN c.pending_at END,
               second_looks = CASE WHEN c.fate = 'quarantined' THEN l.second_looks + (c.read_from = 'page')::integer
                                   WHEN c.verdict IS NULL THEN l.second_looks ELSE 0 END
          FROM (SELECT d.*, a.id AS added_id, a.observed_at AS added_at, CASE WHEN d.base_amount IS NOT NULL THEN p_now END AS base_valued_at,
                       d.fate IN ('new', 'pending-confirmed') OR (d.fate = 'known' AND d.is_unpriced) AS is_believed
                  FROM decided d LEFT JOIN added a USING (listing_id)) c
         WHERE l.id = c.listing_id AND (c.is_believed OR c.fate = 'quarantined' OR c.verdict IS NOT NULL
               OR l.pending_observation_id IS DISTINCT FROM c.pending_id)
      )
      SELECT d.listing_id, CASE WHEN d.fate IN ('known', 'pending-confirmed') THEN 'confirmed' WHEN d.fate IN ('new', 'quarantined') THEN d.fate
                                WHEN d.fate = 'pending-seen' THEN 'quarantined' ELSE 'none' END
        FROM decided d;
    END $$`;
