import { type Kysely, sql } from "kysely";

/**
 * What is quoted: the registry of instruments, the latest quote of each, bars, and what was asked of history. A symbol
 * is always named with its exchange, as TradingView does: TVC:GOLD.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.instruments (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      exchange text NOT NULL,
      symbol text NOT NULL,
      name text NOT NULL,
      asset text NOT NULL,
      currency text NOT NULL,
      unit text NOT NULL CHECK (unit IN ('unit', 'troy-ounce', 'gram', 'kilogram', 'pound')),
      page_url text,
      page_selector text,
      refresh_seconds integer NOT NULL DEFAULT 5 CHECK (refresh_seconds >= 1),
      valid_min numeric,
      valid_max numeric,
      trading_hours text NOT NULL DEFAULT 'always',
      enabled boolean NOT NULL DEFAULT true,
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT instruments_identity UNIQUE (exchange, symbol),
      CONSTRAINT a_valid_range_has_an_inside CHECK (valid_min IS NULL OR valid_max IS NULL OR valid_min < valid_max)
    )`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.instruments.asset IS 'what is priced: gold, or a currency (USD in USDIDR)'`.execute(
    db,
  );
  await sql`COMMENT ON COLUMN price_tracker.instruments.currency IS 'what it is priced in (IDR in USDIDR)'`.execute(
    db,
  );
  await sql`COMMENT ON COLUMN price_tracker.instruments.page_url IS 'null: no page is read for it'`.execute(
    db,
  );
  await sql`
    INSERT INTO price_tracker.instruments (exchange, symbol, name, asset, currency, unit, page_url, valid_min, valid_max, trading_hours)
    VALUES
      ('TVC', 'GOLD', 'Gold', 'gold', 'USD', 'troy-ounce', 'https://www.tradingview.com/symbols/GOLD/?exchange=TVC', 100, 100000, 'forex'),
      ('TVC', 'SILVER', 'Silver', 'silver', 'USD', 'troy-ounce', 'https://www.tradingview.com/symbols/SILVER/?exchange=TVC', 1, 10000, 'forex'),
      ('COMEX', 'HG1!', 'Copper', 'copper', 'USD', 'pound', 'https://www.tradingview.com/symbols/COMEX-HG1!/', 0.1, 1000, 'forex'),
      ('FX_IDC', 'USDIDR', 'US dollar in rupiah', 'USD', 'IDR', 'unit', 'https://www.tradingview.com/symbols/USDIDR/?exchange=FX_IDC', 100, 1000000, 'forex')
  `.execute(db);

  // One row an instrument, written again and again: room on the page, so that an update stays on it.
  await sql`CREATE SEQUENCE price_tracker.quote_ids`.execute(db);
  await sql`
    CREATE TABLE price_tracker.quotes (
      instrument_id bigint PRIMARY KEY REFERENCES price_tracker.instruments ON DELETE CASCADE,
      id bigint NOT NULL,
      price numeric NOT NULL,
      bid numeric,
      ask numeric,
      day_volume numeric,
      source text NOT NULL,
      quoted_at timestamptz NOT NULL,
      received_at timestamptz NOT NULL DEFAULT now()
    ) WITH (fillfactor = 50)`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.quotes.id IS 'from quote_ids, a new one for each quote'`.execute(
    db,
  );
  await sql`COMMENT ON COLUMN price_tracker.quotes.source IS 'how it came: page, or the feed of the streamer'`.execute(
    db,
  );
  await sql`
    CREATE TABLE price_tracker.quote_rejections (
      instrument_id bigint PRIMARY KEY REFERENCES price_tracker.instruments ON DELETE CASCADE,
      count bigint NOT NULL DEFAULT 0,
      last_text text NOT NULL,
      last_reason text NOT NULL,
      last_at timestamptz NOT NULL DEFAULT now()
    )`.execute(db);

  await sql`
    CREATE TABLE price_tracker.quote_subscriptions (
      instrument_id bigint NOT NULL REFERENCES price_tracker.instruments ON DELETE CASCADE,
      feed text NOT NULL DEFAULT 'tradingview',
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (instrument_id, feed)
    )`.execute(db);

  await sql`
    CREATE TABLE price_tracker.bars (
      exchange text NOT NULL,
      symbol text NOT NULL,
      interval text NOT NULL,
      opened_at timestamptz NOT NULL,
      open numeric NOT NULL,
      high numeric NOT NULL,
      low numeric NOT NULL,
      close numeric NOT NULL,
      volume numeric NOT NULL DEFAULT 0,
      ticks integer NOT NULL DEFAULT 0,
      source text NOT NULL CHECK (source IN ('ticks', 'history')),
      complete boolean NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (exchange, symbol, interval, opened_at)
    ) PARTITION BY RANGE (opened_at)`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.bars.source IS 'history: filled in from a sync, where no tick was seen or some were missed'`.execute(
    db,
  );
  await sql`CREATE TABLE price_tracker.bars_rest PARTITION OF price_tracker.bars DEFAULT`.execute(db);

  await sql`
    CREATE TABLE price_tracker.sync_status (
      exchange text NOT NULL,
      symbol text NOT NULL,
      interval text NOT NULL,
      state text NOT NULL CHECK (state IN ('pending', 'syncing', 'completed', 'error')),
      n_bars integer NOT NULL CHECK (n_bars BETWEEN 1 AND 5000),
      bars_stored integer,
      message text,
      requested_at timestamptz NOT NULL DEFAULT now(),
      started_at timestamptz,
      finished_at timestamptz,
      PRIMARY KEY (exchange, symbol, interval)
    )`.execute(db);
  await sql`
    CREATE TABLE price_tracker.sync_schedules (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL UNIQUE,
      cron text NOT NULL,
      time_zone text NOT NULL DEFAULT 'UTC',
      interval text NOT NULL,
      n_bars integer NOT NULL CHECK (n_bars BETWEEN 1 AND 5000),
      symbols text[],
      enabled boolean NOT NULL DEFAULT true,
      next_run_at timestamptz,
      last_run_at timestamptz
    )`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.sync_schedules.symbols IS 'EXCHANGE:SYMBOL; null: all enabled instruments'`.execute(
    db,
  );
  await sql`
    INSERT INTO price_tracker.sync_schedules (name, cron, interval, n_bars) VALUES
      ('daily bars', '0 */6 * * *', '1d', 500),
      ('hourly bars', '0 9-17 * * 1-5', '1h', 10)`.execute(db);

  await makePartitionsOfBothTables(db);

  await sql`
    GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.instruments, price_tracker.quotes, price_tracker.quote_rejections,
      price_tracker.quote_subscriptions, price_tracker.bars, price_tracker.bars_rest, price_tracker.sync_status,
      price_tracker.sync_schedules TO pricefleet_worker`.execute(db);
  await sql`GRANT USAGE ON ALL SEQUENCES IN SCHEMA price_tracker TO pricefleet_worker, pricefleet_asks`.execute(
    db,
  );
  await sql`
    GRANT SELECT ON price_tracker.instruments, price_tracker.quotes, price_tracker.quote_rejections,
      price_tracker.quote_subscriptions, price_tracker.bars, price_tracker.sync_status, price_tracker.sync_schedules
      TO pricefleet_api, pricefleet_asks`.execute(db);
  await sql`
    GRANT INSERT, UPDATE ON price_tracker.instruments, price_tracker.quote_subscriptions, price_tracker.sync_status
      TO pricefleet_asks`.execute(db);
  await sql`GRANT DELETE ON price_tracker.quote_subscriptions TO pricefleet_asks`.execute(db);
}

/** Bars are kept by month as prices are. History goes back for years: what is older than the partitions is the rest's. */
async function makePartitionsOfBothTables(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE OR REPLACE FUNCTION price_tracker.ensure_monthly_partitions(months_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, price_tracker, pg_temp AS $$
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
    END $$`.execute(db);
  await sql`SELECT price_tracker.ensure_monthly_partitions(3)`.execute(db);
}
