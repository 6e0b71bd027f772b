import { type Kysely, sql } from "kysely";

/**
 * How a person makes and changes instruments, and has them streamed. Each tells `quotes_changed`, so that who keeps quotes
 * in memory reads the instrument afresh.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`GRANT CREATE ON SCHEMA price_tracker TO pricefleet_asks`.execute(db);
  for (const { signature, body } of askingFunctions) {
    const name = sql.raw(`price_tracker.${signature.slice(0, signature.indexOf("("))}`);
    await sql`${sql.raw(`
      CREATE OR REPLACE FUNCTION price_tracker.${signature}
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp AS $$ ${body} $$`)}`.execute(
      db,
    );
    await sql`ALTER FUNCTION ${name} OWNER TO pricefleet_asks`.execute(db);
    await sql`REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`.execute(db);
    await sql`GRANT EXECUTE ON FUNCTION ${name} TO pricefleet_api, pricefleet_worker`.execute(db);
  }
  await sql`REVOKE CREATE ON SCHEMA price_tracker FROM pricefleet_asks`.execute(db);
}

const findInstrument = `
        SELECT id INTO v_id FROM instruments WHERE exchange = p_exchange AND symbol = p_symbol;
        IF NOT FOUND THEN
          RAISE EXCEPTION 'instrument %:% does not exist', p_exchange, p_symbol USING ERRCODE = 'PF404';
        END IF;`;

const askingFunctions = [
  {
    // The keys are columns; those that are not given take the table's defaults.
    signature: `ask_instrument(p_instrument jsonb) RETURNS bigint`,
    body: `
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
      END`,
  },
  {
    // What is not given stays; null clears.
    signature: `ask_instrument_change(p_id bigint, p_change jsonb) RETURNS void`,
    body: `
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
      END`,
  },
  {
    signature: `ask_quote_subscription(p_exchange text, p_symbol text, p_feed text) RETURNS bigint`,
    body: `
      DECLARE v_id bigint;
      BEGIN
        ${findInstrument}
        INSERT INTO quote_subscriptions (instrument_id, feed) VALUES (v_id, p_feed) ON CONFLICT DO NOTHING;
        RETURN v_id;
      END`,
  },
  {
    signature: `ask_quote_unsubscription(p_exchange text, p_symbol text, p_feed text) RETURNS bigint`,
    body: `
      DECLARE v_id bigint;
      BEGIN
        ${findInstrument}
        DELETE FROM quote_subscriptions WHERE instrument_id = v_id AND feed = p_feed;
        RETURN v_id;
      END`,
  },
] as const;
