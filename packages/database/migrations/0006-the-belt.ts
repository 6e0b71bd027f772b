import { type Kysely, sql } from "kysely";

/** What puts targets onto the belt: the turns of hosts and runs, and how long each host's belt may be. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE FUNCTION price_tracker.take_due_targets(
      p_limit integer, p_longest_belt integer, p_republish_after_seconds integer)
    RETURNS TABLE (
      target_id bigint, publish_id integer, run_id bigint, queue text, source text, host text, url text,
      attempts integer, turn bigint)
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    #variable_conflict use_column
    DECLARE
      v_run_ids bigint[];
      v_hosts text[];
      v_queues text[];
      v_rooms bigint[];
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
        SELECT m.run_id, m.host, m.queue, count(*) OVER (PARTITION BY m.host, m.queue) AS runs_at_host,
               least(p_longest_belt, greatest(32, 600000 / greatest(h.min_delay_ms, 1))) - coalesce(belt.length, 0) AS room
          FROM run_markets m
          JOIN runs r ON r.id = m.run_id AND r.state IN ('initializing', 'processing')
          JOIN hosts h ON h.host = m.host AND (h.closed_until IS NULL OR h.closed_until < now() + interval '5 minutes')
          LEFT JOIN belt ON belt.host = m.host AND belt.queue = m.queue
      )
      SELECT array_agg(run_id), array_agg(host), array_agg(queue), array_agg(room), array_agg(runs_at_host),
             ceil(p_limit::numeric / count(DISTINCT (host, queue))), p_limit * max(runs_at_host)
        INTO v_run_ids, v_hosts, v_queues, v_rooms, v_runs_at_host, v_share, v_largest_share
        FROM market WHERE room > 0 HAVING count(*) > 0;

      -- Each host is asked for its share first. Only while that is not enough, because some have little, are they asked
      -- for more: so a take reads about as much as it takes, however much is pending.
      WHILE v_share IS NOT NULL LOOP
        WITH due AS (
          SELECT p.id, m.host, m.queue, m.room,
                 row_number() OVER (PARTITION BY m.run_id, m.host, m.queue ORDER BY p.not_before, p.id) AS turn_in_run
            FROM unnest(v_run_ids, v_hosts, v_queues, v_rooms, v_runs_at_host) AS m (run_id, host, queue, room, runs_at_host)
            CROSS JOIN LATERAL (
              SELECT t.id, t.not_before FROM targets t
               WHERE t.run_id = m.run_id AND t.host = m.host AND t.queue = m.queue AND t.state = 'pending'
                 AND t.not_before <= now()
               ORDER BY t.not_before, t.id
               LIMIT least(m.room, p_limit, ceil(v_share::numeric / m.runs_at_host))
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
    END $$`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.take_due_targets FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.take_due_targets TO pricefleet_worker`.execute(db);
}
