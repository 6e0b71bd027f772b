import { type Kysely, sql } from "kysely";

/**
 * Counted at the moment when all pages of a run are read. What a search's filter leaves out was shown by the site, too:
 * without it no filtered search would be read to its end.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await countMisses.execute(db);
  await sql`REVOKE ALL ON FUNCTION price_tracker.count_misses(bigint, integer) FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.count_misses TO pricefleet_worker`.execute(db);
}

/** 500: a run looks again at no more, or a broken search would cost a site thousands of pages. */
const countMisses = sql`
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
    END $$`;
