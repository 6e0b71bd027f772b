import { type Kysely, sql } from "kysely";

/**
 * Ten minutes' pace is that of now: a host that asked for patience, by its answers or by a Crawl-delay, is slower than it is
 * configured to be, and what is on its belt beyond that would come round again and again without being claimed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // As it stood, but for current_delay_ms.
  await sql`
    CREATE OR REPLACE FUNCTION price_tracker.take_due_targets(p_limit integer, p_longest_belt integer, p_republish_after_seconds integer) RETURNS TABLE(target_id bigint, publish_id integer, run_id bigint, queue text, source text, host text, url text, attempts integer, turn bigint)
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
        END $$`.execute(db);
}
