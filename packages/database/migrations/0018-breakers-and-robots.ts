import { type Kysely, sql } from "kysely";

/**
 * What a host's answers do to its clock and its circuit breaker, the robots.txt that the fleet shares, and what a person
 * may change of a host.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.robots_files (
      origin text PRIMARY KEY,
      host text NOT NULL REFERENCES price_tracker.hosts ON DELETE CASCADE,
      state text NOT NULL CHECK (state IN ('unknown', 'found', 'absent', 'unreachable')),
      body text,
      detail text,
      fetched_at timestamptz,
      expires_at timestamptz NOT NULL DEFAULT '-infinity',
      fetching_until timestamptz
    )`.execute(db);
  await sql`CREATE INDEX robots_files_of_host ON price_tracker.robots_files (host)`.execute(db);
  await sql`GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.robots_files TO pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT SELECT ON price_tracker.robots_files TO pricefleet_api`.execute(db);
  await sql`CREATE INDEX run_markets_of_host ON price_tracker.run_markets (host)`.execute(db);

  // At most 16 times the configured delay, 60 s if that is not more; sixteen workers at one wall slow it down once.
  await sql`
    CREATE FUNCTION price_tracker.slow_host_down(p_host text) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
      UPDATE hosts
         SET slowed_delay_ms = least(greatest(current_delay_ms, 250) * 2,
                                     greatest(current_delay_ms, least(60000, greatest(min_delay_ms, 250) * 16))),
             slowed_at = clock_timestamp(), good_pages_since_slowed = 0
       WHERE host = p_host
         AND (slowed_at IS NULL OR slowed_at < clock_timestamp() - interval '5 seconds'
              OR slowed_delay_ms IS NULL)
    $$`.execute(db);

  await sql`
    CREATE FUNCTION price_tracker.note_block(p_host text, p_reason text, p_asked_for_ms bigint) RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
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
    END $$`.execute(db);

  // Called with every finish: it writes only when there is something to write, for a busy host's row is hot.
  await sql`
    CREATE FUNCTION price_tracker.note_good_page(p_host text, p_learned_mode text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
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
    END $$`.execute(db);

  await sql`
    CREATE FUNCTION price_tracker.give_up_blocked_hosts(p_after_hours integer) RETURNS TABLE (host text, given_up integer)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
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
    END $$`.execute(db);

  // Those that wait for the host come at once: the pending are due, the queued are published again.
  await sql`
    CREATE FUNCTION price_tracker.wake_targets_of(p_host text) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
      UPDATE targets t
         SET not_before = now(), republish_after = CASE WHEN t.state = 'queued' THEN now() END
        FROM run_markets m JOIN runs r ON r.id = m.run_id AND r.state IN ('initializing', 'processing', 'paused')
       WHERE m.host = p_host AND t.run_id = m.run_id AND t.host = m.host AND t.queue = m.queue
         AND t.state IN ('pending', 'queued') AND t.not_before > now()
         AND (t.error_class IS NULL OR t.error_class IN ('blocked', 'rate-limited'))
    $$`.execute(db);

  await sql`
    CREATE FUNCTION price_tracker.ask_host_change(p_host text, p_change jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp AS $$
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
    END $$`.execute(db);

  await sql`DROP FUNCTION price_tracker.ask_host_limits`.execute(db);
  await sql`
    REVOKE EXECUTE ON FUNCTION price_tracker.slow_host_down, price_tracker.note_block, price_tracker.note_good_page,
      price_tracker.give_up_blocked_hosts, price_tracker.wake_targets_of, price_tracker.ask_host_change FROM PUBLIC`.execute(
    db,
  );
  await sql`
    GRANT EXECUTE ON FUNCTION price_tracker.slow_host_down, price_tracker.note_block, price_tracker.note_good_page,
      price_tracker.give_up_blocked_hosts TO pricefleet_worker`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.wake_targets_of TO pricefleet_asks`.execute(db);
  await sql`GRANT SELECT ON price_tracker.run_markets TO pricefleet_asks`.execute(db);
  // Changing a function's owner needs CREATE on the schema for the new owner, for that moment only.
  await sql`GRANT CREATE ON SCHEMA price_tracker TO pricefleet_asks`.execute(db);
  await sql`ALTER FUNCTION price_tracker.ask_host_change OWNER TO pricefleet_asks`.execute(db);
  await sql`REVOKE CREATE ON SCHEMA price_tracker FROM pricefleet_asks`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.ask_host_change FROM PUBLIC`.execute(db);
  await sql`
    GRANT EXECUTE ON FUNCTION price_tracker.ask_host_change TO pricefleet_api, pricefleet_worker`.execute(db);
}
