import { type Kysely, sql } from "kysely";

/**
 * A run may cover several markets: a list of searches at one or more sources. Each has its own pages, its own targets
 * and its own share of what is in flight, and none waits for another.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.search_markets (
      search_id bigint NOT NULL REFERENCES price_tracker.searches ON DELETE CASCADE,
      market integer NOT NULL CHECK (market > 0),
      source text NOT NULL,
      term text,
      url text,
      max_pages integer NOT NULL DEFAULT 0 CHECK (max_pages >= 0),
      enrich_limit integer NOT NULL DEFAULT 0 CHECK (enrich_limit >= 0),
      at_once integer CHECK (at_once > 0),
      PRIMARY KEY (search_id, market),
      CONSTRAINT a_market_is_words_or_an_address CHECK (num_nonnulls(term, url) = 1)
    )`.execute(db);
  await sql`
    COMMENT ON TABLE price_tracker.search_markets IS 'of a search of source several; any other search is its own only market'`.execute(
    db,
  );
  await sql`
    CREATE TABLE price_tracker.market_runs (
      run_id bigint NOT NULL REFERENCES price_tracker.runs ON DELETE CASCADE,
      market integer NOT NULL,
      source text NOT NULL,
      term text,
      url text,
      max_pages integer NOT NULL,
      enrich_limit integer NOT NULL,
      at_once integer,
      next_page integer NOT NULL DEFAULT 1,
      next_url text,
      pages_read integer NOT NULL DEFAULT 0,
      total_results integer,
      found integer NOT NULL DEFAULT 0,
      confirmed integer NOT NULL DEFAULT 0,
      collected_at timestamptz,
      error text,
      PRIMARY KEY (run_id, market)
    )`.execute(db);
  await sql`
    COMMENT ON TABLE price_tracker.market_runs IS 'how far the pages of each market of a run are read'`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.market_runs.next_url IS 'where the last page said that the next one is; null: the source knows by the number'`.execute(
    db,
  );
  await sql`
    COMMENT ON COLUMN price_tracker.market_runs.at_once IS 'at most so many of its targets are published or in hand; null: as many as its hosts allow'`.execute(
    db,
  );
  await sql`ALTER TABLE price_tracker.targets ADD COLUMN market integer NOT NULL DEFAULT 1`.execute(db);
  await sql`
    ALTER TABLE price_tracker.run_markets ADD COLUMN market integer NOT NULL DEFAULT 1,
      DROP CONSTRAINT run_markets_pkey, ADD PRIMARY KEY (run_id, host, queue, market)`.execute(db);
  await sql`DROP INDEX price_tracker.targets_pending`.execute(db);
  await sql`
    CREATE INDEX targets_pending ON price_tracker.targets (run_id, host, queue, market, not_before, id)
      WHERE state = 'pending'`.execute(db);
  await sql`
    GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.search_markets, price_tracker.market_runs TO pricefleet_worker`.execute(
    db,
  );
  await sql`GRANT SELECT ON price_tracker.search_markets, price_tracker.market_runs TO pricefleet_api`.execute(
    db,
  );
  await sql`GRANT SELECT, INSERT, DELETE ON price_tracker.search_markets TO pricefleet_asks`.execute(db);
  await sql`GRANT SELECT, INSERT, DELETE ON price_tracker.market_runs TO pricefleet_asks`.execute(db);

  await setOutWithMarkets(db);
  await sql`
    INSERT INTO price_tracker.market_runs (run_id, market, source, term, url, max_pages, enrich_limit, next_page, pages_read,
           total_results, found, confirmed, collected_at)
    SELECT r.id, 1, s.source, s.term, s.url, r.max_pages, r.enrich_limit, r.next_page, r.pages_read, r.total_results,
           r.found, r.confirmed, r.collected_at
      FROM price_tracker.runs r JOIN price_tracker.searches s ON s.id = r.search_id`.execute(db);
  await makeAskSeveral(db);
  await takeDueTargetsByMarket(db);
}

/** Whoever starts a run, by whatever way, starts all of its markets; started again after a reset, it reads all anew. */
async function setOutWithMarkets(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE FUNCTION price_tracker.set_out_with_markets() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, price_tracker, pg_temp AS $$
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
    END $$`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.set_out_with_markets FROM PUBLIC`.execute(db);
  await sql`
    CREATE TRIGGER runs_set_out AFTER INSERT ON price_tracker.runs
      FOR EACH ROW EXECUTE FUNCTION price_tracker.set_out_with_markets()`.execute(db);
  await sql`
    CREATE TRIGGER runs_set_out_again AFTER UPDATE OF state ON price_tracker.runs
      FOR EACH ROW WHEN (OLD.state = 'idle' AND NEW.state = 'initializing')
      EXECUTE FUNCTION price_tracker.set_out_with_markets()`.execute(db);
}

/** The same list again is the same search; its limits are the ones given last. */
async function makeAskSeveral(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE FUNCTION price_tracker.ask_search_of_markets(p_label text, p_markets jsonb, p_max_pages integer, p_enrich_limit integer)
    RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp AS $$
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
    END $$`.execute(db);
  await sql`GRANT CREATE ON SCHEMA price_tracker TO pricefleet_asks`.execute(db);
  await sql`ALTER FUNCTION price_tracker.ask_search_of_markets OWNER TO pricefleet_asks`.execute(db);
  await sql`REVOKE CREATE ON SCHEMA price_tracker FROM pricefleet_asks`.execute(db);
  await sql`REVOKE EXECUTE ON FUNCTION price_tracker.ask_search_of_markets FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.ask_search_of_markets TO pricefleet_api, pricefleet_worker`.execute(
    db,
  );
}

/** As in 0013, but that markets take turns at a host as runs do, and none has more on the belt and in hand than its share. */
async function takeDueTargetsByMarket(db: Kysely<unknown>): Promise<void> {
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
               least(p_longest_belt, greatest(32, 600000 / greatest(h.min_delay_ms, 1))) - coalesce(belt.length, 0) AS room,
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
