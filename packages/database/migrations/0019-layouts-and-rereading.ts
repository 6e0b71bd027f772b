import { type Kysely, sql } from "kysely";

/** How well the pages of each source and host are read, and what is read again from kept pages after a fix. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.page_health (
      source text NOT NULL,
      host text NOT NULL,
      page_kind text NOT NULL CHECK (page_kind IN ('search', 'listing', 'quote')),
      read_rate float8 NOT NULL DEFAULT 1,
      usual_rate float8 NOT NULL DEFAULT 1,
      pages bigint NOT NULL DEFAULT 0,
      state_since timestamptz NOT NULL DEFAULT now(),
      flagged_at timestamptz,
      last_changed_at timestamptz,
      unjudged_read integer NOT NULL DEFAULT 0,
      unjudged_changed integer NOT NULL DEFAULT 0,
      counted_day date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date,
      counted_read bigint NOT NULL DEFAULT 0,
      counted_changed bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (source, host, page_kind)
    )`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.page_health.usual_rate IS 'the same rate over a past fifty times as long; it rests while flagged'`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.page_health.counted_day IS 'from here on daily_outcomes hold pages not judged yet, but for the counted ones of this day'`.execute(
    db,
  );
  await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.page_health TO pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT SELECT ON price_tracker.page_health TO pricefleet_api`.execute(db);

  await sql`ALTER TABLE price_tracker.price_observations ADD COLUMN corrected_at timestamptz`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.price_observations.corrected_at IS 'its page, read again, said another price, which stands beside it; kept as evidence of what was believed'`.execute(
    db,
  );
  await sql`ALTER TABLE price_tracker.snapshots ADD COLUMN stored_at timestamptz`.execute(db);
  await sql`ALTER TABLE price_tracker.snapshots ALTER COLUMN stored_at SET DEFAULT clock_timestamp()`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.snapshots.stored_at IS 'just after the price that was read from it; null on rows older than this column'`.execute(
    db,
  );
  await sql`
    CREATE INDEX snapshots_changed ON price_tracker.snapshots (source, id DESC) WHERE page_state = 'changed'`.execute(
    db,
  );

  // Halves its memory after p_half_life pages, and that of the usual rate after fifty times as many.
  await sql`
    CREATE FUNCTION price_tracker.judge_layouts(p_half_life integer, p_bound float8)
    RETURNS TABLE (source text, host text, page_kind text, flagged boolean, read_rate float8, usual_rate float8)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    #variable_conflict use_column
    DECLARE
      v_today date := (now() AT TIME ZONE 'UTC')::date;
      h record;
      v_pages bigint;
      v_good bigint;
      v_read_rate float8;
      v_usual_rate float8;
      v_flagged boolean;
      v_words text;
    BEGIN
      INSERT INTO page_health (source, host, page_kind)
      SELECT DISTINCT d.source, d.host, CASE d.queue WHEN 'quote_refresh' THEN 'quote' ELSE 'listing' END
        FROM daily_outcomes d
       WHERE d.day = v_today AND d.outcome IN ('ok', 'layout-changed') AND d.queue <> 'history_sync'
      ON CONFLICT DO NOTHING;

      FOR h IN
        SELECT p.*, coalesce(c.good, 0) AS good, coalesce(c.bad, 0) AS bad, coalesce(c.good_today, 0) AS good_today,
               coalesce(c.bad_today, 0) AS bad_today
          FROM page_health p
          LEFT JOIN LATERAL (
            SELECT sum(d.count) FILTER (WHERE d.outcome = 'ok') AS good,
                   sum(d.count) FILTER (WHERE d.outcome <> 'ok') AS bad,
                   sum(d.count) FILTER (WHERE d.outcome = 'ok' AND d.day = v_today) AS good_today,
                   sum(d.count) FILTER (WHERE d.outcome <> 'ok' AND d.day = v_today) AS bad_today
              FROM daily_outcomes d
             WHERE d.day >= p.counted_day AND d.source = p.source AND d.host = p.host
               AND d.queue = CASE p.page_kind WHEN 'listing' THEN 'listing_enrichment' WHEN 'quote' THEN 'quote_refresh' END
               AND d.outcome IN ('ok', 'layout-changed')
          ) c ON true
         ORDER BY p.source, p.host, p.page_kind FOR UPDATE OF p
      LOOP
        v_good := h.good - h.counted_read + h.unjudged_read;
        v_pages := v_good + h.bad - h.counted_changed + h.unjudged_changed;
        CONTINUE WHEN v_pages <= 0;
        v_read_rate := v_good::float8 / v_pages + (h.read_rate - v_good::float8 / v_pages) * 0.5 ^ (v_pages::float8 / p_half_life);
        v_usual_rate := h.usual_rate;
        -- Between the two bounds it stays as it is, so that it does not flutter.
        v_flagged := CASE WHEN h.flagged_at IS NULL THEN h.pages + v_pages >= p_half_life AND v_read_rate <= p_bound * v_usual_rate
                          ELSE v_read_rate < (1 + p_bound) / 2 * v_usual_rate END;
        IF NOT v_flagged AND h.flagged_at IS NULL THEN
          v_usual_rate := v_good::float8 / v_pages
            + (h.usual_rate - v_good::float8 / v_pages) * 0.5 ^ (v_pages::float8 / (50 * p_half_life));
        END IF;
        UPDATE page_health p
           SET read_rate = v_read_rate, usual_rate = v_usual_rate, pages = p.pages + v_pages,
               unjudged_read = 0, unjudged_changed = 0, counted_day = v_today, counted_read = h.good_today,
               counted_changed = h.bad_today,
               last_changed_at = CASE WHEN v_pages > v_good THEN clock_timestamp() ELSE p.last_changed_at END,
               state_since = CASE WHEN v_flagged <> (h.flagged_at IS NOT NULL) THEN clock_timestamp() ELSE p.state_since END,
               flagged_at = CASE WHEN v_flagged THEN coalesce(p.flagged_at, clock_timestamp()) END
         WHERE p.source = h.source AND p.host = h.host AND p.page_kind = h.page_kind;
        CONTINUE WHEN v_flagged = (h.flagged_at IS NOT NULL);

        source := h.source; host := h.host; page_kind := h.page_kind; flagged := v_flagged;
        read_rate := v_read_rate; usual_rate := v_usual_rate;
        v_words := CASE WHEN v_flagged
          THEN format('the layout of %s pages of %s seems to have changed: %s %% of the last ones were read, usually %s %%',
                      h.page_kind, h.host, round(100 * v_read_rate), round(100 * v_usual_rate))
          ELSE format('the %s pages of %s are read again', h.page_kind, h.host) END;
        INSERT INTO run_events (run_id, from_state, to_state, reason)
        SELECT r.id, r.state, r.state, v_words
          FROM runs r
         WHERE r.state IN ('initializing', 'processing', 'paused')
           AND CASE WHEN h.page_kind = 'search'
                    THEN EXISTS (SELECT FROM market_runs m WHERE m.run_id = r.id AND m.source = h.source AND m.collected_at IS NULL)
                    ELSE EXISTS (SELECT FROM run_markets m WHERE m.run_id = r.id AND m.host = h.host AND m.source = h.source) END;
        RETURN NEXT;
      END LOOP;
    END $$`.execute(db);

  // A page's price is compared as store_sightings does: what a page leaves out contradicts nothing.
  await sql`
    CREATE FUNCTION price_tracker.reread_snapshot(p_snapshot_id bigint, p_sighting jsonb, p_apply boolean)
    RETURNS TABLE (outcome text, changes jsonb)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
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
       WHERE listing_id = l.id AND corrected_at IS NULL AND (snapshot_id = s.id OR observed_at <= v_until)
       ORDER BY coalesce(snapshot_id = s.id, false) DESC, observed_at DESC, id DESC LIMIT 1;
      v_is_of_this := v_was_read AND o.read_from = 'page' AND coalesce(o.snapshot_id = s.id OR o.target_id = s.target_id, false);

      IF v_has_price THEN
        SELECT coalesce(jsonb_object_agg(k, jsonb_build_object('before', old ->> k, 'after', new ->> k)), '{}')
          INTO v_price_changes
          FROM unnest(v_price_keys) k, to_jsonb(o) old, to_jsonb(n) new
         WHERE new ->> k IS NOT NULL AND old -> k IS DISTINCT FROM new -> k
           AND (o.id IS NULL OR k IN ('amount', 'currency') OR old ->> k IS NOT NULL);
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
                      WHEN v_price_changes || v_listing_changes = '{}' THEN 'unchanged' ELSE 'changed' END;
      changes := v_price_changes || v_listing_changes;
      RETURN NEXT;
      IF NOT p_apply OR outcome = 'unchanged' THEN RETURN; END IF;

      IF NOT v_was_read THEN
        UPDATE targets SET state = 'done', finished_at = now(), error_class = NULL, reason = NULL, last_error = NULL
         WHERE id = t.id;
        UPDATE snapshots SET page_state = 'ok', stored_at = s.fetched_at WHERE id = s.id;
      END IF;

      IF v_price_changes <> '{}' THEN
        INSERT INTO price_observations (listing_id, observed_at, amount, amount_max, buy_it_now, currency, shipping, read_from,
               methods, run_id, target_id, snapshot_id, confirmed_at, confirmations)
        VALUES (l.id, s.fetched_at, n.amount, n.amount_max, n.buy_it_now, n.currency, n.shipping, 'page',
                p_sighting -> 'methods', coalesce(t.run_id, o.run_id, 0), s.target_id, s.id,
                CASE WHEN v_is_of_this THEN greatest(o.confirmed_at, s.fetched_at) ELSE s.fetched_at END,
                CASE WHEN v_is_of_this THEN o.confirmations ELSE 0 END)
        RETURNING id INTO v_observation_id;
        IF v_is_of_this THEN
          UPDATE price_observations SET corrected_at = now() WHERE id = o.id AND observed_at = o.observed_at;
        END IF;
        IF l.latest_observation_id IS NULL OR l.latest_observed_at <= s.fetched_at
           OR (v_is_of_this AND l.latest_observation_id = o.id) THEN
          UPDATE listings
             SET amount = n.amount, currency = n.currency, amount_max = n.amount_max, buy_it_now = n.buy_it_now,
                 shipping = coalesce(n.shipping, shipping),
                 latest_observation_id = v_observation_id, latest_observed_at = s.fetched_at
           WHERE id = l.id;
        END IF;
      ELSIF v_has_price AND NOT v_was_read THEN
        UPDATE price_observations
           SET confirmed_at = greatest(confirmed_at, s.fetched_at), confirmations = confirmations + 1,
               snapshot_id = coalesce(snapshot_id, s.id)
         WHERE id = o.id AND observed_at = o.observed_at;
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

  for (const name of ["judge_layouts", "reread_snapshot"]) {
    await sql`REVOKE EXECUTE ON FUNCTION ${sql.raw(`price_tracker.${name}`)} FROM PUBLIC`.execute(db);
    await sql`GRANT EXECUTE ON FUNCTION ${sql.raw(`price_tracker.${name}`)} TO pricefleet_worker`.execute(db);
  }
}
