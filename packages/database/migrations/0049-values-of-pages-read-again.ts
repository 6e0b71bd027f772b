import { type Kysely, sql } from "kysely";

/**
 * A price from a page that was read again has its value too, at the rate of the moment when the page was fetched: as it was
 * written down then, with the same price or with others that were seen within a minute of it. Where none was, it is not known.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // As 0044 has it, with the values in the base currency.
  await sql`
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
          v_base text := p_sighting ->> 'base_currency';
          v_rate numeric;
          v_quote_ids bigint[];
          v_quoted_at timestamptz;
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
            IF n.currency = v_base THEN
              v_rate := 1; v_quote_ids := '{}';
            ELSIF v_is_of_this AND o.currency = n.currency AND o.base_currency = v_base AND o.base_rate IS NOT NULL THEN
              v_rate := o.base_rate; v_quote_ids := o.base_quote_ids; v_quoted_at := o.base_quoted_at;
            ELSE
              -- The rate of that moment, as it was written down with this listing or with those whose pages were kept around it.
              SELECT b.base_rate, b.base_quote_ids, b.base_quoted_at INTO v_rate, v_quote_ids, v_quoted_at
                FROM (SELECT l.id AS listing_id
                      UNION SELECT x.listing_id FROM snapshots x WHERE x.id BETWEEN s.id - 50 AND s.id + 50) near
                JOIN price_observations b USING (listing_id)
               WHERE b.currency = n.currency AND b.base_currency = v_base AND b.base_rate IS NOT NULL
                 AND b.observed_at BETWEEN s.fetched_at - interval '1 minute' AND s.fetched_at + interval '1 minute'
               ORDER BY abs(extract(epoch FROM b.observed_at - s.fetched_at)) LIMIT 1;
            END IF;
            INSERT INTO price_observations (listing_id, observed_at, amount, amount_max, buy_it_now, currency, shipping, read_from,
                   methods, disagreed, confidence, run_id, target_id, snapshot_id, confirmed_at, confirmations,
                   base_currency, base_amount, base_rate, base_quote_ids, base_quoted_at, base_missing)
            VALUES (l.id, s.fetched_at, n.amount, n.amount_max, n.buy_it_now, n.currency, n.shipping, 'page',
                    p_sighting -> 'methods', coalesce(p_sighting -> 'disagreed', '[]'), n.confidence, coalesce(t.run_id, o.run_id, 0), s.target_id, s.id,
                    CASE WHEN v_is_of_this THEN greatest(o.confirmed_at, s.fetched_at) ELSE s.fetched_at END,
                    CASE WHEN v_is_of_this THEN o.confirmations ELSE 0 END,
                    v_base, round(n.amount * v_rate, 4), v_rate, v_quote_ids, v_quoted_at,
                    CASE WHEN v_base IS NOT NULL AND v_rate IS NULL THEN 'no-rate' END)
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
                     latest_observation_id = v_observation_id, latest_observed_at = s.fetched_at,
                     base_currency = v_base, base_amount = round(n.amount * v_rate, 4),
                     base_valued_at = CASE WHEN v_rate IS NOT NULL THEN s.fetched_at END,
                     base_missing = CASE WHEN v_base IS NOT NULL AND v_rate IS NULL THEN 'no-rate' END
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
        END $$`.execute(db);
}
