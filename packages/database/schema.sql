-- Made by "npm run dump-schema" with PostgreSQL 15. Do not edit.
CREATE SCHEMA price_tracker;

ALTER SCHEMA price_tracker OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.ask_dead_letter_discard(p_target_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$ 
      DECLARE v_state text;
      BEGIN
        SELECT state INTO v_state FROM targets WHERE id = p_target_id FOR UPDATE;
        IF NOT FOUND THEN RAISE EXCEPTION 'target % does not exist', p_target_id USING ERRCODE = 'PF404'; END IF;
        IF v_state = 'cancelled' THEN RETURN; END IF;
        IF v_state <> 'dead' THEN
          RAISE EXCEPTION 'target % is %, not dead', p_target_id, v_state USING ERRCODE = 'PF409';
        END IF;
        UPDATE targets SET state = 'cancelled' WHERE id = p_target_id;
      END $$;

ALTER FUNCTION price_tracker.ask_dead_letter_discard(p_target_id bigint) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_dead_letter_retry(p_target_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$ 
      DECLARE v_run_id bigint; v_state text;
      BEGIN
        -- The run is locked first, as a reset or a retry of the whole run does: so these never wait in a circle.
        SELECT run_id INTO v_run_id FROM targets WHERE id = p_target_id;
        PERFORM FROM runs WHERE id = v_run_id FOR UPDATE;
        SELECT state INTO v_state FROM targets WHERE id = p_target_id FOR UPDATE;
        IF NOT FOUND THEN RAISE EXCEPTION 'target % does not exist', p_target_id USING ERRCODE = 'PF404'; END IF;
        IF v_state IN ('pending', 'queued', 'running', 'done') THEN RETURN; END IF;
        IF v_state <> 'dead' THEN
          RAISE EXCEPTION 'target % is %, not dead', p_target_id, v_state USING ERRCODE = 'PF409';
        END IF;
        UPDATE targets SET state = 'pending', attempts = 0, lost_leases = 0, not_before = now(), finished_at = NULL,
                   dead_lettered_at = NULL WHERE id = p_target_id;
        PERFORM reopen_run(v_run_id, 'asked to retry target ' || p_target_id);
      END $$;

ALTER FUNCTION price_tracker.ask_dead_letter_retry(p_target_id bigint) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_dead_letters_discard(p_filter jsonb, p_after_id bigint, p_limit integer) RETURNS TABLE(changed integer, refused integer, refused_because text, last_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$ 
      BEGIN
        refused := 0;
        WITH chosen AS MATERIALIZED (
          SELECT id FROM targets WHERE 
            state = 'dead' AND id > p_after_id
            AND (p_filter ->> 'reason' IS NULL OR reason = p_filter ->> 'reason')
            AND (p_filter ->> 'source' IS NULL OR source = p_filter ->> 'source')
            AND (p_filter ->> 'host' IS NULL OR host = p_filter ->> 'host')
            AND (p_filter ->> 'run_id' IS NULL OR run_id = (p_filter ->> 'run_id')::bigint)
          ORDER BY id LIMIT p_limit FOR UPDATE
        ), discarded AS (
          UPDATE targets t SET state = 'cancelled' FROM chosen c WHERE t.id = c.id AND t.state = 'dead' RETURNING t.id
        )
        SELECT (SELECT count(*) FROM discarded), (SELECT max(id) FROM chosen) INTO changed, last_id;
        RETURN NEXT;
      END $$;

ALTER FUNCTION price_tracker.ask_dead_letters_discard(p_filter jsonb, p_after_id bigint, p_limit integer) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_dead_letters_retry(p_filter jsonb, p_after_id bigint, p_limit integer) RETURNS TABLE(changed integer, refused integer, refused_because text, last_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
          DECLARE v_ids bigint[]; v_run_id bigint; v_of_run integer;
          BEGIN
            changed := 0; refused := 0;
            SELECT array_agg(id), max(id) INTO v_ids, last_id FROM (
              SELECT id FROM targets WHERE 
                state = 'dead' AND id > p_after_id
                AND (p_filter ->> 'reason' IS NULL OR reason = p_filter ->> 'reason')
                AND (p_filter ->> 'source' IS NULL OR source = p_filter ->> 'source')
                AND (p_filter ->> 'host' IS NULL OR host = p_filter ->> 'host')
                AND (p_filter ->> 'run_id' IS NULL OR run_id = (p_filter ->> 'run_id')::bigint)
              ORDER BY id LIMIT p_limit) chosen;
            FOR v_run_id IN
              SELECT DISTINCT t.run_id FROM unnest(v_ids) AS chosen (id) JOIN targets t ON t.id = chosen.id ORDER BY 1
            LOOP
              BEGIN
                PERFORM FROM runs WHERE id = v_run_id FOR UPDATE;
                -- Joined, for a long list in a condition is gone through for every dead letter of the run.
                UPDATE targets t SET state = 'pending', attempts = 0, lost_leases = 0, not_before = now(), finished_at = NULL,
                       dead_lettered_at = NULL FROM unnest(v_ids) AS chosen (id)
                 WHERE t.id = chosen.id AND t.run_id IS NOT DISTINCT FROM v_run_id AND t.state = 'dead';
                GET DIAGNOSTICS v_of_run = ROW_COUNT;
                IF v_of_run > 0 THEN PERFORM reopen_run(v_run_id, 'asked to retry ' || v_of_run || ' dead letters'); END IF;
                changed := changed + v_of_run;
              EXCEPTION WHEN SQLSTATE 'PF409' OR unique_violation THEN
                -- A newer run of the same search is under way: this run's dead letters stay, the others go on.
                refused := refused + v_of_run;
                refused_because := SQLERRM;
              END;
            END LOOP;
            RETURN NEXT;
          END $$;

ALTER FUNCTION price_tracker.ask_dead_letters_retry(p_filter jsonb, p_after_id bigint, p_limit integer) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_host_change(p_host text, p_change jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      h hosts%ROWTYPE;
      n hosts%ROWTYPE;
      v_used integer;
    BEGIN
      SELECT * INTO h FROM hosts WHERE host = p_host FOR UPDATE;
      IF NOT FOUND THEN RAISE EXCEPTION 'host % does not exist', p_host USING ERRCODE = 'PF404'; END IF;
      v_used := CASE WHEN h.requests_day = (now() AT TIME ZONE 'UTC')::date THEN h.requests_today ELSE 0 END;
      n := jsonb_populate_record(h, p_change);
      IF p_change ? 'closed_until' THEN
        -- By hand: null opens it and forgets its walls, a time closes it until then.
        n.breaker := 'closed'; n.breaker_since := now(); n.probe_until := NULL; n.blocked_since := NULL;
        n.consecutive_blocks := 0; n.consecutive_closings := 0;
        n.closed_reason := CASE WHEN n.closed_until IS NOT NULL THEN 'by-hand' END;
      ELSIF h.closed_reason = 'daily-budget' AND coalesce(v_used < n.daily_budget, true) THEN
        n.closed_until := NULL; n.closed_reason := NULL;
      END IF;
      UPDATE hosts
         SET min_delay_ms = n.min_delay_ms, max_in_flight = n.max_in_flight, daily_budget = n.daily_budget,
             blocks_to_open = n.blocks_to_open, fetch_mode = n.fetch_mode,
             fetch_mode_at = CASE WHEN p_change ? 'fetch_mode' THEN now() ELSE fetch_mode_at END,
             -- A person who sets the delay means it: what was slowed down begins anew from there.
             slowed_delay_ms = CASE WHEN NOT p_change ? 'min_delay_ms' THEN slowed_delay_ms END,
             closed_until = n.closed_until, closed_reason = n.closed_reason, breaker = n.breaker,
             breaker_since = n.breaker_since, probe_until = n.probe_until, blocked_since = n.blocked_since,
             consecutive_blocks = n.consecutive_blocks, consecutive_closings = n.consecutive_closings
       WHERE host = p_host RETURNING * INTO n;
      -- The last slot that was handed out stays, and the next one is the new delay after it.
      UPDATE hosts SET next_slot_at = next_slot_at + make_interval(secs => (n.current_delay_ms - h.current_delay_ms) / 1000.0)
       WHERE host = p_host AND next_slot_at > '-infinity';
      IF n.current_delay_ms < h.current_delay_ms OR n.max_in_flight > h.max_in_flight
         OR (h.closed_until > now() AND coalesce(n.closed_until <= now(), true)) THEN
        PERFORM wake_targets_of(p_host);
      END IF;
    END $$;

ALTER FUNCTION price_tracker.ask_host_change(p_host text, p_change jsonb) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_instrument(p_instrument jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE n instruments%ROWTYPE; v_id bigint;
      BEGIN
        n := jsonb_populate_record(NULL::instruments, p_instrument);
        INSERT INTO instruments (exchange, symbol, name, asset, currency, unit, page_url, page_selector, refresh_seconds,
               valid_min, valid_max, trading_hours, enabled)
        VALUES (n.exchange, n.symbol, n.name, n.asset, n.currency, n.unit, n.page_url, n.page_selector,
                coalesce(n.refresh_seconds, 5), n.valid_min, n.valid_max, coalesce(n.trading_hours, 'always'),
                coalesce(n.enabled, true))
        ON CONFLICT (exchange, symbol) DO NOTHING
        RETURNING id INTO v_id;
        IF v_id IS NULL THEN
          RAISE EXCEPTION 'instrument %:% exists already', n.exchange, n.symbol USING ERRCODE = 'PF409';
        END IF;
        PERFORM pg_notify('quotes_changed', v_id::text);
        RETURN v_id;
      END $$;

ALTER FUNCTION price_tracker.ask_instrument(p_instrument jsonb) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_instrument_change(p_id bigint, p_change jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE n instruments%ROWTYPE;
      BEGIN
        SELECT * INTO n FROM instruments WHERE id = p_id FOR UPDATE;
        IF NOT FOUND THEN RAISE EXCEPTION 'instrument % does not exist', p_id USING ERRCODE = 'PF404'; END IF;
        n := jsonb_populate_record(n, p_change);
        IF n.valid_min >= n.valid_max THEN
          RAISE EXCEPTION 'instrument % would have valid_min % and valid_max %, with nothing in between', p_id, n.valid_min, n.valid_max
            USING ERRCODE = 'PF409';
        END IF;
        UPDATE instruments
           SET name = n.name, asset = n.asset, currency = n.currency, unit = n.unit, page_url = n.page_url,
               page_selector = n.page_selector, refresh_seconds = n.refresh_seconds, valid_min = n.valid_min,
               valid_max = n.valid_max, trading_hours = n.trading_hours, enabled = n.enabled
         WHERE id = p_id;
        PERFORM pg_notify('quotes_changed', p_id::text);
      END $$;

ALTER FUNCTION price_tracker.ask_instrument_change(p_id bigint, p_change jsonb) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_poison_discard(p_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$ 
      BEGIN
        UPDATE poison_messages SET discarded_at = coalesce(discarded_at, now()) WHERE id = p_id;
        IF NOT FOUND THEN RAISE EXCEPTION 'poison message % does not exist', p_id USING ERRCODE = 'PF404'; END IF;
      END $$;

ALTER FUNCTION price_tracker.ask_poison_discard(p_id bigint) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_quote_subscription(p_exchange text, p_symbol text, p_feed text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE v_id bigint;
      BEGIN
        
        SELECT id INTO v_id FROM instruments WHERE exchange = p_exchange AND symbol = p_symbol;
        IF NOT FOUND THEN
          RAISE EXCEPTION 'instrument %:% does not exist', p_exchange, p_symbol USING ERRCODE = 'PF404';
        END IF;
        INSERT INTO quote_subscriptions (instrument_id, feed) VALUES (v_id, p_feed) ON CONFLICT DO NOTHING;
        RETURN v_id;
      END $$;

ALTER FUNCTION price_tracker.ask_quote_subscription(p_exchange text, p_symbol text, p_feed text) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_quote_unsubscription(p_exchange text, p_symbol text, p_feed text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE v_id bigint;
      BEGIN
        
        SELECT id INTO v_id FROM instruments WHERE exchange = p_exchange AND symbol = p_symbol;
        IF NOT FOUND THEN
          RAISE EXCEPTION 'instrument %:% does not exist', p_exchange, p_symbol USING ERRCODE = 'PF404';
        END IF;
        DELETE FROM quote_subscriptions WHERE instrument_id = v_id AND feed = p_feed;
        RETURN v_id;
      END $$;

ALTER FUNCTION price_tracker.ask_quote_unsubscription(p_exchange text, p_symbol text, p_feed text) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_run(p_search_id bigint, p_max_pages integer, p_enrich_limit integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE v_id bigint; v_active bigint;
      BEGIN
        INSERT INTO runs (search_id, max_pages, enrich_limit)
        SELECT id, coalesce(p_max_pages, max_pages), coalesce(p_enrich_limit, enrich_limit) FROM searches WHERE id = p_search_id
        RETURNING id INTO v_id;
        IF v_id IS NULL THEN RAISE EXCEPTION 'search % does not exist', p_search_id USING ERRCODE = 'PF404'; END IF;
        INSERT INTO run_events (run_id, from_state, to_state, reason) VALUES (v_id, NULL, 'initializing', 'asked for');
        RETURN v_id;
      EXCEPTION WHEN unique_violation THEN
        SELECT id INTO v_active FROM runs WHERE search_id = p_search_id AND state IN ('initializing', 'processing', 'paused');
        RAISE EXCEPTION 'search % has run % under way', p_search_id, v_active USING ERRCODE = 'PF409', DETAIL = v_active::text;
      END $$;

ALTER FUNCTION price_tracker.ask_run(p_search_id bigint, p_max_pages integer, p_enrich_limit integer) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_run_interruption(p_run_id bigint, p_on_interruption text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ BEGIN UPDATE runs SET on_interruption = p_on_interruption WHERE id = p_run_id; END $$;

ALTER FUNCTION price_tracker.ask_run_interruption(p_run_id bigint, p_on_interruption text) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_run_reset(p_run_id bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE v_cancelled bigint;
      BEGIN
        PERFORM change_run_state(p_run_id, 'idle', 'asked to reset');
        UPDATE targets SET state = 'cancelled', republish_after = NULL, finished_at = now()
         WHERE run_id = p_run_id AND state IN ('pending', 'queued');
        GET DIAGNOSTICS v_cancelled = ROW_COUNT;
        RETURN v_cancelled;
      END $$;

ALTER FUNCTION price_tracker.ask_run_reset(p_run_id bigint) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_run_resume(p_run_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE v_state text;
      BEGIN
        SELECT state INTO v_state FROM runs WHERE id = p_run_id FOR UPDATE;
        IF v_state IN ('initializing', 'processing') THEN RETURN; END IF;
        IF v_state = 'completed' THEN
          RAISE EXCEPTION 'run % is completed, so there is nothing to resume; a retry tries again what failed', p_run_id
            USING ERRCODE = 'PF409';
        END IF;
        PERFORM change_run_state(p_run_id, 'processing', 'asked to resume');
      END $$;

ALTER FUNCTION price_tracker.ask_run_resume(p_run_id bigint) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_run_retry(p_run_id bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE v_retried bigint;
      BEGIN
        PERFORM FROM runs WHERE id = p_run_id FOR UPDATE;
        IF NOT FOUND THEN RAISE EXCEPTION 'run % does not exist', p_run_id USING ERRCODE = 'PF404'; END IF;
        UPDATE targets SET state = 'pending', attempts = 0, lost_leases = 0, not_before = now(), finished_at = NULL,
               dead_lettered_at = NULL
         WHERE run_id = p_run_id AND state IN ('failed', 'dead');
        GET DIAGNOSTICS v_retried = ROW_COUNT;
        IF v_retried > 0 THEN PERFORM reopen_run(p_run_id, 'asked to retry ' || v_retried || ' targets'); END IF;
        RETURN v_retried;
      END $$;

ALTER FUNCTION price_tracker.ask_run_retry(p_run_id bigint) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_run_start(p_run_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      BEGIN
        PERFORM change_run_state(p_run_id, 'initializing', 'asked to start again');
        DELETE FROM targets WHERE run_id = p_run_id AND state = 'cancelled';
        UPDATE search_listings sl SET last_run_id = 0 FROM runs r
         WHERE r.id = p_run_id AND sl.search_id = r.search_id AND sl.last_run_id = r.id;
        UPDATE runs SET next_page = 1, pages_read = 0, total_results = NULL, found = 0, confirmed = 0, collected_at = NULL
         WHERE id = p_run_id;
      END $$;

ALTER FUNCTION price_tracker.ask_run_start(p_run_id bigint) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_run_stop(p_run_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ BEGIN PERFORM change_run_state(p_run_id, 'paused', 'asked to stop'); END $$;

ALTER FUNCTION price_tracker.ask_run_stop(p_run_id bigint) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_search(p_source text, p_term text, p_url text, p_max_pages integer, p_enrich_limit integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE v_id bigint;
      BEGIN
        SELECT id INTO v_id FROM searches
         WHERE source = p_source AND coalesce(term, '') = coalesce(p_term, '') AND coalesce(url, '') = coalesce(p_url, '');
        IF FOUND THEN RETURN v_id; END IF;
        INSERT INTO searches (source, term, url, max_pages, enrich_limit)
        VALUES (p_source, p_term, p_url, p_max_pages, p_enrich_limit)
        ON CONFLICT (source, coalesce(term, ''), coalesce(url, '')) DO UPDATE SET source = excluded.source
        RETURNING id INTO v_id;
        RETURN v_id;
      END $$;

ALTER FUNCTION price_tracker.ask_search(p_source text, p_term text, p_url text, p_max_pages integer, p_enrich_limit integer) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_search_change(p_search_id bigint, p_max_pages integer, p_enrich_limit integer, p_enabled boolean, p_interval_seconds integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      UPDATE searches
         SET max_pages = coalesce(p_max_pages, max_pages), enrich_limit = coalesce(p_enrich_limit, enrich_limit),
             enabled = coalesce(p_enabled, enabled), interval_seconds = coalesce(p_interval_seconds, interval_seconds),
             cron = CASE WHEN p_interval_seconds IS NULL THEN cron END,
             time_zone = CASE WHEN p_interval_seconds IS NULL THEN time_zone END,
             next_run_at = CASE WHEN p_interval_seconds IS NULL THEN next_run_at ELSE now() END
       WHERE id = p_search_id;
      IF NOT FOUND THEN RAISE EXCEPTION 'search % does not exist', p_search_id USING ERRCODE = 'PF404'; END IF;
    END $$;

ALTER FUNCTION price_tracker.ask_search_change(p_search_id bigint, p_max_pages integer, p_enrich_limit integer, p_enabled boolean, p_interval_seconds integer) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_search_filter(p_search_id bigint, p_filter jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      UPDATE searches SET filter = p_filter WHERE id = p_search_id;
      IF NOT FOUND THEN RAISE EXCEPTION 'search % does not exist', p_search_id USING ERRCODE = 'PF404'; END IF;
    END $$;

ALTER FUNCTION price_tracker.ask_search_filter(p_search_id bigint, p_filter jsonb) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_search_interruption(p_search_id bigint, p_on_interruption text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ BEGIN UPDATE searches SET on_interruption = p_on_interruption WHERE id = p_search_id; END $$;

ALTER FUNCTION price_tracker.ask_search_interruption(p_search_id bigint, p_on_interruption text) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_search_markets(p_search_id bigint, p_label text, p_markets jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE v_source text; v_other bigint;
      BEGIN
        SELECT source INTO v_source FROM searches WHERE id = p_search_id FOR UPDATE;
        IF NOT FOUND THEN RAISE EXCEPTION 'search % does not exist', p_search_id USING ERRCODE = 'PF404'; END IF;
        IF v_source <> 'several' THEN
          RAISE EXCEPTION 'search % is of % alone and has no list of markets; POST /searches makes one that has', p_search_id, v_source
            USING ERRCODE = 'PF409';
        END IF;
        SELECT id INTO v_other FROM searches WHERE source = 'several' AND term = p_label AND id <> p_search_id;
        IF FOUND THEN
          RAISE EXCEPTION 'search % has these markets already', v_other USING ERRCODE = 'PF409';
        END IF;
        UPDATE searches SET term = p_label WHERE id = p_search_id;
        DELETE FROM search_markets WHERE search_id = p_search_id;
        INSERT INTO search_markets (search_id, market, source, term, url, max_pages, enrich_limit, at_once)
        SELECT p_search_id, m.market, m.source, m.term, m.url, m.max_pages, m.enrich_limit, m.at_once
          FROM ROWS FROM (jsonb_to_recordset(p_markets)
                 AS (source text, term text, url text, max_pages integer, enrich_limit integer, at_once integer))
               WITH ORDINALITY AS m (source, term, url, max_pages, enrich_limit, at_once, market);
      EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'another search was given these markets at the same moment' USING ERRCODE = 'PF409';
      END $$;

ALTER FUNCTION price_tracker.ask_search_markets(p_search_id bigint, p_label text, p_markets jsonb) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_search_of_markets(p_label text, p_markets jsonb, p_max_pages integer, p_enrich_limit integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE v_id bigint;
    BEGIN
      v_id := ask_search('several', p_label, NULL, p_max_pages, p_enrich_limit);
      -- One asker at a time: two that write the same list would both delete and both insert.
      PERFORM FROM searches WHERE id = v_id FOR UPDATE;
      DELETE FROM search_markets WHERE search_id = v_id;
      INSERT INTO search_markets (search_id, market, source, term, url, max_pages, enrich_limit, at_once)
      SELECT v_id, m.market, m.source, m.term, m.url, m.max_pages, m.enrich_limit, m.at_once
        FROM ROWS FROM (jsonb_to_recordset(p_markets)
               AS (source text, term text, url text, max_pages integer, enrich_limit integer, at_once integer))
             WITH ORDINALITY AS m (source, term, url, max_pages, enrich_limit, at_once, market);
      RETURN v_id;
    END $$;

ALTER FUNCTION price_tracker.ask_search_of_markets(p_label text, p_markets jsonb, p_max_pages integer, p_enrich_limit integer) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_search_schedule(p_search_id bigint, p_change jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      UPDATE searches s
         SET cron = n.cron, time_zone = n.time_zone, interval_seconds = n.interval_seconds,
             jitter_percent = coalesce(n.jitter_percent, s.jitter_percent), next_run_at = n.next_run_at,
             paused_run_blocks_hours = n.paused_run_blocks_hours
        FROM (SELECT (jsonb_populate_record(o, p_change)).* FROM searches o WHERE o.id = p_search_id) n
       WHERE s.id = n.id AND s.id = p_search_id;
      IF NOT FOUND THEN RAISE EXCEPTION 'search % does not exist', p_search_id USING ERRCODE = 'PF404'; END IF;
    END $$;

ALTER FUNCTION price_tracker.ask_search_schedule(p_search_id bigint, p_change jsonb) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_sync(p_exchange text, p_symbol text, p_interval text, p_n_bars integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      v_is_new boolean;
    BEGIN
      SELECT state NOT IN ('pending', 'syncing') INTO v_is_new FROM sync_status
       WHERE exchange = p_exchange AND symbol = p_symbol AND interval = p_interval FOR UPDATE;
      INSERT INTO sync_status AS s (exchange, symbol, interval, state, n_bars)
      VALUES (p_exchange, p_symbol, p_interval, 'pending', p_n_bars)
      ON CONFLICT (exchange, symbol, interval) DO UPDATE SET
        n_bars = CASE s.state WHEN 'pending' THEN greatest(s.n_bars, excluded.n_bars)
                              WHEN 'syncing' THEN s.n_bars ELSE excluded.n_bars END,
        state = CASE WHEN s.state = 'syncing' THEN s.state ELSE 'pending' END,
        requested_at = CASE WHEN s.state IN ('pending', 'syncing') THEN s.requested_at ELSE now() END,
        started_at = CASE WHEN s.state = 'syncing' THEN s.started_at END,
        finished_at = NULL,
        message = CASE WHEN s.state IN ('pending', 'syncing') THEN s.message END,
        bars_stored = NULL;
      RETURN coalesce(v_is_new, true);
    END $$;

ALTER FUNCTION price_tracker.ask_sync(p_exchange text, p_symbol text, p_interval text, p_n_bars integer) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_sync_schedule(p_schedule jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE n sync_schedules%ROWTYPE; v_id bigint;
      BEGIN
        n := jsonb_populate_record(NULL::sync_schedules, p_schedule);
        INSERT INTO sync_schedules (name, cron, time_zone, interval, n_bars, symbols, enabled, next_run_at)
        VALUES (n.name, n.cron, coalesce(n.time_zone, 'UTC'), n.interval, n.n_bars, n.symbols, coalesce(n.enabled, true),
                n.next_run_at)
        ON CONFLICT (name) DO NOTHING
        RETURNING id INTO v_id;
        IF v_id IS NULL THEN
          RAISE EXCEPTION 'a schedule called % exists already', n.name USING ERRCODE = 'PF409';
        END IF;
        RETURN v_id;
      END $$;

ALTER FUNCTION price_tracker.ask_sync_schedule(p_schedule jsonb) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_sync_schedule_change(p_id bigint, p_change jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      DECLARE n sync_schedules%ROWTYPE;
      BEGIN
        SELECT * INTO n FROM sync_schedules WHERE id = p_id FOR UPDATE;
        IF NOT FOUND THEN RAISE EXCEPTION 'schedule % does not exist', p_id USING ERRCODE = 'PF404'; END IF;
        n := jsonb_populate_record(n, p_change);
        UPDATE sync_schedules
           SET name = n.name, cron = n.cron, time_zone = n.time_zone, interval = n.interval, n_bars = n.n_bars,
               symbols = n.symbols, enabled = n.enabled, next_run_at = n.next_run_at
         WHERE id = p_id;
      EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'a schedule called % exists already', n.name USING ERRCODE = 'PF409';
      END $$;

ALTER FUNCTION price_tracker.ask_sync_schedule_change(p_id bigint, p_change jsonb) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.ask_sync_schedule_removal(p_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$ 
      BEGIN
        DELETE FROM sync_schedules WHERE id = p_id;
        IF NOT FOUND THEN RAISE EXCEPTION 'schedule % does not exist', p_id USING ERRCODE = 'PF404'; END IF;
      END $$;

ALTER FUNCTION price_tracker.ask_sync_schedule_removal(p_id bigint) OWNER TO pricefleet_asks;

CREATE FUNCTION price_tracker.cancel_targets_of_reset_runs() RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      v_cancelled integer;
    BEGIN
      UPDATE targets SET state = 'cancelled', republish_after = NULL, finished_at = now()
       WHERE state IN ('pending', 'queued') AND run_id = ANY (ARRAY(
         SELECT r.id FROM runs r WHERE r.state = 'idle'
            AND EXISTS (SELECT FROM targets t WHERE t.run_id = r.id AND t.state IN ('pending', 'queued'))));
      GET DIAGNOSTICS v_cancelled = ROW_COUNT;
      RETURN v_cancelled;
    END $$;

ALTER FUNCTION price_tracker.cancel_targets_of_reset_runs() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.change_run_state(p_run_id bigint, p_to text, p_reason text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      v_from text;
      v_search_id bigint;
      v_active bigint;
    BEGIN
      SELECT state, search_id INTO v_from, v_search_id FROM runs WHERE id = p_run_id FOR UPDATE;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'run % does not exist', p_run_id USING ERRCODE = 'PF404';
      END IF;
      IF v_from = p_to THEN
        RETURN v_from;
      END IF;
      IF NOT EXISTS (SELECT FROM run_transitions WHERE from_state = v_from AND to_state = p_to) THEN
        RAISE EXCEPTION 'run % is %, from which it cannot become %', p_run_id, v_from, p_to USING ERRCODE = 'PF409';
      END IF;
      UPDATE runs
         SET state = p_to,
             error = CASE WHEN p_to = 'error' THEN p_reason END,
             finished_at = CASE WHEN p_to IN ('completed', 'error') THEN now() END,
             collecting_until = CASE WHEN p_to = 'processing' THEN collecting_until END
       WHERE id = p_run_id;
      INSERT INTO run_events (run_id, from_state, to_state, reason) VALUES (p_run_id, v_from, p_to, p_reason);
      RETURN v_from;
    EXCEPTION WHEN unique_violation THEN
      SELECT id INTO v_active FROM runs WHERE search_id = v_search_id AND state IN ('initializing', 'processing', 'paused');
      RAISE EXCEPTION 'search % has run % under way', v_search_id, v_active USING ERRCODE = 'PF409', DETAIL = v_active::text;
    END $$;

ALTER FUNCTION price_tracker.change_run_state(p_run_id bigint, p_to text, p_reason text) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.claim_target(p_target_id bigint, p_publish_id integer, p_worker text, p_lease_seconds integer, p_longest_wait_ms integer, p_past_deadline boolean, p_moved_by_hand boolean, p_floor_ms integer DEFAULT 0, p_slots_ahead integer DEFAULT NULL::integer) RETURNS TABLE(outcome text, why text, wait_ms integer, lease_token uuid, attempt integer, run_id bigint, queue text, source text, host text, external_id text, url text, fetch_mode text, delay_ms integer, is_probe boolean, walls_met integer)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      t targets%ROWTYPE;
      s record;
      v_now timestamptz;
      v_run_state text;
      v_slot timestamptz;
    BEGIN
      -- A claim that is lost in a crash only costs a lease's time; the fsync is saved for finishes.
      PERFORM set_config('synchronous_commit', 'off', true);

      outcome := 'ignored'; wait_ms := 0; attempt := 0;
      SELECT * INTO t FROM targets WHERE id = p_target_id FOR UPDATE;
      IF NOT FOUND THEN why := 'no such target'; RETURN NEXT; RETURN; END IF;
      v_now := clock_timestamp();
      attempt := t.attempts; run_id := t.run_id; queue := t.queue; walls_met := t.walls_met;
      source := t.source; host := t.host; external_id := t.external_id; url := t.url;

      IF p_moved_by_hand AND t.state IN ('dead', 'failed') AND t.publish_id = p_publish_id THEN
        -- A person moved the dead letter back into the work queue: all attempts anew. The publish id stays, so that
        -- this same message is good for a later delivery, and a second copy of it is an ordinary duplicate.
        BEGIN
          PERFORM reopen_run(t.run_id, 'the dead letter of target ' || t.id || ' was moved back');
        EXCEPTION WHEN SQLSTATE 'PF409' THEN
          -- Its message is about to be acknowledged: without this time the dispatcher publishes the dead letter again.
          UPDATE targets SET dead_lettered_at = NULL WHERE id = t.id;
          why := SQLERRM; RETURN NEXT; RETURN;
        END;
        UPDATE targets SET state = 'queued', attempts = 0, lost_leases = 0, dead_lettered_at = NULL, finished_at = NULL,
               republish_after = v_now + interval '15 minutes'
         WHERE id = t.id RETURNING * INTO t;
      ELSIF t.state <> 'queued' THEN
        why := 'target is ' || t.state; RETURN NEXT; RETURN;
      ELSIF t.publish_id <> p_publish_id THEN
        why := 'an old publish'; RETURN NEXT; RETURN;
      END IF;

      SELECT state INTO v_run_state FROM runs WHERE id = t.run_id;
      IF v_run_state NOT IN ('initializing', 'processing') OR p_past_deadline THEN
        UPDATE targets SET state = 'pending', republish_after = NULL WHERE id = t.id;
        outcome := 'returned';
        why := CASE WHEN p_past_deadline THEN 'the message was past its deadline' ELSE 'the run is ' || v_run_state END;
        RETURN NEXT; RETURN;
      END IF;

      SELECT * INTO s FROM take_slot(t.host, t.not_before, p_longest_wait_ms, p_slots_ahead, p_floor_ms, p_lease_seconds, true, false);
      v_now := clock_timestamp();
      v_slot := s.slot;
      IF s.granted THEN
        UPDATE targets SET state = 'running', attempts = attempts + 1, lease_token = gen_random_uuid(),
               lease_expires_at = v_slot + make_interval(secs => p_lease_seconds), worker = p_worker,
               started_at = v_slot, republish_after = NULL
         WHERE id = t.id RETURNING targets.lease_token, attempts INTO lease_token, attempt;
        outcome := 'claimed'; fetch_mode := s.fetch_mode; delay_ms := s.delay_ms; is_probe := s.is_probe;
        wait_ms := greatest(0, ceil(extract(epoch FROM v_slot - v_now) * 1000));
        RETURN NEXT; RETURN;
      END IF;

      why := s.why;
      -- Those behind a far slot come back spread out, not all at its start: over half the time that it takes to serve
      -- them, so that there is always one for the next slot.
      IF t.not_before <> v_slot THEN
        v_slot := v_slot + make_interval(secs => random() * least(30,
          (SELECT count(*) FROM targets o WHERE o.host = t.host AND o.queue = t.queue AND o.state = 'queued')
          * s.delay_ms / 2000.0));
      END IF;
      IF v_slot > v_now + interval '5 minutes' THEN
        UPDATE targets SET state = 'pending', not_before = v_slot, republish_after = NULL WHERE id = t.id;
        outcome := 'returned';
      ELSE
        UPDATE targets SET not_before = greatest(not_before, v_slot), republish_after = v_slot + interval '15 minutes'
         WHERE id = t.id;
        outcome := 'later';
        wait_ms := ceil(extract(epoch FROM v_slot - v_now) * 1000);
      END IF;
      RETURN NEXT;
    END $$;

ALTER FUNCTION price_tracker.claim_target(p_target_id bigint, p_publish_id integer, p_worker text, p_lease_seconds integer, p_longest_wait_ms integer, p_past_deadline boolean, p_moved_by_hand boolean, p_floor_ms integer, p_slots_ahead integer) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.complete_finished_runs() RETURNS SETOF bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      v_id bigint;
    BEGIN
      FOR v_id IN
        SELECT r.id FROM runs r
         WHERE r.state IN ('initializing', 'processing') AND r.collected_at IS NOT NULL
           AND NOT EXISTS (SELECT FROM targets t WHERE t.run_id = r.id AND t.state IN ('pending', 'queued', 'running'))
         ORDER BY r.id
      LOOP
        -- Looked at again under the run's lock: somebody may have stopped it, or asked to retry a target, since.
        PERFORM FROM runs WHERE id = v_id AND state IN ('initializing', 'processing') FOR UPDATE;
        CONTINUE WHEN NOT FOUND;
        CONTINUE WHEN EXISTS (
          SELECT FROM targets WHERE run_id = v_id AND state IN ('pending', 'queued', 'running'));
        PERFORM change_run_state(v_id, 'completed', 'all pages read, all targets finished');
        RETURN NEXT v_id;
      END LOOP;
    END $$;

ALTER FUNCTION price_tracker.complete_finished_runs() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.count_changed_targets() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET enable_nestloop TO 'off'
    AS $$
    BEGIN
      INSERT INTO price_tracker.target_moves
        (run_id, source, host, queue, from_state, from_reason, to_state, to_reason, outcome, duration_bucket, duration_ms, count)
      SELECT run_id, source, host, queue, from_state, from_reason, to_state, to_reason, outcome,
             floor(4 * ln(duration_ms) / ln(2.0::float8)), sum(duration_ms), count(*)
        FROM (
          SELECT n.run_id, n.source, n.host, n.queue, o.state AS from_state, CASE WHEN o.state IN ('failed', 'dead') THEN coalesce(o.reason, 'unknown') ELSE '' END AS from_reason,
                 n.state AS to_state, CASE WHEN n.state IN ('failed', 'dead') THEN coalesce(n.reason, 'unknown') ELSE '' END AS to_reason,
                 CASE WHEN o.state <> 'running' THEN NULL
                      WHEN n.state = 'done' THEN 'ok'
                      WHEN n.state IN ('failed', 'dead') THEN coalesce(n.error_class, 'unknown')
                      WHEN n.attempts >= o.attempts OR n.error_class IN ('blocked', 'rate-limited') THEN n.error_class
                  END AS outcome,
                 CASE WHEN o.state = 'running'
                      THEN greatest(1, extract(epoch FROM clock_timestamp() - o.started_at) * 1000)::float8 END AS duration_ms
            FROM old_targets o JOIN new_targets n USING (id) WHERE n.run_id IS NOT NULL
        ) changed
       WHERE from_state <> to_state OR from_reason <> to_reason
       GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
      RETURN NULL;
    END $$;

ALTER FUNCTION price_tracker.count_changed_targets() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.count_deleted_targets() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      INSERT INTO price_tracker.target_moves (run_id, source, host, queue, from_state, from_reason, count)
      SELECT run_id, source, host, queue, state, CASE WHEN o.state IN ('failed', 'dead') THEN coalesce(o.reason, 'unknown') ELSE '' END, count(*) FROM old_targets o WHERE run_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6;
      RETURN NULL;
    END $$;

ALTER FUNCTION price_tracker.count_deleted_targets() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.count_misses(p_run_id bigint, p_gone_after integer) RETURNS TABLE(missed integer, looked_at_again integer)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
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
             AND coalesce(sum(m.found) + (SELECT coalesce(sum(f.listings), 0) FROM filtered_out f WHERE f.run_id = r.id)
                          >= 0.9 * sum(m.total_results), true)
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

ALTER FUNCTION price_tracker.count_misses(p_run_id bigint, p_gone_after integer) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.count_new_targets() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      INSERT INTO price_tracker.target_moves (run_id, source, host, queue, to_state, to_reason, count)
      SELECT run_id, source, host, queue, state, CASE WHEN n.state IN ('failed', 'dead') THEN coalesce(n.reason, 'unknown') ELSE '' END, count(*) FROM new_targets n WHERE run_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6;
      RETURN NULL;
    END $$;

ALTER FUNCTION price_tracker.count_new_targets() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.doubt_beside_peers(p_amount numeric, p_peers jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
      SELECT CASE WHEN p_amount > 0 AND abs(ln(p_amount::float8) - (p_peers ->> 'middle')::float8) > (p_peers ->> 'bound')::float8
        THEN format('ratio %s to its peers on the page', trim_scale(round(exp(ln(p_amount::float8) - (p_peers ->> 'middle')::float8)::numeric, 2))) END
    $$;

ALTER FUNCTION price_tracker.doubt_beside_peers(p_amount numeric, p_peers jsonb) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.doubt_of_price(p_known numeric, p_known_currency text, p_amount numeric, p_currency text, p_is_auction boolean) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
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
    $$;

ALTER FUNCTION price_tracker.doubt_of_price(p_known numeric, p_known_currency text, p_amount numeric, p_currency text, p_is_auction boolean) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.ensure_monthly_partitions(months_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $_$
    DECLARE
      parent record;
      month_start date;
      month_from text;
      month_to text;
      partition_name text;
      made integer := 0;
    BEGIN
      FOR parent IN VALUES ('price_observations', 'observed_at'), ('bars', 'opened_at') LOOP
        FOR month_start IN
          SELECT generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
                                 date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => months_ahead),
                                 interval '1 month')::date
        LOOP
          partition_name := parent.column1 || '_' || to_char(month_start, 'YYYY_MM');
          CONTINUE WHEN to_regclass('price_tracker.' || partition_name) IS NOT NULL;
          month_from := month_start::text || ' 00:00:00+00';
          month_to := (month_start + interval '1 month')::date::text || ' 00:00:00+00';
          -- Made apart and attached, for the rows of this month that went to the rest have to move in before.
          EXECUTE format('CREATE TABLE price_tracker.%I (LIKE price_tracker.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                         partition_name, parent.column1);
          EXECUTE format(
            'WITH moved AS (DELETE FROM price_tracker.%1$I WHERE %2$I >= %3$L AND %2$I < %4$L RETURNING *)
             INSERT INTO price_tracker.%5$I SELECT * FROM moved',
            parent.column1 || '_rest', parent.column2, month_from, month_to, partition_name);
          EXECUTE format('ALTER TABLE price_tracker.%I ATTACH PARTITION price_tracker.%I FOR VALUES FROM (%L) TO (%L)',
                         parent.column1, partition_name, month_from, month_to);
          made := made + 1;
        END LOOP;
      END LOOP;
      RETURN made;
    END $_$;

ALTER FUNCTION price_tracker.ensure_monthly_partitions(months_ahead integer) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.finish_filtered_out(p_target_id bigint, p_lease_token uuid, p_reason text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      t targets%ROWTYPE;
    BEGIN
      UPDATE targets SET state = 'done', finished_at = now(), lease_expires_at = NULL, error_class = NULL, reason = NULL,
             last_error = NULL
       WHERE id = p_target_id AND state = 'running' AND lease_token = p_lease_token RETURNING * INTO t;
      IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM targets WHERE id = p_target_id AND lease_token = p_lease_token
                                    AND state IN ('done', 'failed', 'dead')) THEN 'before' ELSE 'lost' END;
      END IF;
      DELETE FROM search_listings sl USING runs r, listings l
       WHERE r.id = t.run_id AND sl.search_id = r.search_id AND l.source = t.source AND l.external_id = t.external_id
         AND sl.listing_id = l.id;
      INSERT INTO filtered_out AS f (run_id, reason, listings) VALUES (t.run_id, p_reason, 1)
      ON CONFLICT (run_id, reason) DO UPDATE SET listings = f.listings + 1;
      RETURN 'now';
    END $$;

ALTER FUNCTION price_tracker.finish_filtered_out(p_target_id bigint, p_lease_token uuid, p_reason text) OWNER TO pricefleet_owner;

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
    END $$;

ALTER FUNCTION price_tracker.finish_listing(p_target_id bigint, p_lease_token uuid, p_sighting jsonb, p_snapshot jsonb, p_second_look_seconds integer) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.fold_target_moves(p_limit integer) RETURNS integer
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
      WITH chosen AS (
        SELECT run_id, id FROM target_moves ORDER BY run_id, id LIMIT p_limit FOR UPDATE SKIP LOCKED
      ), folded AS (
        DELETE FROM target_moves m USING chosen c WHERE m.run_id = c.run_id AND m.id = c.id RETURNING m.*
      ), of_runs AS (
        SELECT f.* FROM folded f WHERE EXISTS (SELECT FROM runs WHERE id = f.run_id)
      ), counts AS (
        INSERT INTO run_counts AS c (run_id, source, host, queue, state, reason, count)
        SELECT run_id, source, host, queue, state, reason, sum(count) FROM (
          SELECT run_id, source, host, queue, to_state AS state, to_reason AS reason, count FROM of_runs WHERE to_state IS NOT NULL
          UNION ALL
          SELECT run_id, source, host, queue, from_state, from_reason, -count FROM of_runs WHERE from_state IS NOT NULL
        ) both_sides GROUP BY run_id, source, host, queue, state, reason
        ON CONFLICT (run_id, source, host, queue, state, reason) DO UPDATE SET count = c.count + excluded.count
      ), outcomes AS (
        INSERT INTO run_outcomes AS c (run_id, source, host, queue, outcome, duration_bucket, count, duration_ms)
        SELECT run_id, source, host, queue, outcome, duration_bucket, sum(count), sum(duration_ms) FROM of_runs WHERE outcome IS NOT NULL
         GROUP BY run_id, source, host, queue, outcome, duration_bucket
        ON CONFLICT (run_id, source, host, queue, outcome, duration_bucket)
        DO UPDATE SET count = c.count + excluded.count, duration_ms = c.duration_ms + excluded.duration_ms
      ), minutes AS (
        INSERT INTO run_minutes AS c (run_id, source, host, queue, minute, ended)
        SELECT run_id, source, host, queue, date_trunc('minute', at), sum(count) FROM of_runs WHERE to_state IN ('done', 'failed', 'dead') AND from_state IN ('pending', 'queued', 'running') GROUP BY run_id, source, host, queue, date_trunc('minute', at)
        ON CONFLICT (run_id, minute, source, host, queue) DO UPDATE SET ended = c.ended + excluded.ended
      ), days AS (
        INSERT INTO daily_outcomes AS c (day, source, host, queue, outcome, duration_bucket, count, duration_ms)
        SELECT (at AT TIME ZONE 'UTC')::date, source, host, queue, outcome, duration_bucket, sum(count), sum(duration_ms)
          FROM folded WHERE outcome IS NOT NULL GROUP BY (at AT TIME ZONE 'UTC')::date, source, host, queue, outcome, duration_bucket
        ON CONFLICT (day, source, host, queue, outcome, duration_bucket)
        DO UPDATE SET count = c.count + excluded.count, duration_ms = c.duration_ms + excluded.duration_ms
      )
      SELECT count(*)::integer FROM folded
    $$;

ALTER FUNCTION price_tracker.fold_target_moves(p_limit integer) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.give_up_blocked_hosts(p_after_hours integer) RETURNS TABLE(host text, given_up integer)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    #variable_conflict use_column
    DECLARE
      h record;
    BEGIN
      FOR h IN
        SELECT hosts.host, closed_reason, blocked_since FROM hosts
         WHERE breaker <> 'closed' AND blocked_since <= now() - make_interval(hours => p_after_hours)
      LOOP
        UPDATE targets t
           SET state = 'dead', finished_at = now(), republish_after = NULL, dead_lettered_at = NULL, walls_met = 0,
               error_class = 'blocked', reason = 'host-blocked',
               last_error = h.host || ' has shown a wall since ' || to_char(h.blocked_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
                 || ' UTC: ' || coalesce(h.closed_reason, 'unknown')
          FROM run_markets m JOIN runs r ON r.id = m.run_id AND r.state IN ('initializing', 'processing')
         WHERE m.host = h.host AND t.run_id = m.run_id AND t.host = m.host AND t.state IN ('pending', 'queued');
        GET DIAGNOSTICS given_up = ROW_COUNT;
        -- Targets that come after, or that a person asks to retry, have the whole time again.
        UPDATE hosts SET blocked_since = NULL WHERE hosts.host = h.host;
        host := h.host;
        RETURN NEXT;
      END LOOP;
    END $$;

ALTER FUNCTION price_tracker.give_up_blocked_hosts(p_after_hours integer) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.group_listings(p_listing_ids bigint[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
    DECLARE
      v_groups bigint[];
      v_group bigint;
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtext('price_tracker.group_listings'));
      SELECT array_agg(DISTINCT duplicate_group) INTO v_groups
        FROM listings WHERE id = ANY (p_listing_ids) AND duplicate_group IS NOT NULL;
      v_group := coalesce((SELECT min(g) FROM unnest(v_groups) g), nextval('price_tracker.duplicate_groups'));
      -- In the order of store_sightings, so that the two never wait in a circle.
      PERFORM FROM listings WHERE id = ANY (p_listing_ids) OR duplicate_group = ANY (v_groups)
        ORDER BY source, external_id FOR UPDATE;
      UPDATE listings SET duplicate_group = v_group
       WHERE (id = ANY (p_listing_ids) OR duplicate_group = ANY (v_groups)) AND duplicate_group IS DISTINCT FROM v_group;
      RETURN v_group;
    END $$;

ALTER FUNCTION price_tracker.group_listings(p_listing_ids bigint[]) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.judge_layouts(p_half_life integer, p_bound double precision) RETURNS TABLE(source text, host text, page_kind text, flagged boolean, read_rate double precision, usual_rate double precision)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
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
    END $$;

ALTER FUNCTION price_tracker.judge_layouts(p_half_life integer, p_bound double precision) OWNER TO pricefleet_owner;

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
    END $$;

ALTER FUNCTION price_tracker.judge_odd_prices(p_odd jsonb, p_now timestamp with time zone) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.keep_listing_state() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
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

ALTER FUNCTION price_tracker.keep_listing_state() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.keep_photo(p_listing_id bigint, p_url text, p_hash bigint, p_bands integer[], p_failure text, p_distance integer) RETURNS TABLE(listing_id bigint, title text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
    #variable_conflict use_column
    BEGIN
      INSERT INTO listing_photos AS p (listing_id, url, hash, bands, failure)
      VALUES (p_listing_id, p_url, p_hash, p_bands, p_failure)
      ON CONFLICT (listing_id) DO UPDATE SET url = excluded.url, hash = excluded.hash, bands = excluded.bands,
        failure = excluded.failure, looked_at = now();
      UPDATE listings SET duplicate_group = NULL WHERE id = p_listing_id AND duplicate_group IS NOT NULL;
      -- A picture that hundreds have (a shop's sign, "no photo") is judged by the nearest and newest of them.
      RETURN QUERY
      SELECT l.id, l.title
        FROM (SELECT p.listing_id AS id, bit_count((p.hash # p_hash)::bit(64)) AS distance FROM listing_photos p
               WHERE p.bands && p_bands AND p.listing_id <> p_listing_id) near
        JOIN listings l USING (id)
       WHERE near.distance <= p_distance ORDER BY near.distance, l.id DESC LIMIT 500;
    END $$;

ALTER FUNCTION price_tracker.keep_photo(p_listing_id bigint, p_url text, p_hash bigint, p_bands integer[], p_failure text, p_distance integer) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.note_block(p_host text, p_reason text, p_asked_for_ms bigint) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      h hosts%ROWTYPE;
      v_now timestamptz;
      v_openings integer;
      v_closed_for interval;
      v_asked_for interval := CASE WHEN p_asked_for_ms IS NOT NULL
                                   THEN make_interval(secs => least(p_asked_for_ms, 86400000) / 1000.0) END;
      v_until timestamptz;
    BEGIN
      PERFORM slow_host_down(p_host);
      SELECT * INTO h FROM hosts WHERE host = p_host FOR UPDATE;
      IF NOT FOUND THEN RETURN 0; END IF;
      v_now := clock_timestamp();

      -- Those that meet the wall together are one opening; a site's own longer wish still counts.
      IF h.breaker = 'open' AND h.closed_until > v_now THEN
        v_until := greatest(h.closed_until, v_now + v_asked_for);
        UPDATE hosts SET closed_until = v_until, closed_reason = p_reason WHERE host = p_host;
        RETURN ceil(extract(epoch FROM v_until - v_now) * 1000);
      END IF;

      IF h.breaker = 'closed' AND p_asked_for_ms IS NULL AND h.consecutive_blocks + 1 < h.blocks_to_open THEN
        UPDATE hosts SET consecutive_blocks = consecutive_blocks + 1 WHERE host = p_host;
        RETURN 0;
      END IF;

      -- A minute, doubling up to an hour. A site's own time counts up to a day, and has a floor that doubles too: a
      -- Retry-After of 0 for ever must not become a busy loop.
      v_openings := least(h.consecutive_closings, 12);
      v_closed_for := CASE WHEN v_asked_for IS NULL THEN least(interval '1 hour', interval '1 minute' * 2 ^ v_openings)
                           ELSE greatest(v_asked_for, least(interval '1 hour', interval '1 second' * 2 ^ v_openings)) END;
      UPDATE hosts
         SET breaker = 'open', breaker_since = v_now, probe_until = NULL,
             closed_until = greatest(closed_until, v_now + v_closed_for), closed_reason = p_reason,
             consecutive_blocks = consecutive_blocks + 1, consecutive_closings = consecutive_closings + 1,
             blocked_since = coalesce(blocked_since, v_now)
       WHERE host = p_host RETURNING closed_until INTO v_until;
      RETURN ceil(extract(epoch FROM v_until - v_now) * 1000);
    END $$;

ALTER FUNCTION price_tracker.note_block(p_host text, p_reason text, p_asked_for_ms bigint) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.note_failure() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      INSERT INTO target_failures (target_id, attempt, worker, error_class, reason, message)
      VALUES (NEW.id, OLD.attempts, OLD.worker, NEW.error_class, NEW.reason, NEW.last_error);
      DELETE FROM target_failures WHERE target_id = NEW.id AND id < (
        SELECT min(id) FROM (SELECT id FROM target_failures WHERE target_id = NEW.id ORDER BY id DESC LIMIT 20) newest);
      RETURN NULL;
    END $$;

ALTER FUNCTION price_tracker.note_failure() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.note_good_page(p_host text, p_learned_mode text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      h hosts%ROWTYPE;
      v_opens boolean;
      v_is_kept_closed boolean;
      v_good_pages integer;
      v_slowed_ms integer;
    BEGIN
      SELECT * INTO h FROM hosts WHERE host = p_host;
      IF h.breaker = 'closed' AND h.consecutive_blocks = 0 AND h.slowed_delay_ms IS NULL
         AND h.fetch_mode IS NOT DISTINCT FROM coalesce(p_learned_mode, h.fetch_mode) THEN
        RETURN;
      END IF;
      SELECT * INTO h FROM hosts WHERE host = p_host FOR UPDATE;
      IF NOT FOUND THEN RETURN; END IF;
      v_is_kept_closed := coalesce(h.closed_until > clock_timestamp(), false);
      -- A page that was asked for before the breaker opened, by a worker that had not met the wall yet, opens nothing.
      v_opens := NOT (h.breaker = 'open' AND v_is_kept_closed);
      -- Carefully: after every ten good pages the delay shrinks by a third, back to what is configured.
      v_good_pages := h.good_pages_since_slowed + 1;
      v_slowed_ms := h.slowed_delay_ms;
      IF v_slowed_ms IS NOT NULL AND v_good_pages >= 10 THEN
        v_good_pages := 0;
        v_slowed_ms := v_slowed_ms * 2 / 3;
        IF v_slowed_ms <= greatest(h.min_delay_ms, h.crawl_delay_ms, 100) THEN v_slowed_ms := NULL; END IF;
      END IF;
      UPDATE hosts
         SET fetch_mode = coalesce(p_learned_mode, h.fetch_mode),
             fetch_mode_at = CASE WHEN h.fetch_mode IS DISTINCT FROM coalesce(p_learned_mode, h.fetch_mode) THEN now() ELSE h.fetch_mode_at END,
             slowed_delay_ms = v_slowed_ms,
             good_pages_since_slowed = CASE WHEN v_slowed_ms IS NULL THEN 0 ELSE v_good_pages END,
             breaker = CASE WHEN v_opens THEN 'closed' ELSE breaker END,
             breaker_since = CASE WHEN v_opens AND h.breaker <> 'closed' THEN clock_timestamp() ELSE breaker_since END,
             probe_until = CASE WHEN NOT v_opens THEN probe_until END,
             consecutive_blocks = CASE WHEN v_opens THEN 0 ELSE consecutive_blocks END,
             consecutive_closings = CASE WHEN v_opens THEN 0 ELSE consecutive_closings END,
             blocked_since = CASE WHEN NOT v_opens THEN blocked_since END,
             -- A budget or a person may keep the host closed, which no page changes.
             closed_until = CASE WHEN v_is_kept_closed THEN closed_until END,
             closed_reason = CASE WHEN v_is_kept_closed THEN closed_reason END
       WHERE host = p_host;
    END $$;

ALTER FUNCTION price_tracker.note_good_page(p_host text, p_learned_mode text) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.note_listing_state() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      INSERT INTO listing_states (listing_id, from_state, to_state, at, known_by, reason, misses)
      VALUES (NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, NEW.state_since, NEW.state_known_by,
              NEW.state_reason, CASE WHEN TG_OP = 'UPDATE' THEN OLD.misses ELSE 0 END);
      RETURN NULL;
    END $$;

ALTER FUNCTION price_tracker.note_listing_state() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.note_models(p_matches jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
      INSERT INTO listing_models AS m (listing_id, catalog_version, title_md5, offer, model, memory_gb)
      SELECT l.id, s.catalog_version, md5(s.title)::uuid, s.offer, s.model, s.memory_gb
        FROM jsonb_to_recordset(p_matches) AS s (source text, external_id text, title text, catalog_version integer,
                                                 offer text, model text, memory_gb integer)
        JOIN listings l USING (source, external_id)
       ORDER BY l.id
      ON CONFLICT (listing_id) DO UPDATE SET
        catalog_version = excluded.catalog_version, title_md5 = excluded.title_md5, offer = excluded.offer,
        model = excluded.model, memory_gb = excluded.memory_gb
      WHERE m.title_md5 <> excluded.title_md5 OR m.catalog_version < excluded.catalog_version
    $$;

ALTER FUNCTION price_tracker.note_models(p_matches jsonb) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.note_who_asked() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      NEW.request_id := coalesce(nullif(current_setting('pricefleet.request_id', true), ''), NEW.request_id);
      RETURN NEW;
    END $$;

ALTER FUNCTION price_tracker.note_who_asked() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.refuse_another_market() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      RAISE EXCEPTION 'target % stays in its run and market', OLD.id USING ERRCODE = 'PF409';
    END $$;

ALTER FUNCTION price_tracker.refuse_another_market() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.reopen_run(p_run_id bigint, p_reason text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      v_state text;
    BEGIN
      IF p_run_id IS NULL THEN
        RETURN;
      END IF;
      SELECT state INTO v_state FROM runs WHERE id = p_run_id FOR UPDATE;
      IF v_state IN ('initializing', 'processing', 'paused') THEN
        RETURN;
      END IF;
      PERFORM change_run_state(p_run_id, 'processing', p_reason);
    END $$;

ALTER FUNCTION price_tracker.reopen_run(p_run_id bigint, p_reason text) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.reread_snapshot(p_snapshot_id bigint, p_sighting jsonb, p_apply boolean) RETURNS TABLE(outcome text, changes jsonb)
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
        END $$;

ALTER FUNCTION price_tracker.reread_snapshot(p_snapshot_id bigint, p_sighting jsonb, p_apply boolean) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.set_out_with_markets() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      DELETE FROM market_runs WHERE run_id = NEW.id;
      -- The run's limits are the most that any of its markets gets; 0 is no limit.
      INSERT INTO market_runs (run_id, market, source, term, url, max_pages, enrich_limit, at_once)
      SELECT NEW.id, market, source, term, url,
             coalesce(least(nullif(max_pages, 0), nullif(NEW.max_pages, 0)), 0),
             coalesce(least(nullif(enrich_limit, 0), nullif(NEW.enrich_limit, 0)), 0), at_once
        FROM search_markets WHERE search_id = NEW.search_id;
      IF NOT FOUND THEN
        INSERT INTO market_runs (run_id, market, source, term, url, max_pages, enrich_limit, next_page, pages_read)
        SELECT NEW.id, 1, source, term, url, NEW.max_pages, NEW.enrich_limit,
               CASE WHEN TG_OP = 'INSERT' THEN NEW.next_page ELSE 1 END,
               CASE WHEN TG_OP = 'INSERT' THEN NEW.pages_read ELSE 0 END
          FROM searches WHERE id = NEW.search_id;
      END IF;
      RETURN NULL;
    END $$;

ALTER FUNCTION price_tracker.set_out_with_markets() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.settle_lost_collectors() RETURNS TABLE(run_id bigint, state text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      r record;
    BEGIN
      FOR r IN
        SELECT runs.id, runs.state, runs.next_page, coalesce(runs.on_interruption, s.on_interruption) AS what
          FROM runs JOIN searches s ON s.id = runs.search_id
         WHERE runs.state IN ('initializing', 'processing') AND runs.collected_at IS NULL AND runs.collecting_until < now()
         ORDER BY runs.id FOR UPDATE OF runs SKIP LOCKED
      LOOP
        run_id := r.id;
        IF r.what = 'pause' THEN
          PERFORM change_run_state(r.id, 'paused', format('the collector was lost at page %s; paused, as asked', r.next_page));
          state := 'paused';
        ELSE
          UPDATE runs SET collecting_until = NULL WHERE id = r.id;
          INSERT INTO run_events (run_id, from_state, to_state, reason)
          VALUES (r.id, r.state, r.state, format('the collector was lost at page %s; another one continues', r.next_page));
          state := r.state;
        END IF;
        RETURN NEXT;
      END LOOP;
    END $$;

ALTER FUNCTION price_tracker.settle_lost_collectors() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.slow_host_down(p_host text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
      UPDATE hosts
         SET slowed_delay_ms = least(greatest(current_delay_ms, 250) * 2,
                                     greatest(current_delay_ms, least(60000, greatest(min_delay_ms, 250) * 16))),
             slowed_at = clock_timestamp(), good_pages_since_slowed = 0
       WHERE host = p_host
         AND (slowed_at IS NULL OR slowed_at < clock_timestamp() - interval '5 seconds'
              OR slowed_delay_ms IS NULL)
    $$;

ALTER FUNCTION price_tracker.slow_host_down(p_host text) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.start_scheduled_run(p_search_id bigint, p_next_run_at timestamp with time zone, p_paused_run_blocks_hours integer) RETURNS TABLE(run_id bigint, skipped_because text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    #variable_conflict use_column
    DECLARE
      s searches%ROWTYPE;
      v_run runs%ROWTYPE;
      v_paused_at timestamptz;
      v_blocks_hours integer;
      v_why text;
      v_run_id bigint;
    BEGIN
      UPDATE searches SET next_run_at = p_next_run_at WHERE id = p_search_id RETURNING * INTO s;
      v_blocks_hours := coalesce(s.paused_run_blocks_hours, p_paused_run_blocks_hours);

      SELECT * INTO v_run FROM runs
       WHERE search_id = p_search_id AND state IN ('initializing', 'processing', 'paused') FOR UPDATE;
      IF FOUND AND v_run.state = 'paused' THEN
        SELECT max(at) INTO v_paused_at FROM run_events WHERE run_id = v_run.id AND to_state = 'paused';
        v_paused_at := coalesce(v_paused_at, v_run.created_at);
        IF v_paused_at <= now() - make_interval(hours => v_blocks_hours) THEN
          PERFORM change_run_state(v_run.id, 'idle', 'paused for ' || v_blocks_hours
            || ' hours or more when the next run was due: what it had left is cancelled');
          UPDATE targets SET state = 'cancelled', republish_after = NULL, finished_at = now()
           WHERE run_id = v_run.id AND state IN ('pending', 'queued');
        ELSE
          v_why := 'run ' || v_run.id || ' is paused; it blocks the schedule until '
            || to_char((v_paused_at + make_interval(hours => v_blocks_hours)) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
            || ' UTC';
        END IF;
      ELSIF FOUND THEN
        v_why := 'run ' || v_run.id || ' is still ' || v_run.state;
      END IF;

      IF v_why IS NULL THEN
        INSERT INTO runs (search_id, max_pages, enrich_limit) VALUES (p_search_id, s.max_pages, s.enrich_limit)
        ON CONFLICT DO NOTHING RETURNING id INTO v_run_id;
        -- Somebody asked for one at this very moment.
        v_why := CASE WHEN v_run_id IS NULL THEN 'another run of it was begun' END;
      END IF;
      IF v_why IS NULL THEN
        INSERT INTO run_events (run_id, from_state, to_state, reason)
        VALUES (v_run_id, NULL, 'initializing', 'its time had come');
      ELSE
        UPDATE searches SET last_skipped_at = now(), last_skipped_reason = v_why WHERE id = p_search_id;
      END IF;
      RETURN QUERY SELECT v_run_id, v_why;
    END $$;

ALTER FUNCTION price_tracker.start_scheduled_run(p_search_id bigint, p_next_run_at timestamp with time zone, p_paused_run_blocks_hours integer) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.store_sightings(p_sightings jsonb, p_fresh_for_hours integer) RETURNS TABLE(listing_id bigint, external_id text, is_fresh boolean, price text)
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
    END $$;

ALTER FUNCTION price_tracker.store_sightings(p_sightings jsonb, p_fresh_for_hours integer) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.sync_follows_target() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      v_instrument text := split_part(NEW.external_id, ' ', 1);
      v_was_over boolean := OLD.state IN ('done', 'failed', 'dead', 'cancelled');
      v_is_over boolean := NEW.state IN ('failed', 'dead', 'cancelled');
    BEGIN
      UPDATE sync_status
         SET state = CASE WHEN v_is_over THEN 'error' WHEN NEW.state = 'running' THEN 'syncing'
                          WHEN v_was_over THEN 'pending' ELSE state END,
             message = CASE WHEN NEW.state = 'cancelled' THEN 'discarded'
                            WHEN v_is_over OR OLD.state = 'running' THEN NEW.last_error
                            WHEN v_was_over THEN NULL ELSE message END,
             started_at = CASE WHEN NEW.state = 'running' THEN now() ELSE started_at END,
             finished_at = CASE WHEN v_is_over THEN now() END
       WHERE exchange = split_part(v_instrument, ':', 1) AND symbol = substr(v_instrument, strpos(v_instrument, ':') + 1)
         AND interval = split_part(NEW.external_id, ' ', 2);
      RETURN NULL;
    END $$;

ALTER FUNCTION price_tracker.sync_follows_target() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.take_due_targets(p_limit integer, p_longest_belt integer, p_republish_after_seconds integer) RETURNS TABLE(target_id bigint, publish_id integer, run_id bigint, queue text, source text, host text, url text, attempts integer, turn bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
        #variable_conflict use_column
        DECLARE
          v_run_ids bigint[];
          v_hosts text[];
          v_queues text[];
          v_markets integer[];
          v_rooms bigint[];
          v_own_rooms bigint[];
          v_runs_at_host bigint[];
          v_share bigint;
          v_largest_share bigint;
          v_ids bigint[];
          v_turns bigint[];
        BEGIN
          -- One taker at a time: two would choose the same targets, and the second would wait only to find them taken.
          PERFORM pg_advisory_xact_lock(hashtext('price_tracker.take_due_targets'));

          WITH belt AS (
            SELECT host, queue, count(*) AS length FROM targets WHERE state = 'queued' GROUP BY host, queue
          ), market AS (
            SELECT m.run_id, m.host, m.queue, m.market, count(*) OVER (PARTITION BY m.host, m.queue) AS runs_at_host,
                   least(p_longest_belt, greatest(32, 600000 / greatest(h.current_delay_ms, 1))) - coalesce(belt.length, 0) AS room,
                   -- What is published or in hand takes the market's room; a target set aside for later does, too.
                   CASE WHEN o.at_once IS NOT NULL THEN o.at_once - (
                     SELECT count(*) FROM targets t
                      WHERE t.run_id = m.run_id AND t.market = m.market AND t.host = m.host AND t.queue = m.queue
                        AND t.state IN ('queued', 'running')) END AS own_room
              FROM (
                SELECT rm.run_id, rm.host, rm.queue, rm.market FROM run_markets rm
                  JOIN runs r ON r.id = rm.run_id AND r.state IN ('initializing', 'processing')
                UNION ALL
                SELECT DISTINCT NULL::bigint, host, queue, NULL::integer FROM targets WHERE run_id IS NULL AND state = 'pending'
              ) m
              JOIN hosts h ON h.host = m.host AND (h.closed_until IS NULL OR h.closed_until < now() + interval '5 minutes')
              LEFT JOIN market_runs o ON o.run_id = m.run_id AND o.market = m.market
              LEFT JOIN belt ON belt.host = m.host AND belt.queue = m.queue
          )
          SELECT array_agg(run_id), array_agg(host), array_agg(queue), array_agg(market), array_agg(room),
                 array_agg(coalesce(own_room, room)), array_agg(runs_at_host),
                 ceil(p_limit::numeric / count(DISTINCT (host, queue))), p_limit * max(runs_at_host)
            INTO v_run_ids, v_hosts, v_queues, v_markets, v_rooms, v_own_rooms, v_runs_at_host, v_share, v_largest_share
            FROM market WHERE room > 0 AND (own_room > 0) IS NOT FALSE HAVING count(*) > 0;

          -- Each host is asked for its share first. Only while that is not enough, because some have little, are they asked
          -- for more: so a take reads about as much as it takes, however much is pending.
          WHILE v_share IS NOT NULL LOOP
            WITH due AS (
              SELECT p.id, m.host, m.queue, m.room,
                     row_number() OVER (PARTITION BY m.run_id, m.market, m.host, m.queue ORDER BY p.not_before, p.id) AS turn_in_run
                FROM unnest(v_run_ids, v_hosts, v_queues, v_markets, v_rooms, v_own_rooms, v_runs_at_host)
                  AS m (run_id, host, queue, market, room, own_room, runs_at_host)
                CROSS JOIN LATERAL (
                  (SELECT t.id, t.not_before FROM targets t
                    WHERE t.run_id = m.run_id AND t.host = m.host AND t.queue = m.queue AND t.market = m.market
                      AND t.state = 'pending' AND t.not_before <= now()
                    ORDER BY t.not_before, t.id
                    LIMIT least(m.room, m.own_room, p_limit, ceil(v_share::numeric / m.runs_at_host)))
                  UNION ALL
                  (SELECT t.id, t.not_before FROM targets t
                    WHERE m.run_id IS NULL AND t.run_id IS NULL AND t.host = m.host AND t.queue = m.queue
                      AND t.state = 'pending' AND t.not_before <= now()
                    ORDER BY t.not_before, t.id
                    LIMIT least(m.room, m.own_room, p_limit, ceil(v_share::numeric / m.runs_at_host)))
                ) p
            ), ranked AS (
              SELECT id, room, row_number() OVER (PARTITION BY host, queue ORDER BY turn_in_run, id) AS turn FROM due
            ), chosen AS (
              SELECT id, turn FROM ranked WHERE turn <= room ORDER BY turn, id LIMIT p_limit
            )
            SELECT array_agg(id), array_agg(turn) INTO v_ids, v_turns FROM chosen;
            EXIT WHEN cardinality(v_ids) >= p_limit OR v_share >= v_largest_share;
            v_share := least(v_share * 4, v_largest_share);
          END LOOP;

          RETURN QUERY
          UPDATE targets t
             SET state = 'queued', publish_id = t.publish_id + 1,
                 republish_after = now() + make_interval(secs => p_republish_after_seconds)
            FROM unnest(v_ids, v_turns) AS chosen (id, turn) WHERE t.id = chosen.id AND t.state = 'pending'
          RETURNING t.id, t.publish_id, t.run_id, t.queue, t.source, t.host, t.url, t.attempts, chosen.turn;
        END $$;

ALTER FUNCTION price_tracker.take_due_targets(p_limit integer, p_longest_belt integer, p_republish_after_seconds integer) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.take_slot(p_host text, p_not_before timestamp with time zone, p_longest_wait_ms integer, p_slots_ahead integer, p_floor_ms integer, p_hold_seconds integer, p_limits_in_flight boolean, p_is_probe boolean) RETURNS TABLE(granted boolean, slot timestamp with time zone, why text, delay_ms integer, fetch_mode text, is_probe boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    DECLARE
      h hosts%ROWTYPE;
      v_now timestamptz;
      v_today date;
      v_tomorrow timestamptz;
      v_used integer;
      v_tries_http boolean;
    BEGIN
      SELECT * INTO h FROM hosts WHERE host = p_host FOR UPDATE;
      IF NOT FOUND THEN RAISE EXCEPTION 'host % has no row; ensureHosts comes first', p_host; END IF;
      -- After the lock: whoever had to wait for it must not be given a slot in the past.
      v_now := clock_timestamp();
      slot := greatest(h.next_slot_at, h.closed_until, p_not_before, v_now);
      delay_ms := greatest(h.current_delay_ms, p_floor_ms);
      granted := false;
      is_probe := false;

      v_today := (v_now AT TIME ZONE 'UTC')::date;
      v_used := CASE WHEN h.requests_day = v_today THEN h.requests_today ELSE 0 END;
      v_tomorrow := (v_today + 1)::timestamp AT TIME ZONE 'UTC';
      IF v_used >= h.daily_budget AND slot < v_tomorrow THEN
        -- Noted as closed until then, so that publishers pass the host by and runs say what they wait for.
        slot := v_tomorrow;
        why := 'the host is closed: daily-budget';
        UPDATE hosts SET closed_until = v_tomorrow, closed_reason = 'daily-budget' WHERE host = p_host;
        RETURN NEXT; RETURN;
      END IF;

      IF h.breaker = 'half-open' AND h.probe_until > v_now AND NOT p_is_probe THEN
        slot := greatest(slot, v_now + interval '3 seconds');
        why := 'one request tries whether the host has opened again';
        RETURN NEXT; RETURN;
      END IF;

      -- Few slots ahead: whoever waits for a slot works for no other host, and the fleet's workers are few.
      IF slot > v_now + make_interval(secs => least(p_longest_wait_ms,
           CASE WHEN p_slots_ahead IS NOT NULL THEN greatest(300, p_slots_ahead * delay_ms) END) / 1000.0) THEN
        why := CASE WHEN h.closed_until = slot THEN 'the host is closed: ' || coalesce(h.closed_reason, 'unknown')
                    WHEN h.next_slot_at = slot THEN 'the host''s next slot is far'
                    ELSE 'the target has to wait' END;
        RETURN NEXT; RETURN;
      END IF;

      IF p_limits_in_flight
         AND (SELECT count(*) FROM targets WHERE host = p_host AND state = 'running') >= h.max_in_flight THEN
        slot := v_now + interval '1 second';
        why := 'the host has as many requests in flight as it may';
        RETURN NEXT; RETURN;
      END IF;

      granted := true;
      is_probe := h.breaker <> 'closed';
      -- A host that needed the browser may need it no more: now and then one page finds out.
      v_tries_http := h.fetch_mode = 'browser' AND h.fetch_mode_at < v_now - interval '1 day';
      fetch_mode := CASE WHEN NOT coalesce(v_tries_http, false) THEN h.fetch_mode END;
      UPDATE hosts
         SET next_slot_at = slot + make_interval(secs => delay_ms / 1000.0),
             requests_day = v_today,
             requests_today = v_used + 1,
             fetch_mode_at = CASE WHEN v_tries_http THEN v_now ELSE h.fetch_mode_at END,
             breaker = CASE WHEN is_probe THEN 'half-open' ELSE 'closed' END,
             breaker_since = CASE WHEN h.breaker = 'open' THEN v_now ELSE h.breaker_since END,
             probe_until = CASE WHEN is_probe THEN slot + make_interval(secs => p_hold_seconds) END
       WHERE host = p_host;
      RETURN NEXT;
    END $$;

ALTER FUNCTION price_tracker.take_slot(p_host text, p_not_before timestamp with time zone, p_longest_wait_ms integer, p_slots_ahead integer, p_floor_ms integer, p_hold_seconds integer, p_limits_in_flight boolean, p_is_probe boolean) OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.tell_of_run_events() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
    BEGIN
      PERFORM pg_notify('price_tracker_events', 'run');
      RETURN NULL;
    END $$;

ALTER FUNCTION price_tracker.tell_of_run_events() OWNER TO pricefleet_owner;

CREATE FUNCTION price_tracker.wake_targets_of(p_host text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'price_tracker', 'pg_temp'
    AS $$
      UPDATE targets t
         SET not_before = now(), republish_after = CASE WHEN t.state = 'queued' THEN now() END
        FROM run_markets m JOIN runs r ON r.id = m.run_id AND r.state IN ('initializing', 'processing', 'paused')
       WHERE m.host = p_host AND t.run_id = m.run_id AND t.host = m.host AND t.queue = m.queue
         AND t.state IN ('pending', 'queued') AND t.not_before > now()
         AND (t.error_class IS NULL OR t.error_class IN ('blocked', 'rate-limited'))
    $$;

ALTER FUNCTION price_tracker.wake_targets_of(p_host text) OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.bar_gaps (
    exchange text NOT NULL,
    symbol text NOT NULL,
    "interval" text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    noticed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE price_tracker.bar_gaps OWNER TO pricefleet_owner;

COMMENT ON TABLE price_tracker.bar_gaps IS 'bars of which ticks were not heard, until history has been asked for them';

CREATE TABLE price_tracker.bars (
    exchange text NOT NULL,
    symbol text NOT NULL,
    "interval" text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    volume numeric DEFAULT 0 NOT NULL,
    ticks integer DEFAULT 0 NOT NULL,
    source text NOT NULL,
    complete boolean NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    first_tick_at timestamp with time zone,
    last_tick_at timestamp with time zone,
    CONSTRAINT bars_source_check CHECK ((source = ANY (ARRAY['ticks'::text, 'history'::text])))
)
PARTITION BY RANGE (opened_at);

ALTER TABLE price_tracker.bars OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.bars.source IS 'history: filled in from a sync, where no tick was seen or some were missed';

COMMENT ON COLUMN price_tracker.bars.last_tick_at IS 'by the feed''s clock; null for a bar from history';

CREATE TABLE price_tracker.bars_rest (
    exchange text NOT NULL,
    symbol text NOT NULL,
    "interval" text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    volume numeric DEFAULT 0 NOT NULL,
    ticks integer DEFAULT 0 NOT NULL,
    source text NOT NULL,
    complete boolean NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    first_tick_at timestamp with time zone,
    last_tick_at timestamp with time zone,
    CONSTRAINT bars_source_check CHECK ((source = ANY (ARRAY['ticks'::text, 'history'::text])))
);

ALTER TABLE price_tracker.bars_rest OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.benchmark_scores (
    model text NOT NULL,
    memory_gb integer,
    benchmark text NOT NULL,
    score numeric NOT NULL,
    source text NOT NULL,
    measured_on date NOT NULL,
    imported_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT benchmark_scores_score_check CHECK ((score > (0)::numeric))
);

ALTER TABLE price_tracker.benchmark_scores OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.benchmark_scores.memory_gb IS 'null: of the model with any size of memory';

CREATE TABLE price_tracker.daily_outcomes (
    day date NOT NULL,
    source text NOT NULL,
    host text NOT NULL,
    queue text NOT NULL,
    outcome text NOT NULL,
    duration_bucket integer NOT NULL,
    count bigint NOT NULL,
    duration_ms bigint NOT NULL
);

ALTER TABLE price_tracker.daily_outcomes OWNER TO pricefleet_owner;

COMMENT ON TABLE price_tracker.daily_outcomes IS 'days are UTC; they outlive runs and targets';

CREATE TABLE price_tracker.target_moves (
    run_id bigint NOT NULL,
    source text NOT NULL,
    host text NOT NULL,
    queue text NOT NULL,
    id bigint NOT NULL,
    from_state text,
    from_reason text,
    to_state text,
    to_reason text,
    outcome text,
    duration_bucket integer,
    duration_ms bigint,
    count integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');

ALTER TABLE price_tracker.target_moves OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.target_moves.outcome IS 'of an attempt that ended with this move: ok, or the class of its error';

COMMENT ON COLUMN price_tracker.target_moves.duration_bucket IS 'floor(4 * log2(milliseconds)): four buckets an octave, so a quantile is right within a tenth';

CREATE VIEW price_tracker.daily_outcomes_now AS
 SELECT daily_outcomes.day,
    daily_outcomes.source,
    daily_outcomes.host,
    daily_outcomes.queue,
    daily_outcomes.outcome,
    daily_outcomes.duration_bucket,
    daily_outcomes.count,
    daily_outcomes.duration_ms
   FROM price_tracker.daily_outcomes
UNION ALL
 SELECT ((target_moves.at AT TIME ZONE 'UTC'::text))::date AS day,
    target_moves.source,
    target_moves.host,
    target_moves.queue,
    target_moves.outcome,
    target_moves.duration_bucket,
    target_moves.count,
    target_moves.duration_ms
   FROM price_tracker.target_moves
  WHERE (target_moves.outcome IS NOT NULL);

ALTER TABLE price_tracker.daily_outcomes_now OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.daily_price_marks (
    search_id bigint NOT NULL,
    base_currency text NOT NULL,
    next_day date NOT NULL,
    summed_at timestamp with time zone NOT NULL
);

ALTER TABLE price_tracker.daily_price_marks OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.daily_price_marks.next_day IS 'all days before it are summed up for good';

CREATE TABLE price_tracker.daily_prices (
    search_id bigint NOT NULL,
    base_currency text NOT NULL,
    day date NOT NULL,
    condition text,
    listings integer NOT NULL,
    left_out integer NOT NULL,
    min numeric NOT NULL,
    max numeric NOT NULL,
    lowest_median numeric NOT NULL,
    p10 numeric NOT NULL,
    p25 numeric NOT NULL,
    median numeric NOT NULL,
    p75 numeric NOT NULL,
    p90 numeric NOT NULL
);

ALTER TABLE price_tracker.daily_prices OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.daily_prices.condition IS 'lower case, as the site words it; empty: not told; null: all of them together';

COMMENT ON COLUMN price_tracker.daily_prices.lowest_median IS 'of the five lowest';

CREATE SEQUENCE price_tracker.duplicate_groups
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE price_tracker.duplicate_groups OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.filtered_out (
    run_id bigint NOT NULL,
    reason text NOT NULL,
    listings integer NOT NULL
);

ALTER TABLE price_tracker.filtered_out OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.hosts (
    host text NOT NULL,
    source text NOT NULL,
    min_delay_ms integer NOT NULL,
    max_in_flight integer NOT NULL,
    next_slot_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    fetch_mode text,
    closed_until timestamp with time zone,
    closed_reason text,
    consecutive_closings integer DEFAULT 0 NOT NULL,
    crawl_delay_ms integer,
    slowed_delay_ms integer,
    slowed_at timestamp with time zone,
    good_pages_since_slowed integer DEFAULT 0 NOT NULL,
    current_delay_ms integer GENERATED ALWAYS AS (GREATEST(min_delay_ms, crawl_delay_ms, slowed_delay_ms)) STORED NOT NULL,
    daily_budget integer,
    requests_day date,
    requests_today integer DEFAULT 0 NOT NULL,
    breaker text DEFAULT 'closed'::text NOT NULL,
    breaker_since timestamp with time zone DEFAULT now() NOT NULL,
    blocks_to_open integer DEFAULT 3 NOT NULL,
    consecutive_blocks integer DEFAULT 0 NOT NULL,
    blocked_since timestamp with time zone,
    probe_until timestamp with time zone,
    fetch_mode_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT hosts_blocks_to_open_check CHECK ((blocks_to_open > 0)),
    CONSTRAINT hosts_breaker_check CHECK ((breaker = ANY (ARRAY['closed'::text, 'open'::text, 'half-open'::text]))),
    CONSTRAINT hosts_crawl_delay_ms_check CHECK ((crawl_delay_ms >= 0)),
    CONSTRAINT hosts_daily_budget_check CHECK ((daily_budget > 0)),
    CONSTRAINT hosts_fetch_mode_check CHECK ((fetch_mode = ANY (ARRAY['http'::text, 'browser'::text]))),
    CONSTRAINT hosts_max_in_flight_check CHECK ((max_in_flight > 0)),
    CONSTRAINT hosts_min_delay_ms_check CHECK ((min_delay_ms >= 0)),
    CONSTRAINT hosts_slowed_delay_ms_check CHECK ((slowed_delay_ms >= 0))
);

ALTER TABLE price_tracker.hosts OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.hosts.min_delay_ms IS 'configured; current_delay_ms is what holds now';

COMMENT ON COLUMN price_tracker.hosts.fetch_mode IS 'what the host was learned to need; null: not known yet';

COMMENT ON COLUMN price_tracker.hosts.closed_until IS 'no request before this: the host showed a wall or asked for patience';

COMMENT ON COLUMN price_tracker.hosts.crawl_delay_ms IS 'what its robots.txt asks for';

COMMENT ON COLUMN price_tracker.hosts.slowed_delay_ms IS 'raised by 429, 403 and 503, lowered again by good pages; null: not slowed';

COMMENT ON COLUMN price_tracker.hosts.daily_budget IS 'requests a day, UTC; null: no bound';

COMMENT ON COLUMN price_tracker.hosts.breaker IS 'closed: requests pass; open: none before closed_until; half-open: one finds out';

COMMENT ON COLUMN price_tracker.hosts.blocked_since IS 'the first opening since the last good page';

COMMENT ON COLUMN price_tracker.hosts.probe_until IS 'half-open: until then one request is out to try';

COMMENT ON COLUMN price_tracker.hosts.fetch_mode_at IS 'when fetch_mode was learned, or last tried again';

CREATE TABLE price_tracker.instruments (
    id bigint NOT NULL,
    exchange text NOT NULL,
    symbol text NOT NULL,
    name text NOT NULL,
    asset text NOT NULL,
    currency text NOT NULL,
    unit text NOT NULL,
    page_url text,
    page_selector text,
    refresh_seconds integer DEFAULT 5 NOT NULL,
    valid_min numeric,
    valid_max numeric,
    trading_hours text DEFAULT 'always'::text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT a_valid_range_has_an_inside CHECK (((valid_min IS NULL) OR (valid_max IS NULL) OR (valid_min < valid_max))),
    CONSTRAINT instruments_refresh_seconds_check CHECK ((refresh_seconds >= 1)),
    CONSTRAINT instruments_unit_check CHECK ((unit = ANY (ARRAY['unit'::text, 'troy-ounce'::text, 'gram'::text, 'kilogram'::text, 'pound'::text])))
);

ALTER TABLE price_tracker.instruments OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.instruments.asset IS 'what is priced: gold, or a currency (USD in USDIDR)';

COMMENT ON COLUMN price_tracker.instruments.currency IS 'what it is priced in (IDR in USDIDR)';

COMMENT ON COLUMN price_tracker.instruments.page_url IS 'null: no page is read for it';

ALTER TABLE price_tracker.instruments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.instruments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE price_tracker.kysely_migration (
    name character varying(255) NOT NULL,
    "timestamp" character varying(255) NOT NULL
);

ALTER TABLE price_tracker.kysely_migration OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.kysely_migration_lock (
    id character varying(255) NOT NULL,
    is_locked integer DEFAULT 0 NOT NULL
);

ALTER TABLE price_tracker.kysely_migration_lock OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.leaders (
    name text NOT NULL,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE price_tracker.leaders OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.listing_deals (
    listing_id bigint NOT NULL,
    base_amount numeric NOT NULL,
    deal numeric,
    peers integer NOT NULL,
    peers_by text,
    peers_median numeric,
    missing text,
    CONSTRAINT listing_deals_check CHECK (((deal IS NULL) <> (missing IS NULL)))
);

ALTER TABLE price_tracker.listing_deals OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.listing_deals.deal IS 'the share of its peers'' median that it is below; negative: above';

CREATE TABLE price_tracker.listing_models (
    listing_id bigint NOT NULL,
    catalog_version integer NOT NULL,
    title_md5 uuid NOT NULL,
    offer text NOT NULL,
    model text,
    memory_gb integer
);

ALTER TABLE price_tracker.listing_models OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.listing_models.title_md5 IS 'of the title that was read: another one is matched again';

CREATE TABLE price_tracker.listing_photos (
    listing_id bigint NOT NULL,
    url text NOT NULL,
    hash bigint,
    bands integer[],
    failure text,
    looked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT a_hash_has_bands CHECK (((hash IS NULL) = (bands IS NULL)))
);

ALTER TABLE price_tracker.listing_photos OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.listing_photos.hash IS 'difference hash; null: it could not be read (failure), or is a plain surface';

COMMENT ON COLUMN price_tracker.listing_photos.bands IS 'parts of the hash: two hashes that are near each other have one the same';

CREATE TABLE price_tracker.listing_states (
    id bigint NOT NULL,
    listing_id bigint NOT NULL,
    from_state text,
    to_state text NOT NULL,
    at timestamp with time zone NOT NULL,
    known_by text NOT NULL,
    reason text,
    misses integer NOT NULL
);

ALTER TABLE price_tracker.listing_states OWNER TO pricefleet_owner;

ALTER TABLE price_tracker.listing_states ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.listing_states_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE price_tracker.listings (
    id bigint NOT NULL,
    source text NOT NULL,
    external_id text NOT NULL,
    url text NOT NULL,
    title text NOT NULL,
    amount numeric,
    amount_max numeric,
    buy_it_now numeric,
    currency text,
    shipping numeric,
    list_price numeric,
    condition text,
    availability text,
    bids integer,
    best_offer boolean DEFAULT false NOT NULL,
    ended boolean DEFAULT false NOT NULL,
    seller text,
    image_url text,
    details jsonb,
    card_digest text,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    enriched_at timestamp with time zone,
    gone_at timestamp with time zone,
    latest_observation_id bigint,
    latest_observed_at timestamp with time zone,
    base_currency text,
    base_amount numeric,
    base_valued_at timestamp with time zone,
    base_missing text,
    state text DEFAULT 'active'::text NOT NULL,
    state_since timestamp with time zone DEFAULT now() NOT NULL,
    state_known_by text DEFAULT 'card'::text NOT NULL,
    state_reason text,
    misses integer DEFAULT 0 NOT NULL,
    confidence numeric(3,2),
    pending_observation_id bigint,
    pending_observed_at timestamp with time zone,
    second_looks smallint DEFAULT 0 NOT NULL,
    duplicate_group bigint,
    offer_kind text,
    CONSTRAINT a_price_has_a_currency CHECK (((amount IS NULL) OR (currency IS NOT NULL))),
    CONSTRAINT listings_base_missing_check CHECK ((base_missing = ANY (ARRAY['no-rate'::text, 'stale-rate'::text]))),
    CONSTRAINT listings_offer_kind_check CHECK ((offer_kind = ANY (ARRAY['swap'::text, 'free'::text, 'negotiable'::text, 'price-on-request'::text]))),
    CONSTRAINT listings_state_check CHECK ((state = ANY (ARRAY['active'::text, 'sold'::text, 'ended'::text, 'gone'::text]))),
    CONSTRAINT listings_state_known_by_check CHECK ((state_known_by = ANY (ARRAY['card'::text, 'page'::text])))
);

ALTER TABLE price_tracker.listings OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.listings.card_digest IS 'of what the search card said last; an unchanged card confirms a fresh listing';

COMMENT ON COLUMN price_tracker.listings.base_amount IS 'of amount, when it was seen last with a rate to go by';

COMMENT ON COLUMN price_tracker.listings.misses IS 'searches read to their end that did not show it since it was seen last';

COMMENT ON COLUMN price_tracker.listings.pending_observation_id IS 'its price in quarantine, while amount is the last one that is trusted';

COMMENT ON COLUMN price_tracker.listings.second_looks IS 'pages that gave yet another price to doubt, since one was trusted';

COMMENT ON COLUMN price_tracker.listings.duplicate_group IS 'those of one group have nearly the same title and the same photo; null: it has none';

COMMENT ON COLUMN price_tracker.listings.offer_kind IS 'why there is no price, where the ad itself says it';

ALTER TABLE price_tracker.listings ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.listings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE price_tracker.market_runs (
    run_id bigint NOT NULL,
    market integer NOT NULL,
    source text NOT NULL,
    term text,
    url text,
    max_pages integer NOT NULL,
    enrich_limit integer NOT NULL,
    at_once integer,
    next_page integer DEFAULT 1 NOT NULL,
    next_url text,
    pages_read integer DEFAULT 0 NOT NULL,
    total_results integer,
    found integer DEFAULT 0 NOT NULL,
    confirmed integer DEFAULT 0 NOT NULL,
    collected_at timestamp with time zone,
    error text,
    read_to_end boolean DEFAULT false NOT NULL
);

ALTER TABLE price_tracker.market_runs OWNER TO pricefleet_owner;

COMMENT ON TABLE price_tracker.market_runs IS 'how far the pages of each market of a run are read';

COMMENT ON COLUMN price_tracker.market_runs.at_once IS 'at most so many of its targets are published or in hand; null: as many as its hosts allow';

COMMENT ON COLUMN price_tracker.market_runs.next_url IS 'where the last page said that the next one is; null: the source knows by the number';

COMMENT ON COLUMN price_tracker.market_runs.read_to_end IS 'it has no page after those that were read';

CREATE TABLE price_tracker.page_health (
    source text NOT NULL,
    host text NOT NULL,
    page_kind text NOT NULL,
    read_rate double precision DEFAULT 1 NOT NULL,
    usual_rate double precision DEFAULT 1 NOT NULL,
    pages bigint DEFAULT 0 NOT NULL,
    state_since timestamp with time zone DEFAULT now() NOT NULL,
    flagged_at timestamp with time zone,
    last_changed_at timestamp with time zone,
    unjudged_read integer DEFAULT 0 NOT NULL,
    unjudged_changed integer DEFAULT 0 NOT NULL,
    counted_day date DEFAULT ((now() AT TIME ZONE 'UTC'::text))::date NOT NULL,
    counted_read bigint DEFAULT 0 NOT NULL,
    counted_changed bigint DEFAULT 0 NOT NULL,
    CONSTRAINT page_health_page_kind_check CHECK ((page_kind = ANY (ARRAY['search'::text, 'listing'::text, 'quote'::text])))
);

ALTER TABLE price_tracker.page_health OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.page_health.usual_rate IS 'the same rate over a past fifty times as long; it rests while flagged';

COMMENT ON COLUMN price_tracker.page_health.counted_day IS 'from here on daily_outcomes hold pages not judged yet, but for the counted ones of this day';

CREATE TABLE price_tracker.poison_messages (
    id bigint NOT NULL,
    queue text NOT NULL,
    message_id text NOT NULL,
    reason text,
    error text,
    headers jsonb NOT NULL,
    body text NOT NULL,
    body_bytes integer NOT NULL,
    dead_lettered_at timestamp with time zone,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    discarded_at timestamp with time zone
);

ALTER TABLE price_tracker.poison_messages OWNER TO pricefleet_owner;

COMMENT ON TABLE price_tracker.poison_messages IS 'what the dispatcher saw in a DLQ that is about no target; a row goes when its message has gone';

COMMENT ON COLUMN price_tracker.poison_messages.body IS 'the first 4 KiB, as UTF-8 as far as it is';

ALTER TABLE price_tracker.poison_messages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.poison_messages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE price_tracker.price_observations (
    id bigint NOT NULL,
    listing_id bigint NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    amount numeric NOT NULL,
    amount_max numeric,
    buy_it_now numeric,
    currency text NOT NULL,
    shipping numeric,
    read_from text NOT NULL,
    methods jsonb NOT NULL,
    run_id bigint NOT NULL,
    target_id bigint,
    snapshot_id bigint,
    confirmed_at timestamp with time zone NOT NULL,
    confirmations integer DEFAULT 0 NOT NULL,
    corrected_at timestamp with time zone,
    base_currency text,
    base_amount numeric,
    base_rate numeric,
    base_quote_ids bigint[],
    base_quoted_at timestamp with time zone,
    base_missing text,
    disagreed jsonb DEFAULT '[]'::jsonb NOT NULL,
    confidence numeric(3,2),
    quarantine text,
    doubt text,
    quarantine_ended_at timestamp with time zone,
    CONSTRAINT a_quarantine_has_its_doubt CHECK (((quarantine IS NULL) = (doubt IS NULL))),
    CONSTRAINT price_observations_base_missing_check CHECK ((base_missing = ANY (ARRAY['no-rate'::text, 'stale-rate'::text]))),
    CONSTRAINT price_observations_quarantine_check CHECK ((quarantine = ANY (ARRAY['quarantined'::text, 'confirmed'::text, 'refuted'::text]))),
    CONSTRAINT price_observations_read_from_check CHECK ((read_from = ANY (ARRAY['card'::text, 'page'::text])))
)
PARTITION BY RANGE (observed_at);

ALTER TABLE price_tracker.price_observations OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.price_observations.confirmed_at IS 'when this same price was seen last; a repeat adds no row';

COMMENT ON COLUMN price_tracker.price_observations.corrected_at IS 'its page, read again, said another price, which stands beside it; kept as evidence of what was believed';

COMMENT ON COLUMN price_tracker.price_observations.base_quoted_at IS 'of the oldest quote; null: the price is in the base currency';

COMMENT ON COLUMN price_tracker.price_observations.quarantine IS 'null: never doubted. Only that and confirmed are prices to go by';

ALTER TABLE price_tracker.price_observations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME price_tracker.price_observations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE price_tracker.price_observations_rest (
    id bigint NOT NULL,
    listing_id bigint NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    amount numeric NOT NULL,
    amount_max numeric,
    buy_it_now numeric,
    currency text NOT NULL,
    shipping numeric,
    read_from text NOT NULL,
    methods jsonb NOT NULL,
    run_id bigint NOT NULL,
    target_id bigint,
    snapshot_id bigint,
    confirmed_at timestamp with time zone NOT NULL,
    confirmations integer DEFAULT 0 NOT NULL,
    corrected_at timestamp with time zone,
    base_currency text,
    base_amount numeric,
    base_rate numeric,
    base_quote_ids bigint[],
    base_quoted_at timestamp with time zone,
    base_missing text,
    disagreed jsonb DEFAULT '[]'::jsonb NOT NULL,
    confidence numeric(3,2),
    quarantine text,
    doubt text,
    quarantine_ended_at timestamp with time zone,
    CONSTRAINT a_quarantine_has_its_doubt CHECK (((quarantine IS NULL) = (doubt IS NULL))),
    CONSTRAINT price_observations_base_missing_check CHECK ((base_missing = ANY (ARRAY['no-rate'::text, 'stale-rate'::text]))),
    CONSTRAINT price_observations_quarantine_check CHECK ((quarantine = ANY (ARRAY['quarantined'::text, 'confirmed'::text, 'refuted'::text]))),
    CONSTRAINT price_observations_read_from_check CHECK ((read_from = ANY (ARRAY['card'::text, 'page'::text])))
);

ALTER TABLE price_tracker.price_observations_rest OWNER TO pricefleet_owner;

CREATE SEQUENCE price_tracker.quote_ids
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER TABLE price_tracker.quote_ids OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.quote_rejections (
    instrument_id bigint NOT NULL,
    count bigint DEFAULT 0 NOT NULL,
    last_text text NOT NULL,
    last_reason text NOT NULL,
    last_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE price_tracker.quote_rejections OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.quote_subscriptions (
    instrument_id bigint NOT NULL,
    feed text DEFAULT 'tradingview'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE price_tracker.quote_subscriptions OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.quotes (
    instrument_id bigint NOT NULL,
    id bigint NOT NULL,
    price numeric NOT NULL,
    bid numeric,
    ask numeric,
    day_volume numeric,
    source text NOT NULL,
    quoted_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE price_tracker.quotes OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.quotes.id IS 'from quote_ids, a new one for each quote';

COMMENT ON COLUMN price_tracker.quotes.source IS 'how it came: page, or the feed of the streamer';

CREATE TABLE price_tracker.robots_files (
    origin text NOT NULL,
    host text NOT NULL,
    state text NOT NULL,
    body text,
    detail text,
    fetched_at timestamp with time zone,
    expires_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    fetching_until timestamp with time zone,
    CONSTRAINT robots_files_state_check CHECK ((state = ANY (ARRAY['unknown'::text, 'found'::text, 'absent'::text, 'unreachable'::text])))
);

ALTER TABLE price_tracker.robots_files OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.run_collectors (
    run_id bigint NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    message text,
    pods jsonb NOT NULL,
    checked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT run_collectors_kind_check CHECK ((kind = ANY (ARRAY['job'::text, 'process'::text]))),
    CONSTRAINT run_collectors_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'running'::text, 'completed'::text, 'failed'::text, 'gone'::text])))
);

ALTER TABLE price_tracker.run_collectors OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.run_counts (
    run_id bigint NOT NULL,
    source text NOT NULL,
    host text NOT NULL,
    queue text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    count bigint NOT NULL
);

ALTER TABLE price_tracker.run_counts OWNER TO pricefleet_owner;

CREATE VIEW price_tracker.run_counts_now AS
 SELECT counted.run_id,
    counted.source,
    counted.host,
    counted.queue,
    counted.state,
    counted.reason,
    (sum(counted.count))::bigint AS count
   FROM ( SELECT run_counts.run_id,
            run_counts.source,
            run_counts.host,
            run_counts.queue,
            run_counts.state,
            run_counts.reason,
            run_counts.count
           FROM price_tracker.run_counts
        UNION ALL
         SELECT target_moves.run_id,
            target_moves.source,
            target_moves.host,
            target_moves.queue,
            target_moves.to_state,
            target_moves.to_reason,
            target_moves.count
           FROM price_tracker.target_moves
          WHERE (target_moves.to_state IS NOT NULL)
        UNION ALL
         SELECT target_moves.run_id,
            target_moves.source,
            target_moves.host,
            target_moves.queue,
            target_moves.from_state,
            target_moves.from_reason,
            (- target_moves.count)
           FROM price_tracker.target_moves
          WHERE (target_moves.from_state IS NOT NULL)) counted
  GROUP BY counted.run_id, counted.source, counted.host, counted.queue, counted.state, counted.reason;

ALTER TABLE price_tracker.run_counts_now OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.runs (
    id bigint NOT NULL,
    search_id bigint NOT NULL,
    state text DEFAULT 'initializing'::text NOT NULL,
    max_pages integer DEFAULT 0 NOT NULL,
    enrich_limit integer DEFAULT 0 NOT NULL,
    next_page integer DEFAULT 1 NOT NULL,
    pages_read integer DEFAULT 0 NOT NULL,
    total_results integer,
    found integer DEFAULT 0 NOT NULL,
    confirmed integer DEFAULT 0 NOT NULL,
    collecting_until timestamp with time zone,
    collected_at timestamp with time zone,
    error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    request_id text DEFAULT NULLIF(current_setting('pricefleet.request_id'::text, true), ''::text),
    on_interruption text,
    CONSTRAINT runs_on_interruption_check CHECK ((on_interruption = ANY (ARRAY['resume'::text, 'pause'::text]))),
    CONSTRAINT runs_state_check CHECK ((state = ANY (ARRAY['idle'::text, 'initializing'::text, 'processing'::text, 'paused'::text, 'completed'::text, 'error'::text])))
);

ALTER TABLE price_tracker.runs OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.runs.found IS 'distinct listings on the pages read so far';

COMMENT ON COLUMN price_tracker.runs.confirmed IS 'of those found, the ones whose card sufficed: no target was made';

COMMENT ON COLUMN price_tracker.runs.collecting_until IS 'the collector''s lease: past it, another one continues at next_page';

COMMENT ON COLUMN price_tracker.runs.request_id IS 'the API request that started the run or last asked it to go on; null: a schedule or a person at the collector';

COMMENT ON COLUMN price_tracker.runs.on_interruption IS 'null: as the search says';

CREATE TABLE price_tracker.targets (
    id bigint NOT NULL,
    run_id bigint,
    queue text NOT NULL,
    source text NOT NULL,
    host text NOT NULL,
    external_id text NOT NULL,
    url text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    lost_leases integer DEFAULT 0 NOT NULL,
    publish_id integer DEFAULT 0 NOT NULL,
    not_before timestamp with time zone DEFAULT now() NOT NULL,
    republish_after timestamp with time zone,
    lease_token uuid,
    lease_expires_at timestamp with time zone,
    worker text,
    error_class text,
    reason text,
    last_error text,
    dead_lettered_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    walls_met integer DEFAULT 0 NOT NULL,
    refresh_seconds integer,
    market integer DEFAULT 1 NOT NULL,
    CONSTRAINT a_queued_target_is_published_again CHECK (((state <> 'queued'::text) OR (republish_after IS NOT NULL))),
    CONSTRAINT a_recurring_target_never_ends CHECK (((refresh_seconds IS NULL) OR (state <> ALL (ARRAY['done'::text, 'failed'::text, 'dead'::text])))),
    CONSTRAINT a_running_target_has_a_lease CHECK (((state <> 'running'::text) OR ((lease_token IS NOT NULL) AND (lease_expires_at IS NOT NULL)))),
    CONSTRAINT a_target_has_a_run_or_recurs CHECK ((((run_id IS NULL) = (refresh_seconds IS NOT NULL)) OR ((queue = 'history_sync'::text) AND (run_id IS NULL) AND (refresh_seconds IS NULL)))),
    CONSTRAINT targets_queue_check CHECK ((queue = ANY (ARRAY['listing_enrichment'::text, 'quote_refresh'::text, 'history_sync'::text]))),
    CONSTRAINT targets_refresh_seconds_check CHECK ((refresh_seconds > 0)),
    CONSTRAINT targets_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'dead'::text, 'cancelled'::text])))
)
WITH (fillfactor='80');

ALTER TABLE price_tracker.targets OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.targets.attempts IS 'since it was last tried anew; of a recurring target: since its last refresh that went well';

COMMENT ON COLUMN price_tracker.targets.walls_met IS 'attempts that met a wall or a rate limit, which are given back';

CREATE VIEW price_tracker.run_count_differences AS
 SELECT run_id,
    source,
    host,
    queue,
    state,
    reason,
    COALESCE(there.count, (0)::bigint) AS there,
    COALESCE(counted.count, (0)::bigint) AS counted
   FROM (( SELECT t.run_id,
            t.source,
            t.host,
            t.queue,
            t.state,
                CASE
                    WHEN (t.state = ANY (ARRAY['failed'::text, 'dead'::text])) THEN COALESCE(t.reason, 'unknown'::text)
                    ELSE ''::text
                END AS reason,
            count(*) AS count
           FROM price_tracker.targets t
          WHERE (t.run_id IS NOT NULL)
          GROUP BY t.run_id, t.source, t.host, t.queue, t.state,
                CASE
                    WHEN (t.state = ANY (ARRAY['failed'::text, 'dead'::text])) THEN COALESCE(t.reason, 'unknown'::text)
                    ELSE ''::text
                END) there
     FULL JOIN ( SELECT c.run_id,
            c.source,
            c.host,
            c.queue,
            c.state,
            c.reason,
            c.count
           FROM (price_tracker.run_counts_now c
             JOIN price_tracker.runs r ON ((r.id = c.run_id)))) counted USING (run_id, source, host, queue, state, reason))
  WHERE (COALESCE(there.count, (0)::bigint) <> COALESCE(counted.count, (0)::bigint));

ALTER TABLE price_tracker.run_count_differences OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.run_events (
    id bigint NOT NULL,
    run_id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason text NOT NULL,
    request_id text DEFAULT NULLIF(current_setting('pricefleet.request_id'::text, true), ''::text)
);

ALTER TABLE price_tracker.run_events OWNER TO pricefleet_owner;

ALTER TABLE price_tracker.run_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.run_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE price_tracker.run_markets (
    run_id bigint NOT NULL,
    host text NOT NULL,
    queue text NOT NULL,
    source text NOT NULL,
    market integer DEFAULT 1 NOT NULL
);

ALTER TABLE price_tracker.run_markets OWNER TO pricefleet_owner;

COMMENT ON TABLE price_tracker.run_markets IS 'which hosts a run has targets at: the publisher goes round these, so that none buries another';

CREATE TABLE price_tracker.run_minutes (
    run_id bigint NOT NULL,
    source text NOT NULL,
    host text NOT NULL,
    queue text NOT NULL,
    minute timestamp with time zone NOT NULL,
    ended bigint NOT NULL
);

ALTER TABLE price_tracker.run_minutes OWNER TO pricefleet_owner;

CREATE VIEW price_tracker.run_minutes_now AS
 SELECT counted.run_id,
    counted.source,
    counted.host,
    counted.queue,
    counted.minute,
    (sum(counted.ended))::bigint AS ended
   FROM ( SELECT run_minutes.run_id,
            run_minutes.source,
            run_minutes.host,
            run_minutes.queue,
            run_minutes.minute,
            run_minutes.ended
           FROM price_tracker.run_minutes
        UNION ALL
         SELECT target_moves.run_id,
            target_moves.source,
            target_moves.host,
            target_moves.queue,
            date_trunc('minute'::text, target_moves.at) AS date_trunc,
            target_moves.count
           FROM price_tracker.target_moves
          WHERE ((target_moves.to_state = ANY (ARRAY['done'::text, 'failed'::text, 'dead'::text])) AND (target_moves.from_state = ANY (ARRAY['pending'::text, 'queued'::text, 'running'::text])))) counted
  GROUP BY counted.run_id, counted.source, counted.host, counted.queue, counted.minute;

ALTER TABLE price_tracker.run_minutes_now OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.run_outcomes (
    run_id bigint NOT NULL,
    source text NOT NULL,
    host text NOT NULL,
    queue text NOT NULL,
    outcome text NOT NULL,
    duration_bucket integer NOT NULL,
    count bigint NOT NULL,
    duration_ms bigint NOT NULL
);

ALTER TABLE price_tracker.run_outcomes OWNER TO pricefleet_owner;

CREATE VIEW price_tracker.run_outcomes_now AS
 SELECT counted.run_id,
    counted.source,
    counted.host,
    counted.queue,
    counted.outcome,
    counted.duration_bucket,
    (sum(counted.count))::bigint AS count,
    (sum(counted.duration_ms))::bigint AS duration_ms
   FROM ( SELECT run_outcomes.run_id,
            run_outcomes.source,
            run_outcomes.host,
            run_outcomes.queue,
            run_outcomes.outcome,
            run_outcomes.duration_bucket,
            run_outcomes.count,
            run_outcomes.duration_ms
           FROM price_tracker.run_outcomes
        UNION ALL
         SELECT target_moves.run_id,
            target_moves.source,
            target_moves.host,
            target_moves.queue,
            target_moves.outcome,
            target_moves.duration_bucket,
            target_moves.count,
            target_moves.duration_ms
           FROM price_tracker.target_moves
          WHERE (target_moves.outcome IS NOT NULL)) counted
  GROUP BY counted.run_id, counted.source, counted.host, counted.queue, counted.outcome, counted.duration_bucket;

ALTER TABLE price_tracker.run_outcomes_now OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.run_transitions (
    from_state text NOT NULL,
    to_state text NOT NULL
);

ALTER TABLE price_tracker.run_transitions OWNER TO pricefleet_owner;

ALTER TABLE price_tracker.runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE price_tracker.search_listings (
    search_id bigint NOT NULL,
    listing_id bigint NOT NULL,
    match text NOT NULL,
    first_run_id bigint NOT NULL,
    last_run_id bigint NOT NULL,
    CONSTRAINT search_listings_match_check CHECK ((match = ANY (ARRAY['exact'::text, 'related'::text])))
);

ALTER TABLE price_tracker.search_listings OWNER TO pricefleet_owner;

CREATE TABLE price_tracker.search_markets (
    search_id bigint NOT NULL,
    market integer NOT NULL,
    source text NOT NULL,
    term text,
    url text,
    max_pages integer DEFAULT 0 NOT NULL,
    enrich_limit integer DEFAULT 0 NOT NULL,
    at_once integer,
    CONSTRAINT a_market_is_words_or_an_address CHECK ((num_nonnulls(term, url) = 1)),
    CONSTRAINT search_markets_at_once_check CHECK ((at_once > 0)),
    CONSTRAINT search_markets_enrich_limit_check CHECK ((enrich_limit >= 0)),
    CONSTRAINT search_markets_market_check CHECK ((market > 0)),
    CONSTRAINT search_markets_max_pages_check CHECK ((max_pages >= 0))
);

ALTER TABLE price_tracker.search_markets OWNER TO pricefleet_owner;

COMMENT ON TABLE price_tracker.search_markets IS 'of a search of source several; any other search is its own only market';

CREATE TABLE price_tracker.searches (
    id bigint NOT NULL,
    source text NOT NULL,
    term text,
    url text,
    max_pages integer DEFAULT 0 NOT NULL,
    enrich_limit integer DEFAULT 0 NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    interval_seconds integer,
    next_run_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    cron text,
    time_zone text,
    jitter_percent integer DEFAULT 10 NOT NULL,
    paused_run_blocks_hours integer,
    last_skipped_at timestamp with time zone,
    last_skipped_reason text,
    on_interruption text DEFAULT 'resume'::text NOT NULL,
    filter jsonb,
    CONSTRAINT a_cron_has_a_time_zone CHECK (((cron IS NULL) = (time_zone IS NULL))),
    CONSTRAINT a_search_has_one_cadence CHECK ((num_nonnulls(cron, interval_seconds) <= 1)),
    CONSTRAINT a_search_is_words_or_an_address CHECK ((num_nonnulls(term, url) = 1)),
    CONSTRAINT searches_enrich_limit_check CHECK ((enrich_limit >= 0)),
    CONSTRAINT searches_interval_seconds_check CHECK ((interval_seconds >= 60)),
    CONSTRAINT searches_jitter_percent_check CHECK (((jitter_percent >= 0) AND (jitter_percent <= 50))),
    CONSTRAINT searches_max_pages_check CHECK ((max_pages >= 0)),
    CONSTRAINT searches_on_interruption_check CHECK ((on_interruption = ANY (ARRAY['resume'::text, 'pause'::text]))),
    CONSTRAINT searches_paused_run_blocks_hours_check CHECK ((paused_run_blocks_hours >= 0))
);

ALTER TABLE price_tracker.searches OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.searches.interval_seconds IS 'null, and cron null too: runs only when asked for';

COMMENT ON COLUMN price_tracker.searches.paused_run_blocks_hours IS 'null: as the dispatcher is set';

COMMENT ON COLUMN price_tracker.searches.last_skipped_at IS 'when its time had come and a run was still under way';

COMMENT ON COLUMN price_tracker.searches.filter IS 'null: all is kept';

ALTER TABLE price_tracker.searches ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.searches_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE price_tracker.snapshots (
    id bigint NOT NULL,
    sha256 text NOT NULL,
    path text NOT NULL,
    size_bytes integer NOT NULL,
    url text NOT NULL,
    source text NOT NULL,
    listing_id bigint,
    target_id bigint,
    fetched_by text NOT NULL,
    page_state text NOT NULL,
    fetched_at timestamp with time zone DEFAULT now() NOT NULL,
    pruned_at timestamp with time zone,
    stored_at timestamp with time zone DEFAULT clock_timestamp(),
    CONSTRAINT snapshots_fetched_by_check CHECK ((fetched_by = ANY (ARRAY['http'::text, 'browser'::text])))
);

ALTER TABLE price_tracker.snapshots OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.snapshots.path IS 'below SNAPSHOT_DIR; several rows may share one file';

COMMENT ON COLUMN price_tracker.snapshots.stored_at IS 'just after the price that was read from it; null on rows older than this column';

ALTER TABLE price_tracker.snapshots ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.snapshots_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE price_tracker.sync_schedules (
    id bigint NOT NULL,
    name text NOT NULL,
    cron text NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    "interval" text NOT NULL,
    n_bars integer NOT NULL,
    symbols text[],
    enabled boolean DEFAULT true NOT NULL,
    next_run_at timestamp with time zone,
    last_run_at timestamp with time zone,
    CONSTRAINT sync_schedules_n_bars_check CHECK (((n_bars >= 1) AND (n_bars <= 5000)))
);

ALTER TABLE price_tracker.sync_schedules OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.sync_schedules.symbols IS 'EXCHANGE:SYMBOL; null: all enabled instruments';

ALTER TABLE price_tracker.sync_schedules ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.sync_schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE price_tracker.sync_status (
    exchange text NOT NULL,
    symbol text NOT NULL,
    "interval" text NOT NULL,
    state text NOT NULL,
    n_bars integer NOT NULL,
    bars_stored integer,
    message text,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    given_from timestamp with time zone,
    given_until timestamp with time zone,
    fills_in_vain integer DEFAULT 0 NOT NULL,
    fill_not_before timestamp with time zone,
    CONSTRAINT sync_status_n_bars_check CHECK (((n_bars >= 1) AND (n_bars <= 5000))),
    CONSTRAINT sync_status_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'syncing'::text, 'completed'::text, 'error'::text])))
);

ALTER TABLE price_tracker.sync_status OWNER TO pricefleet_owner;

COMMENT ON COLUMN price_tracker.sync_status.message IS 'in words: why it ended in error, or why its last attempt failed while it goes on';

COMMENT ON COLUMN price_tracker.sync_status.given_from IS 'opened_at of the oldest bar that the last sync gave';

COMMENT ON COLUMN price_tracker.sync_status.given_until IS 'opened_at of the newest complete bar that the last sync gave';

COMMENT ON COLUMN price_tracker.sync_status.fills_in_vain IS 'questions about gaps, one after the other, that no trade came out of';

COMMENT ON COLUMN price_tracker.sync_status.fill_not_before IS 'history is not asked for gaps of this series before';

CREATE TABLE price_tracker.target_failures (
    id bigint NOT NULL,
    target_id bigint NOT NULL,
    attempt integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    worker text,
    error_class text NOT NULL,
    reason text,
    message text
);

ALTER TABLE price_tracker.target_failures OWNER TO pricefleet_owner;

COMMENT ON TABLE price_tracker.target_failures IS 'the last twenty failed attempts of each target';

ALTER TABLE price_tracker.target_failures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.target_failures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE price_tracker.target_moves ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.target_moves_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE price_tracker.targets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME price_tracker.targets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY price_tracker.bars ATTACH PARTITION price_tracker.bars_rest DEFAULT;

ALTER TABLE ONLY price_tracker.price_observations ATTACH PARTITION price_tracker.price_observations_rest DEFAULT;

ALTER TABLE ONLY price_tracker.bar_gaps
    ADD CONSTRAINT bar_gaps_pkey PRIMARY KEY (exchange, symbol, "interval", opened_at);

ALTER TABLE ONLY price_tracker.bars
    ADD CONSTRAINT bars_pkey PRIMARY KEY (exchange, symbol, "interval", opened_at);

ALTER TABLE ONLY price_tracker.bars_rest
    ADD CONSTRAINT bars_rest_pkey PRIMARY KEY (exchange, symbol, "interval", opened_at);

ALTER TABLE ONLY price_tracker.benchmark_scores
    ADD CONSTRAINT benchmark_scores_benchmark_model_memory_gb_key UNIQUE NULLS NOT DISTINCT (benchmark, model, memory_gb);

ALTER TABLE ONLY price_tracker.daily_outcomes
    ADD CONSTRAINT daily_outcomes_pkey PRIMARY KEY (day, source, host, queue, outcome, duration_bucket);

ALTER TABLE ONLY price_tracker.daily_price_marks
    ADD CONSTRAINT daily_price_marks_pkey PRIMARY KEY (search_id);

ALTER TABLE ONLY price_tracker.daily_prices
    ADD CONSTRAINT daily_prices_search_id_base_currency_day_condition_key UNIQUE NULLS NOT DISTINCT (search_id, base_currency, day, condition);

ALTER TABLE ONLY price_tracker.filtered_out
    ADD CONSTRAINT filtered_out_pkey PRIMARY KEY (run_id, reason);

ALTER TABLE ONLY price_tracker.hosts
    ADD CONSTRAINT hosts_pkey PRIMARY KEY (host);

ALTER TABLE ONLY price_tracker.instruments
    ADD CONSTRAINT instruments_identity UNIQUE (exchange, symbol);

ALTER TABLE ONLY price_tracker.instruments
    ADD CONSTRAINT instruments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY price_tracker.kysely_migration_lock
    ADD CONSTRAINT kysely_migration_lock_pkey PRIMARY KEY (id);

ALTER TABLE ONLY price_tracker.kysely_migration
    ADD CONSTRAINT kysely_migration_pkey PRIMARY KEY (name);

ALTER TABLE ONLY price_tracker.leaders
    ADD CONSTRAINT leaders_pkey PRIMARY KEY (name);

ALTER TABLE ONLY price_tracker.listing_deals
    ADD CONSTRAINT listing_deals_pkey PRIMARY KEY (listing_id);

ALTER TABLE ONLY price_tracker.listing_models
    ADD CONSTRAINT listing_models_pkey PRIMARY KEY (listing_id);

ALTER TABLE ONLY price_tracker.listing_photos
    ADD CONSTRAINT listing_photos_pkey PRIMARY KEY (listing_id);

ALTER TABLE ONLY price_tracker.listing_states
    ADD CONSTRAINT listing_states_pkey PRIMARY KEY (id);

ALTER TABLE ONLY price_tracker.listings
    ADD CONSTRAINT listings_identity UNIQUE (source, external_id);

ALTER TABLE ONLY price_tracker.listings
    ADD CONSTRAINT listings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY price_tracker.market_runs
    ADD CONSTRAINT market_runs_pkey PRIMARY KEY (run_id, market);

ALTER TABLE ONLY price_tracker.page_health
    ADD CONSTRAINT page_health_pkey PRIMARY KEY (source, host, page_kind);

ALTER TABLE ONLY price_tracker.poison_messages
    ADD CONSTRAINT poison_messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY price_tracker.poison_messages
    ADD CONSTRAINT poison_messages_queue_message_id_key UNIQUE (queue, message_id);

ALTER TABLE ONLY price_tracker.price_observations
    ADD CONSTRAINT price_observations_pkey PRIMARY KEY (id, observed_at);

ALTER TABLE ONLY price_tracker.price_observations_rest
    ADD CONSTRAINT price_observations_rest_pkey PRIMARY KEY (id, observed_at);

ALTER TABLE ONLY price_tracker.quote_rejections
    ADD CONSTRAINT quote_rejections_pkey PRIMARY KEY (instrument_id);

ALTER TABLE ONLY price_tracker.quote_subscriptions
    ADD CONSTRAINT quote_subscriptions_pkey PRIMARY KEY (instrument_id, feed);

ALTER TABLE ONLY price_tracker.quotes
    ADD CONSTRAINT quotes_pkey PRIMARY KEY (instrument_id);

ALTER TABLE ONLY price_tracker.robots_files
    ADD CONSTRAINT robots_files_pkey PRIMARY KEY (origin);

ALTER TABLE ONLY price_tracker.run_collectors
    ADD CONSTRAINT run_collectors_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY price_tracker.run_counts
    ADD CONSTRAINT run_counts_pkey PRIMARY KEY (run_id, source, host, queue, state, reason);

ALTER TABLE ONLY price_tracker.run_events
    ADD CONSTRAINT run_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY price_tracker.run_markets
    ADD CONSTRAINT run_markets_pkey PRIMARY KEY (run_id, host, queue, market);

ALTER TABLE ONLY price_tracker.run_minutes
    ADD CONSTRAINT run_minutes_pkey PRIMARY KEY (run_id, minute, source, host, queue);

ALTER TABLE ONLY price_tracker.run_outcomes
    ADD CONSTRAINT run_outcomes_pkey PRIMARY KEY (run_id, source, host, queue, outcome, duration_bucket);

ALTER TABLE ONLY price_tracker.run_transitions
    ADD CONSTRAINT run_transitions_pkey PRIMARY KEY (from_state, to_state);

ALTER TABLE ONLY price_tracker.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY price_tracker.search_listings
    ADD CONSTRAINT search_listings_pkey PRIMARY KEY (search_id, listing_id);

ALTER TABLE ONLY price_tracker.search_markets
    ADD CONSTRAINT search_markets_pkey PRIMARY KEY (search_id, market);

ALTER TABLE ONLY price_tracker.searches
    ADD CONSTRAINT searches_pkey PRIMARY KEY (id);

ALTER TABLE ONLY price_tracker.snapshots
    ADD CONSTRAINT snapshots_pkey PRIMARY KEY (id);

ALTER TABLE ONLY price_tracker.sync_schedules
    ADD CONSTRAINT sync_schedules_name_key UNIQUE (name);

ALTER TABLE ONLY price_tracker.sync_schedules
    ADD CONSTRAINT sync_schedules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY price_tracker.sync_status
    ADD CONSTRAINT sync_status_pkey PRIMARY KEY (exchange, symbol, "interval");

ALTER TABLE ONLY price_tracker.target_failures
    ADD CONSTRAINT target_failures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY price_tracker.target_moves
    ADD CONSTRAINT target_moves_pkey PRIMARY KEY (run_id, id);

ALTER TABLE ONLY price_tracker.targets
    ADD CONSTRAINT targets_once_a_run UNIQUE (run_id, source, external_id);

ALTER TABLE ONLY price_tracker.targets
    ADD CONSTRAINT targets_pkey PRIMARY KEY (id);

CREATE INDEX listing_deals_by_deal ON price_tracker.listing_deals USING btree (deal DESC, listing_id DESC) WHERE (deal IS NOT NULL);

CREATE INDEX listing_models_by_model ON price_tracker.listing_models USING btree (model, offer, memory_gb, listing_id) WHERE (model IS NOT NULL);

CREATE INDEX listing_photos_by_band ON price_tracker.listing_photos USING gin (bands);

CREATE INDEX listing_states_of_listing ON price_tracker.listing_states USING btree (listing_id, id DESC);

CREATE INDEX listings_by_amount ON price_tracker.listings USING btree (amount, id) WHERE (amount IS NOT NULL);

CREATE INDEX listings_by_base_amount ON price_tracker.listings USING btree (base_currency, base_amount, id) WHERE (base_amount IS NOT NULL);

CREATE INDEX listings_by_first_seen ON price_tracker.listings USING btree (first_seen_at DESC, id DESC);

CREATE INDEX listings_by_last_seen ON price_tracker.listings USING btree (last_seen_at DESC, id DESC);

CREATE INDEX listings_by_price ON price_tracker.listings USING btree (currency, amount, id);

CREATE INDEX listings_by_words ON price_tracker.listings USING gin (to_tsvector('simple'::regconfig, title));

CREATE INDEX listings_of_group ON price_tracker.listings USING btree (duplicate_group, id) WHERE (duplicate_group IS NOT NULL);

CREATE INDEX listings_over ON price_tracker.listings USING btree (state, first_seen_at DESC, id DESC) WHERE (state <> 'active'::text);

CREATE INDEX listings_pending ON price_tracker.listings USING btree (first_seen_at DESC, id DESC) WHERE (pending_observation_id IS NOT NULL);

CREATE INDEX price_observations_of_listing ON ONLY price_tracker.price_observations USING btree (listing_id, observed_at DESC);

CREATE INDEX price_observations_rest_listing_id_observed_at_idx ON price_tracker.price_observations_rest USING btree (listing_id, observed_at DESC);

CREATE INDEX robots_files_of_host ON price_tracker.robots_files USING btree (host);

CREATE INDEX run_collectors_at_work ON price_tracker.run_collectors USING btree (run_id) WHERE (state = ANY (ARRAY['pending'::text, 'running'::text]));

CREATE INDEX run_events_of_run ON price_tracker.run_events USING btree (run_id, id);

CREATE INDEX run_markets_of_host ON price_tracker.run_markets USING btree (host);

CREATE INDEX runs_active ON price_tracker.runs USING btree (id) WHERE (state = ANY (ARRAY['initializing'::text, 'processing'::text]));

CREATE UNIQUE INDEX runs_one_active_a_search ON price_tracker.runs USING btree (search_id) WHERE (state = ANY (ARRAY['initializing'::text, 'processing'::text, 'paused'::text]));

CREATE INDEX runs_reset ON price_tracker.runs USING btree (id) WHERE (state = 'idle'::text);

CREATE INDEX search_listings_of_listing ON price_tracker.search_listings USING btree (listing_id);

CREATE INDEX searches_due ON price_tracker.searches USING btree (next_run_at) WHERE (enabled AND (next_run_at IS NOT NULL));

CREATE UNIQUE INDEX searches_identity ON price_tracker.searches USING btree (source, COALESCE(term, ''::text), COALESCE(url, ''::text));

CREATE INDEX snapshots_changed ON price_tracker.snapshots USING btree (source, id DESC) WHERE (page_state = 'changed'::text);

CREATE INDEX snapshots_of_file ON price_tracker.snapshots USING btree (sha256) WHERE (pruned_at IS NULL);

CREATE INDEX snapshots_of_listing ON price_tracker.snapshots USING btree (listing_id, fetched_at DESC);

CREATE INDEX snapshots_of_target ON price_tracker.snapshots USING btree (target_id);

CREATE INDEX target_failures_of_target ON price_tracker.target_failures USING btree (target_id, id DESC);

CREATE INDEX targets_dead ON price_tracker.targets USING btree (reason, source, host, finished_at DESC, id) WHERE (state = 'dead'::text);

CREATE INDEX targets_dead_in_order ON price_tracker.targets USING btree (id) WHERE (state = 'dead'::text);

CREATE INDEX targets_failed ON price_tracker.targets USING btree (run_id, finished_at DESC, id DESC) WHERE (state = ANY (ARRAY['failed'::text, 'dead'::text]));

CREATE INDEX targets_in_flight ON price_tracker.targets USING btree (host) WHERE (state = 'running'::text);

CREATE INDEX targets_leased ON price_tracker.targets USING btree (lease_expires_at) WHERE (state = 'running'::text);

CREATE INDEX targets_of_run ON price_tracker.targets USING btree (run_id, state);

CREATE INDEX targets_on_the_belt ON price_tracker.targets USING btree (host, queue) WHERE (state = 'queued'::text);

CREATE INDEX targets_overdue ON price_tracker.targets USING btree (republish_after) WHERE (state = 'queued'::text);

CREATE INDEX targets_pending ON price_tracker.targets USING btree (run_id, host, queue, market, not_before, id) WHERE (state = 'pending'::text);

CREATE UNIQUE INDEX targets_recurring ON price_tracker.targets USING btree (queue, source, external_id) WHERE (run_id IS NULL);

CREATE INDEX targets_recurring_pending ON price_tracker.targets USING btree (host, queue, not_before, id) WHERE ((run_id IS NULL) AND (state = 'pending'::text));

CREATE INDEX targets_to_dead_letter ON price_tracker.targets USING btree (id) WHERE ((state = 'dead'::text) AND (dead_lettered_at IS NULL));

ALTER INDEX price_tracker.bars_pkey ATTACH PARTITION price_tracker.bars_rest_pkey;

ALTER INDEX price_tracker.price_observations_of_listing ATTACH PARTITION price_tracker.price_observations_rest_listing_id_observed_at_idx;

ALTER INDEX price_tracker.price_observations_pkey ATTACH PARTITION price_tracker.price_observations_rest_pkey;

CREATE TRIGGER a_target_stays_in_its_market BEFORE UPDATE OF run_id, source, host, queue ON price_tracker.targets FOR EACH ROW WHEN (((((old.run_id IS DISTINCT FROM new.run_id) OR (old.source IS DISTINCT FROM new.source)) OR (old.host IS DISTINCT FROM new.host)) OR (old.queue IS DISTINCT FROM new.queue))) EXECUTE FUNCTION price_tracker.refuse_another_market();

CREATE TRIGGER changed_states_are_noted AFTER UPDATE ON price_tracker.listings FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION price_tracker.note_listing_state();

CREATE TRIGGER changed_targets_are_counted AFTER UPDATE ON price_tracker.targets REFERENCING OLD TABLE AS old_targets NEW TABLE AS new_targets FOR EACH STATEMENT EXECUTE FUNCTION price_tracker.count_changed_targets();

CREATE TRIGGER deleted_targets_are_counted AFTER DELETE ON price_tracker.targets REFERENCING OLD TABLE AS old_targets FOR EACH STATEMENT EXECUTE FUNCTION price_tracker.count_deleted_targets();

CREATE TRIGGER failures_are_noted AFTER UPDATE OF state ON price_tracker.targets FOR EACH ROW WHEN (((old.state = 'running'::text) AND (new.state = ANY (ARRAY['pending'::text, 'queued'::text, 'failed'::text, 'dead'::text])) AND (new.error_class IS NOT NULL) AND ((new.attempts >= old.attempts) OR (new.error_class = ANY (ARRAY['blocked'::text, 'rate-limited'::text]))))) EXECUTE FUNCTION price_tracker.note_failure();

CREATE TRIGGER first_states_are_noted AFTER INSERT ON price_tracker.listings FOR EACH ROW WHEN ((new.state <> 'active'::text)) EXECUTE FUNCTION price_tracker.note_listing_state();

CREATE TRIGGER listings_keep_their_state BEFORE UPDATE ON price_tracker.listings FOR EACH ROW WHEN ((((((old.last_seen_at IS DISTINCT FROM new.last_seen_at) OR (old.ended IS DISTINCT FROM new.ended)) OR (old.availability IS DISTINCT FROM new.availability)) OR (old.gone_at IS DISTINCT FROM new.gone_at)) OR (old.state_known_by IS DISTINCT FROM new.state_known_by))) EXECUTE FUNCTION price_tracker.keep_listing_state();

CREATE TRIGGER new_listings_have_a_state BEFORE INSERT ON price_tracker.listings FOR EACH ROW EXECUTE FUNCTION price_tracker.keep_listing_state();

CREATE TRIGGER new_targets_are_counted AFTER INSERT ON price_tracker.targets REFERENCING NEW TABLE AS new_targets FOR EACH STATEMENT EXECUTE FUNCTION price_tracker.count_new_targets();

CREATE TRIGGER run_events_are_told AFTER INSERT ON price_tracker.run_events FOR EACH STATEMENT EXECUTE FUNCTION price_tracker.tell_of_run_events();

CREATE TRIGGER runs_set_out AFTER INSERT ON price_tracker.runs FOR EACH ROW EXECUTE FUNCTION price_tracker.set_out_with_markets();

CREATE TRIGGER runs_set_out_again AFTER UPDATE OF state ON price_tracker.runs FOR EACH ROW WHEN (((old.state = 'idle'::text) AND (new.state = 'initializing'::text))) EXECUTE FUNCTION price_tracker.set_out_with_markets();

CREATE TRIGGER runs_who_asked BEFORE UPDATE OF state ON price_tracker.runs FOR EACH ROW WHEN ((new.state = 'processing'::text)) EXECUTE FUNCTION price_tracker.note_who_asked();

CREATE TRIGGER sync_follows_target AFTER UPDATE OF state ON price_tracker.targets FOR EACH ROW WHEN (((new.queue = 'history_sync'::text) AND (new.state IS DISTINCT FROM old.state) AND (new.state <> 'done'::text))) EXECUTE FUNCTION price_tracker.sync_follows_target();

ALTER TABLE ONLY price_tracker.daily_price_marks
    ADD CONSTRAINT daily_price_marks_search_id_fkey FOREIGN KEY (search_id) REFERENCES price_tracker.searches(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.daily_prices
    ADD CONSTRAINT daily_prices_search_id_fkey FOREIGN KEY (search_id) REFERENCES price_tracker.searches(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.filtered_out
    ADD CONSTRAINT filtered_out_run_id_fkey FOREIGN KEY (run_id) REFERENCES price_tracker.runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.listing_deals
    ADD CONSTRAINT listing_deals_listing_id_fkey FOREIGN KEY (listing_id) REFERENCES price_tracker.listings(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.listing_models
    ADD CONSTRAINT listing_models_listing_id_fkey FOREIGN KEY (listing_id) REFERENCES price_tracker.listings(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.listing_photos
    ADD CONSTRAINT listing_photos_listing_id_fkey FOREIGN KEY (listing_id) REFERENCES price_tracker.listings(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.listing_states
    ADD CONSTRAINT listing_states_listing_id_fkey FOREIGN KEY (listing_id) REFERENCES price_tracker.listings(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.market_runs
    ADD CONSTRAINT market_runs_run_id_fkey FOREIGN KEY (run_id) REFERENCES price_tracker.runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.quote_rejections
    ADD CONSTRAINT quote_rejections_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES price_tracker.instruments(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.quote_subscriptions
    ADD CONSTRAINT quote_subscriptions_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES price_tracker.instruments(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.quotes
    ADD CONSTRAINT quotes_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES price_tracker.instruments(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.robots_files
    ADD CONSTRAINT robots_files_host_fkey FOREIGN KEY (host) REFERENCES price_tracker.hosts(host) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.run_collectors
    ADD CONSTRAINT run_collectors_run_id_fkey FOREIGN KEY (run_id) REFERENCES price_tracker.runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.run_counts
    ADD CONSTRAINT run_counts_run_id_fkey FOREIGN KEY (run_id) REFERENCES price_tracker.runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.run_events
    ADD CONSTRAINT run_events_run_id_fkey FOREIGN KEY (run_id) REFERENCES price_tracker.runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.run_markets
    ADD CONSTRAINT run_markets_host_fkey FOREIGN KEY (host) REFERENCES price_tracker.hosts(host);

ALTER TABLE ONLY price_tracker.run_markets
    ADD CONSTRAINT run_markets_run_id_fkey FOREIGN KEY (run_id) REFERENCES price_tracker.runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.run_minutes
    ADD CONSTRAINT run_minutes_run_id_fkey FOREIGN KEY (run_id) REFERENCES price_tracker.runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.run_outcomes
    ADD CONSTRAINT run_outcomes_run_id_fkey FOREIGN KEY (run_id) REFERENCES price_tracker.runs(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.runs
    ADD CONSTRAINT runs_search_id_fkey FOREIGN KEY (search_id) REFERENCES price_tracker.searches(id);

ALTER TABLE ONLY price_tracker.search_listings
    ADD CONSTRAINT search_listings_listing_id_fkey FOREIGN KEY (listing_id) REFERENCES price_tracker.listings(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.search_listings
    ADD CONSTRAINT search_listings_search_id_fkey FOREIGN KEY (search_id) REFERENCES price_tracker.searches(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.search_markets
    ADD CONSTRAINT search_markets_search_id_fkey FOREIGN KEY (search_id) REFERENCES price_tracker.searches(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.snapshots
    ADD CONSTRAINT snapshots_listing_id_fkey FOREIGN KEY (listing_id) REFERENCES price_tracker.listings(id) ON DELETE SET NULL;

ALTER TABLE ONLY price_tracker.snapshots
    ADD CONSTRAINT snapshots_target_id_fkey FOREIGN KEY (target_id) REFERENCES price_tracker.targets(id) ON DELETE SET NULL;

ALTER TABLE ONLY price_tracker.target_failures
    ADD CONSTRAINT target_failures_target_id_fkey FOREIGN KEY (target_id) REFERENCES price_tracker.targets(id) ON DELETE CASCADE;

ALTER TABLE ONLY price_tracker.targets
    ADD CONSTRAINT targets_host_fkey FOREIGN KEY (host) REFERENCES price_tracker.hosts(host);

ALTER TABLE ONLY price_tracker.targets
    ADD CONSTRAINT targets_run_id_fkey FOREIGN KEY (run_id) REFERENCES price_tracker.runs(id) ON DELETE CASCADE;

GRANT USAGE ON SCHEMA price_tracker TO pricefleet_worker;
GRANT USAGE ON SCHEMA price_tracker TO pricefleet_api;
GRANT USAGE ON SCHEMA price_tracker TO pricefleet_asks;

REVOKE ALL ON FUNCTION price_tracker.ask_dead_letter_discard(p_target_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_dead_letter_discard(p_target_id bigint) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_dead_letter_discard(p_target_id bigint) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_dead_letter_retry(p_target_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_dead_letter_retry(p_target_id bigint) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_dead_letter_retry(p_target_id bigint) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_dead_letters_discard(p_filter jsonb, p_after_id bigint, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_dead_letters_discard(p_filter jsonb, p_after_id bigint, p_limit integer) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_dead_letters_discard(p_filter jsonb, p_after_id bigint, p_limit integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_dead_letters_retry(p_filter jsonb, p_after_id bigint, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_dead_letters_retry(p_filter jsonb, p_after_id bigint, p_limit integer) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_dead_letters_retry(p_filter jsonb, p_after_id bigint, p_limit integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_host_change(p_host text, p_change jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_host_change(p_host text, p_change jsonb) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_host_change(p_host text, p_change jsonb) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_instrument(p_instrument jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_instrument(p_instrument jsonb) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_instrument(p_instrument jsonb) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_instrument_change(p_id bigint, p_change jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_instrument_change(p_id bigint, p_change jsonb) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_instrument_change(p_id bigint, p_change jsonb) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_poison_discard(p_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_poison_discard(p_id bigint) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_poison_discard(p_id bigint) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_quote_subscription(p_exchange text, p_symbol text, p_feed text) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_quote_subscription(p_exchange text, p_symbol text, p_feed text) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_quote_subscription(p_exchange text, p_symbol text, p_feed text) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_quote_unsubscription(p_exchange text, p_symbol text, p_feed text) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_quote_unsubscription(p_exchange text, p_symbol text, p_feed text) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_quote_unsubscription(p_exchange text, p_symbol text, p_feed text) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_run(p_search_id bigint, p_max_pages integer, p_enrich_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_run(p_search_id bigint, p_max_pages integer, p_enrich_limit integer) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_run(p_search_id bigint, p_max_pages integer, p_enrich_limit integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_run_interruption(p_run_id bigint, p_on_interruption text) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_run_interruption(p_run_id bigint, p_on_interruption text) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_run_interruption(p_run_id bigint, p_on_interruption text) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_run_reset(p_run_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_run_reset(p_run_id bigint) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_run_reset(p_run_id bigint) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_run_resume(p_run_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_run_resume(p_run_id bigint) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_run_resume(p_run_id bigint) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_run_retry(p_run_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_run_retry(p_run_id bigint) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_run_retry(p_run_id bigint) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_run_start(p_run_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_run_start(p_run_id bigint) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_run_start(p_run_id bigint) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_run_stop(p_run_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_run_stop(p_run_id bigint) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_run_stop(p_run_id bigint) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_search(p_source text, p_term text, p_url text, p_max_pages integer, p_enrich_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_search(p_source text, p_term text, p_url text, p_max_pages integer, p_enrich_limit integer) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_search(p_source text, p_term text, p_url text, p_max_pages integer, p_enrich_limit integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_search_change(p_search_id bigint, p_max_pages integer, p_enrich_limit integer, p_enabled boolean, p_interval_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_search_change(p_search_id bigint, p_max_pages integer, p_enrich_limit integer, p_enabled boolean, p_interval_seconds integer) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_search_change(p_search_id bigint, p_max_pages integer, p_enrich_limit integer, p_enabled boolean, p_interval_seconds integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_search_filter(p_search_id bigint, p_filter jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_search_filter(p_search_id bigint, p_filter jsonb) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_search_filter(p_search_id bigint, p_filter jsonb) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_search_interruption(p_search_id bigint, p_on_interruption text) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_search_interruption(p_search_id bigint, p_on_interruption text) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_search_interruption(p_search_id bigint, p_on_interruption text) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_search_markets(p_search_id bigint, p_label text, p_markets jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_search_markets(p_search_id bigint, p_label text, p_markets jsonb) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_search_markets(p_search_id bigint, p_label text, p_markets jsonb) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_search_of_markets(p_label text, p_markets jsonb, p_max_pages integer, p_enrich_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_search_of_markets(p_label text, p_markets jsonb, p_max_pages integer, p_enrich_limit integer) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_search_of_markets(p_label text, p_markets jsonb, p_max_pages integer, p_enrich_limit integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_search_schedule(p_search_id bigint, p_change jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_search_schedule(p_search_id bigint, p_change jsonb) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_search_schedule(p_search_id bigint, p_change jsonb) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_sync(p_exchange text, p_symbol text, p_interval text, p_n_bars integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_sync(p_exchange text, p_symbol text, p_interval text, p_n_bars integer) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_sync(p_exchange text, p_symbol text, p_interval text, p_n_bars integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_sync_schedule(p_schedule jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_sync_schedule(p_schedule jsonb) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_sync_schedule(p_schedule jsonb) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_sync_schedule_change(p_id bigint, p_change jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_sync_schedule_change(p_id bigint, p_change jsonb) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_sync_schedule_change(p_id bigint, p_change jsonb) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ask_sync_schedule_removal(p_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ask_sync_schedule_removal(p_id bigint) TO pricefleet_api;
GRANT ALL ON FUNCTION price_tracker.ask_sync_schedule_removal(p_id bigint) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.cancel_targets_of_reset_runs() FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.cancel_targets_of_reset_runs() TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.change_run_state(p_run_id bigint, p_to text, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.change_run_state(p_run_id bigint, p_to text, p_reason text) TO pricefleet_worker;
GRANT ALL ON FUNCTION price_tracker.change_run_state(p_run_id bigint, p_to text, p_reason text) TO pricefleet_asks;

REVOKE ALL ON FUNCTION price_tracker.claim_target(p_target_id bigint, p_publish_id integer, p_worker text, p_lease_seconds integer, p_longest_wait_ms integer, p_past_deadline boolean, p_moved_by_hand boolean, p_floor_ms integer, p_slots_ahead integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.claim_target(p_target_id bigint, p_publish_id integer, p_worker text, p_lease_seconds integer, p_longest_wait_ms integer, p_past_deadline boolean, p_moved_by_hand boolean, p_floor_ms integer, p_slots_ahead integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.complete_finished_runs() FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.complete_finished_runs() TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.count_changed_targets() FROM PUBLIC;

REVOKE ALL ON FUNCTION price_tracker.count_deleted_targets() FROM PUBLIC;

REVOKE ALL ON FUNCTION price_tracker.count_misses(p_run_id bigint, p_gone_after integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.count_misses(p_run_id bigint, p_gone_after integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.count_new_targets() FROM PUBLIC;

REVOKE ALL ON FUNCTION price_tracker.doubt_beside_peers(p_amount numeric, p_peers jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.doubt_beside_peers(p_amount numeric, p_peers jsonb) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.doubt_of_price(p_known numeric, p_known_currency text, p_amount numeric, p_currency text, p_is_auction boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.doubt_of_price(p_known numeric, p_known_currency text, p_amount numeric, p_currency text, p_is_auction boolean) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.ensure_monthly_partitions(months_ahead integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.ensure_monthly_partitions(months_ahead integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.finish_filtered_out(p_target_id bigint, p_lease_token uuid, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.finish_filtered_out(p_target_id bigint, p_lease_token uuid, p_reason text) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.finish_listing(p_target_id bigint, p_lease_token uuid, p_sighting jsonb, p_snapshot jsonb, p_second_look_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.finish_listing(p_target_id bigint, p_lease_token uuid, p_sighting jsonb, p_snapshot jsonb, p_second_look_seconds integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.fold_target_moves(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.fold_target_moves(p_limit integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.give_up_blocked_hosts(p_after_hours integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.give_up_blocked_hosts(p_after_hours integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.group_listings(p_listing_ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.group_listings(p_listing_ids bigint[]) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.judge_layouts(p_half_life integer, p_bound double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.judge_layouts(p_half_life integer, p_bound double precision) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.judge_odd_prices(p_odd jsonb, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.judge_odd_prices(p_odd jsonb, p_now timestamp with time zone) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.keep_listing_state() FROM PUBLIC;

REVOKE ALL ON FUNCTION price_tracker.keep_photo(p_listing_id bigint, p_url text, p_hash bigint, p_bands integer[], p_failure text, p_distance integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.keep_photo(p_listing_id bigint, p_url text, p_hash bigint, p_bands integer[], p_failure text, p_distance integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.note_block(p_host text, p_reason text, p_asked_for_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.note_block(p_host text, p_reason text, p_asked_for_ms bigint) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.note_failure() FROM PUBLIC;

REVOKE ALL ON FUNCTION price_tracker.note_good_page(p_host text, p_learned_mode text) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.note_good_page(p_host text, p_learned_mode text) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.note_listing_state() FROM PUBLIC;

REVOKE ALL ON FUNCTION price_tracker.note_models(p_matches jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.note_models(p_matches jsonb) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.note_who_asked() FROM PUBLIC;

REVOKE ALL ON FUNCTION price_tracker.refuse_another_market() FROM PUBLIC;

REVOKE ALL ON FUNCTION price_tracker.reopen_run(p_run_id bigint, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.reopen_run(p_run_id bigint, p_reason text) TO pricefleet_worker;
GRANT ALL ON FUNCTION price_tracker.reopen_run(p_run_id bigint, p_reason text) TO pricefleet_asks;

REVOKE ALL ON FUNCTION price_tracker.reread_snapshot(p_snapshot_id bigint, p_sighting jsonb, p_apply boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.reread_snapshot(p_snapshot_id bigint, p_sighting jsonb, p_apply boolean) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.set_out_with_markets() FROM PUBLIC;

REVOKE ALL ON FUNCTION price_tracker.settle_lost_collectors() FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.settle_lost_collectors() TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.slow_host_down(p_host text) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.slow_host_down(p_host text) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.start_scheduled_run(p_search_id bigint, p_next_run_at timestamp with time zone, p_paused_run_blocks_hours integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.start_scheduled_run(p_search_id bigint, p_next_run_at timestamp with time zone, p_paused_run_blocks_hours integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.store_sightings(p_sightings jsonb, p_fresh_for_hours integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.store_sightings(p_sightings jsonb, p_fresh_for_hours integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.sync_follows_target() FROM PUBLIC;

REVOKE ALL ON FUNCTION price_tracker.take_due_targets(p_limit integer, p_longest_belt integer, p_republish_after_seconds integer) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.take_due_targets(p_limit integer, p_longest_belt integer, p_republish_after_seconds integer) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.take_slot(p_host text, p_not_before timestamp with time zone, p_longest_wait_ms integer, p_slots_ahead integer, p_floor_ms integer, p_hold_seconds integer, p_limits_in_flight boolean, p_is_probe boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.take_slot(p_host text, p_not_before timestamp with time zone, p_longest_wait_ms integer, p_slots_ahead integer, p_floor_ms integer, p_hold_seconds integer, p_limits_in_flight boolean, p_is_probe boolean) TO pricefleet_worker;

REVOKE ALL ON FUNCTION price_tracker.tell_of_run_events() FROM PUBLIC;

REVOKE ALL ON FUNCTION price_tracker.wake_targets_of(p_host text) FROM PUBLIC;
GRANT ALL ON FUNCTION price_tracker.wake_targets_of(p_host text) TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.bar_gaps TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.bar_gaps TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.bars TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.bars TO pricefleet_api;
GRANT SELECT ON TABLE price_tracker.bars TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.bars_rest TO pricefleet_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.benchmark_scores TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.benchmark_scores TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.daily_outcomes TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.daily_outcomes TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.target_moves TO pricefleet_worker;
GRANT INSERT ON TABLE price_tracker.target_moves TO pricefleet_asks;
GRANT SELECT ON TABLE price_tracker.target_moves TO pricefleet_api;

GRANT SELECT ON TABLE price_tracker.daily_outcomes_now TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.daily_outcomes_now TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.daily_price_marks TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.daily_price_marks TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.daily_prices TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.daily_prices TO pricefleet_api;

GRANT USAGE ON SEQUENCE price_tracker.duplicate_groups TO pricefleet_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.filtered_out TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.filtered_out TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.hosts TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.hosts TO pricefleet_api;
GRANT SELECT,INSERT,UPDATE ON TABLE price_tracker.hosts TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.instruments TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.instruments TO pricefleet_api;
GRANT SELECT,INSERT,UPDATE ON TABLE price_tracker.instruments TO pricefleet_asks;

GRANT USAGE ON SEQUENCE price_tracker.instruments_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.instruments_id_seq TO pricefleet_asks;

GRANT SELECT ON TABLE price_tracker.kysely_migration TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.kysely_migration TO pricefleet_api;

GRANT SELECT ON TABLE price_tracker.kysely_migration_lock TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.kysely_migration_lock TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.leaders TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.leaders TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.listing_deals TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.listing_deals TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.listing_models TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.listing_models TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.listing_photos TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.listing_photos TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.listing_states TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.listing_states TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.listings TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.listings TO pricefleet_api;

GRANT USAGE ON SEQUENCE price_tracker.listings_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.listings_id_seq TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.market_runs TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.market_runs TO pricefleet_api;
GRANT SELECT,INSERT,DELETE ON TABLE price_tracker.market_runs TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.page_health TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.page_health TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.poison_messages TO pricefleet_worker;
GRANT SELECT,UPDATE ON TABLE price_tracker.poison_messages TO pricefleet_asks;
GRANT SELECT ON TABLE price_tracker.poison_messages TO pricefleet_api;

GRANT USAGE ON SEQUENCE price_tracker.poison_messages_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.poison_messages_id_seq TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.price_observations TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.price_observations TO pricefleet_api;

GRANT USAGE ON SEQUENCE price_tracker.price_observations_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.price_observations_id_seq TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.price_observations_rest TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.price_observations_rest TO pricefleet_api;

GRANT USAGE ON SEQUENCE price_tracker.quote_ids TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.quote_ids TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.quote_rejections TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.quote_rejections TO pricefleet_api;
GRANT SELECT ON TABLE price_tracker.quote_rejections TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.quote_subscriptions TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.quote_subscriptions TO pricefleet_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.quote_subscriptions TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.quotes TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.quotes TO pricefleet_api;
GRANT SELECT ON TABLE price_tracker.quotes TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.robots_files TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.robots_files TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.run_collectors TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.run_collectors TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.run_counts TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.run_counts TO pricefleet_api;

GRANT SELECT ON TABLE price_tracker.run_counts_now TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.run_counts_now TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.runs TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.runs TO pricefleet_api;
GRANT SELECT,INSERT,UPDATE ON TABLE price_tracker.runs TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.targets TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.targets TO pricefleet_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.targets TO pricefleet_asks;

GRANT SELECT ON TABLE price_tracker.run_count_differences TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.run_count_differences TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.run_events TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.run_events TO pricefleet_api;
GRANT SELECT,INSERT ON TABLE price_tracker.run_events TO pricefleet_asks;

GRANT USAGE ON SEQUENCE price_tracker.run_events_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.run_events_id_seq TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.run_markets TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.run_markets TO pricefleet_api;
GRANT SELECT ON TABLE price_tracker.run_markets TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.run_minutes TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.run_minutes TO pricefleet_api;

GRANT SELECT ON TABLE price_tracker.run_minutes_now TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.run_minutes_now TO pricefleet_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.run_outcomes TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.run_outcomes TO pricefleet_api;

GRANT SELECT ON TABLE price_tracker.run_outcomes_now TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.run_outcomes_now TO pricefleet_api;

GRANT SELECT ON TABLE price_tracker.run_transitions TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.run_transitions TO pricefleet_api;
GRANT SELECT ON TABLE price_tracker.run_transitions TO pricefleet_asks;

GRANT USAGE ON SEQUENCE price_tracker.runs_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.runs_id_seq TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.search_listings TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.search_listings TO pricefleet_api;
GRANT SELECT,UPDATE ON TABLE price_tracker.search_listings TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.search_markets TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.search_markets TO pricefleet_api;
GRANT SELECT,INSERT,DELETE ON TABLE price_tracker.search_markets TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.searches TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.searches TO pricefleet_api;
GRANT SELECT,INSERT,UPDATE ON TABLE price_tracker.searches TO pricefleet_asks;

GRANT USAGE ON SEQUENCE price_tracker.searches_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.searches_id_seq TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.snapshots TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.snapshots TO pricefleet_api;

GRANT USAGE ON SEQUENCE price_tracker.snapshots_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.snapshots_id_seq TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.sync_schedules TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.sync_schedules TO pricefleet_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.sync_schedules TO pricefleet_asks;

GRANT USAGE ON SEQUENCE price_tracker.sync_schedules_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.sync_schedules_id_seq TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.sync_status TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.sync_status TO pricefleet_api;
GRANT SELECT,INSERT,UPDATE ON TABLE price_tracker.sync_status TO pricefleet_asks;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE price_tracker.target_failures TO pricefleet_worker;
GRANT SELECT ON TABLE price_tracker.target_failures TO pricefleet_api;

GRANT USAGE ON SEQUENCE price_tracker.target_failures_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.target_failures_id_seq TO pricefleet_asks;

GRANT USAGE ON SEQUENCE price_tracker.target_moves_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.target_moves_id_seq TO pricefleet_asks;

GRANT USAGE ON SEQUENCE price_tracker.targets_id_seq TO pricefleet_worker;
GRANT USAGE ON SEQUENCE price_tracker.targets_id_seq TO pricefleet_asks;
