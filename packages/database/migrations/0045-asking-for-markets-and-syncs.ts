import { type Kysely, sql } from "kysely";

/** How a person changes the markets of a search, and makes, changes and removes schedules of history. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`GRANT INSERT, UPDATE, DELETE ON price_tracker.sync_schedules TO pricefleet_asks`.execute(db);
  await sql`GRANT CREATE ON SCHEMA price_tracker TO pricefleet_asks`.execute(db);
  for (const { signature, body } of askingFunctions) {
    const name = sql.raw(`price_tracker.${signature.slice(0, signature.indexOf("("))}`);
    await sql`${sql.raw(`
      CREATE FUNCTION price_tracker.${signature}
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp AS $$ ${body} $$`)}`.execute(
      db,
    );
    await sql`ALTER FUNCTION ${name} OWNER TO pricefleet_asks`.execute(db);
    await sql`REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`.execute(db);
    await sql`GRANT EXECUTE ON FUNCTION ${name} TO pricefleet_api, pricefleet_worker`.execute(db);
  }
  await sql`REVOKE CREATE ON SCHEMA price_tracker FROM pricefleet_asks`.execute(db);
}

const askingFunctions = [
  {
    // A search over markets is known by its list, so its label changes with it. A run under way keeps the list it set out with.
    signature: `ask_search_markets(p_search_id bigint, p_label text, p_markets jsonb) RETURNS void`,
    body: `
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
      END`,
  },
  {
    // The keys are columns; those that are not given take the table's defaults.
    signature: `ask_sync_schedule(p_schedule jsonb) RETURNS bigint`,
    body: `
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
      END`,
  },
  {
    // What is not given stays; null clears.
    signature: `ask_sync_schedule_change(p_id bigint, p_change jsonb) RETURNS void`,
    body: `
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
      END`,
  },
  {
    signature: `ask_sync_schedule_removal(p_id bigint) RETURNS void`,
    body: `
      BEGIN
        DELETE FROM sync_schedules WHERE id = p_id;
        IF NOT FOUND THEN RAISE EXCEPTION 'schedule % does not exist', p_id USING ERRCODE = 'PF404'; END IF;
      END`,
  },
] as const;
