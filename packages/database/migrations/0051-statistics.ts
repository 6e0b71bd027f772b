import { type Kysely, sql } from "kysely";

/** Statistics that are kept: of a search's prices by day, also when the observations are gone; and how far below its peers each listing is. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.daily_prices (
      search_id bigint NOT NULL REFERENCES price_tracker.searches ON DELETE CASCADE,
      base_currency text NOT NULL,
      day date NOT NULL,
      condition text,
      listings integer NOT NULL,
      left_out integer NOT NULL,
      min numeric NOT NULL,
      max numeric NOT NULL,
      lowest_median numeric NOT NULL,
      p10 numeric NOT NULL,
      p25 numeric NOT NULL,
      median numeric NOT NULL,
      p75 numeric NOT NULL,
      p90 numeric NOT NULL,
      UNIQUE NULLS NOT DISTINCT (search_id, base_currency, day, condition)
    )`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.daily_prices.condition IS 'lower case, as the site words it; empty: not told; null: all of them together'`.execute(
    db,
  );
  await sql`COMMENT ON COLUMN price_tracker.daily_prices.lowest_median IS 'of the five lowest'`.execute(db);
  await sql`
    CREATE TABLE price_tracker.daily_price_marks (
      search_id bigint PRIMARY KEY REFERENCES price_tracker.searches ON DELETE CASCADE,
      base_currency text NOT NULL,
      next_day date NOT NULL,
      summed_at timestamptz NOT NULL
    )`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.daily_price_marks.next_day IS 'all days before it are summed up for good'`.execute(
    db,
  );
  await sql`
    CREATE TABLE price_tracker.listing_deals (
      listing_id bigint PRIMARY KEY REFERENCES price_tracker.listings ON DELETE CASCADE,
      base_amount numeric NOT NULL,
      deal numeric,
      peers integer NOT NULL,
      peers_by text,
      peers_median numeric,
      missing text,
      CHECK ((deal IS NULL) <> (missing IS NULL))
    )`.execute(db);
  await sql`COMMENT ON COLUMN price_tracker.listing_deals.deal IS 'the share of its peers'' median that it is below; negative: above'`.execute(
    db,
  );
  await sql`
    CREATE INDEX listing_deals_by_deal ON price_tracker.listing_deals (deal DESC, listing_id DESC) WHERE deal IS NOT NULL`.execute(
    db,
  );
  await sql`
    GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.daily_prices, price_tracker.daily_price_marks,
          price_tracker.listing_deals TO pricefleet_worker`.execute(db);
  await sql`
    GRANT SELECT ON price_tracker.daily_prices, price_tracker.daily_price_marks, price_tracker.listing_deals
       TO pricefleet_api`.execute(db);
}
