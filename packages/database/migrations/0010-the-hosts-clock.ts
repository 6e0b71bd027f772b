import { type Kysely, sql } from "kysely";

/**
 * The clock of each host, for the whole fleet: what was configured stands apart from what holds now. One function hands
 * out slots, to claims and to whoever fetches without a target. docs/decisions/politeness.md tells the rules.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE price_tracker.hosts
      ADD COLUMN crawl_delay_ms integer CHECK (crawl_delay_ms >= 0),
      ADD COLUMN slowed_delay_ms integer CHECK (slowed_delay_ms >= 0),
      ADD COLUMN slowed_at timestamptz,
      ADD COLUMN good_pages_since_slowed integer NOT NULL DEFAULT 0,
      ADD COLUMN current_delay_ms integer NOT NULL
        GENERATED ALWAYS AS (greatest(min_delay_ms, crawl_delay_ms, slowed_delay_ms)) STORED,
      ADD COLUMN daily_budget integer CHECK (daily_budget > 0),
      ADD COLUMN requests_day date,
      ADD COLUMN requests_today integer NOT NULL DEFAULT 0,
      ADD COLUMN breaker text NOT NULL DEFAULT 'closed' CHECK (breaker IN ('closed', 'open', 'half-open')),
      ADD COLUMN breaker_since timestamptz NOT NULL DEFAULT now(),
      ADD COLUMN blocks_to_open integer NOT NULL DEFAULT 3 CHECK (blocks_to_open > 0),
      ADD COLUMN consecutive_blocks integer NOT NULL DEFAULT 0,
      ADD COLUMN blocked_since timestamptz,
      ADD COLUMN probe_until timestamptz,
      ADD COLUMN fetch_mode_at timestamptz NOT NULL DEFAULT now()`.execute(db);
  await sql`
    ALTER TABLE price_tracker.targets ADD COLUMN walls_met integer NOT NULL DEFAULT 0`.execute(db);
  for (const [column, meaning] of comments) {
    await sql`COMMENT ON COLUMN ${sql.ref(`price_tracker.${column}`)} IS ${sql.lit(meaning)}`.execute(db);
  }

  await sql`
    CREATE FUNCTION price_tracker.take_slot(
      p_host text, p_not_before timestamptz, p_longest_wait_ms integer, p_slots_ahead integer, p_floor_ms integer,
      p_hold_seconds integer,
      p_limits_in_flight boolean, p_is_probe boolean)
    RETURNS TABLE (granted boolean, slot timestamptz, why text, delay_ms integer, fetch_mode text, is_probe boolean)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
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
    END $$`.execute(db);

  // The new parameter has a default, so that a worker of the version before goes on while the fleet is brought up to date.
  await sql`DROP FUNCTION price_tracker.claim_target`.execute(db);
  await sql`
    CREATE FUNCTION price_tracker.claim_target(
      p_target_id bigint, p_publish_id integer, p_worker text, p_lease_seconds integer,
      p_longest_wait_ms integer, p_past_deadline boolean, p_moved_by_hand boolean, p_floor_ms integer DEFAULT 0,
      p_slots_ahead integer DEFAULT NULL)
    RETURNS TABLE (
      outcome text, why text, wait_ms integer, lease_token uuid, attempt integer, run_id bigint,
      queue text, source text, host text, external_id text, url text, fetch_mode text,
      delay_ms integer, is_probe boolean, walls_met integer)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
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
    END $$`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.take_slot, price_tracker.claim_target FROM PUBLIC`.execute(
    db,
  );
  await sql`
    GRANT EXECUTE ON FUNCTION price_tracker.take_slot, price_tracker.claim_target TO pricefleet_worker`.execute(
    db,
  );
}

const comments = [
  ["hosts.min_delay_ms", "configured; current_delay_ms is what holds now"],
  ["hosts.crawl_delay_ms", "what its robots.txt asks for"],
  ["hosts.slowed_delay_ms", "raised by 429, 403 and 503, lowered again by good pages; null: not slowed"],
  ["hosts.daily_budget", "requests a day, UTC; null: no bound"],
  ["hosts.breaker", "closed: requests pass; open: none before closed_until; half-open: one finds out"],
  ["hosts.blocked_since", "the first opening since the last good page"],
  ["hosts.probe_until", "half-open: until then one request is out to try"],
  ["hosts.fetch_mode_at", "when fetch_mode was learned, or last tried again"],
  ["targets.walls_met", "attempts that met a wall or a rate limit, which are given back"],
] as const;
