import { type Kysely, sql } from "kysely";

/**
 * The claim: one call decides whether a delivered target may be worked on now, and if so hands out the lease and
 * the host's slot together, so that the whole fleet keeps one clock for each host.
 *
 * Outcomes: `claimed` (wait wait_ms, then fetch), `later` (deliver again in wait_ms), `returned` (the row is pending
 * again, the publisher will find it), `ignored` (an old publish, finished, cancelled, or in another's hands).
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE FUNCTION price_tracker.claim_target(
      p_target_id bigint, p_publish_id integer, p_worker text, p_lease_seconds integer,
      p_longest_wait_ms integer, p_past_deadline boolean, p_moved_by_hand boolean)
    RETURNS TABLE (
      outcome text, why text, wait_ms integer, lease_token uuid, attempt integer, run_id bigint,
      queue text, source text, host text, external_id text, url text, fetch_mode text)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
    DECLARE
      t targets%ROWTYPE;
      h hosts%ROWTYPE;
      v_now timestamptz;
      v_run_state text;
      v_slot timestamptz;
      v_in_flight integer;
    BEGIN
      -- A claim that is lost in a crash only costs a lease's time; the fsync is saved for finishes.
      PERFORM set_config('synchronous_commit', 'off', true);

      SELECT * INTO t FROM targets WHERE id = p_target_id FOR UPDATE;
      -- After the lock: a claim that had to wait for it must not hand out a slot in the past.
      v_now := clock_timestamp();

      IF NOT FOUND THEN
        RETURN QUERY SELECT 'ignored', 'no such target', 0, NULL::uuid, 0, NULL::bigint, NULL, NULL, NULL, NULL, NULL, NULL;
        RETURN;
      END IF;
      outcome := 'ignored'; wait_ms := 0; attempt := t.attempts; run_id := t.run_id; queue := t.queue;
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

      SELECT * INTO h FROM hosts WHERE hosts.host = t.host FOR UPDATE;
      v_now := clock_timestamp();
      v_slot := greatest(h.next_slot_at, t.not_before, h.closed_until, v_now);
      IF v_slot <= v_now + make_interval(secs => p_longest_wait_ms / 1000.0) THEN
        SELECT count(*) INTO v_in_flight FROM targets o WHERE o.host = t.host AND o.state = 'running';
        IF v_in_flight >= h.max_in_flight THEN
          v_slot := v_now + interval '1 second';
          why := 'the host has as many requests in flight as it may';
        ELSE
          UPDATE hosts SET next_slot_at = v_slot + make_interval(secs => h.min_delay_ms / 1000.0) WHERE hosts.host = t.host;
          UPDATE targets SET state = 'running', attempts = attempts + 1, lease_token = gen_random_uuid(),
                 lease_expires_at = v_slot + make_interval(secs => p_lease_seconds), worker = p_worker,
                 started_at = v_now, republish_after = NULL
           WHERE id = t.id RETURNING targets.lease_token, attempts INTO lease_token, attempt;
          outcome := 'claimed'; fetch_mode := h.fetch_mode;
          wait_ms := ceil(extract(epoch FROM v_slot - v_now) * 1000);
          RETURN NEXT; RETURN;
        END IF;
      ELSE
        why := CASE WHEN h.closed_until = v_slot THEN 'the host is closed: ' || coalesce(h.closed_reason, 'unknown')
                    WHEN t.not_before = v_slot THEN 'the target has to wait'
                    ELSE 'the host''s next slot is far' END;
        -- Those behind a far slot come back spread out over the time it takes to serve them, not all at its start.
        IF t.not_before <> v_slot THEN
          v_slot := v_slot + make_interval(secs => random() * least(60,
            (SELECT count(*) FROM targets o WHERE o.host = t.host AND o.queue = t.queue AND o.state = 'queued')
            * h.min_delay_ms / 1000.0));
        END IF;
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
}
