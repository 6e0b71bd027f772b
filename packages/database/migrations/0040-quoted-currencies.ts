import { type Kysely, sql } from "kysely";

/**
 * The currencies that eBay and OLX price in, quoted by default, so that a listing has a value in the base currency without
 * anybody having set up a pair. All have the US dollar on one side: two steps lead from any of them to any other. Their
 * pages are read half as often as a quote may be old (60 s), for a shop's price does not turn on the second. What a person
 * has made or changed under these names stays as it is.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    INSERT INTO price_tracker.instruments
      (exchange, symbol, name, asset, currency, unit, page_url, refresh_seconds, valid_min, valid_max, trading_hours)
    SELECT 'FX_IDC', p.asset || p.currency, p.name, p.asset, p.currency, 'unit',
           'https://www.tradingview.com/symbols/' || p.asset || p.currency || '/?exchange=FX_IDC', 30, p.least, p.most, 'forex'
      FROM (VALUES
        ('EUR', 'USD', 'Euro in US dollars', 0.5, 2),
        ('GBP', 'USD', 'Pound sterling in US dollars', 0.5, 3),
        ('AUD', 'USD', 'Australian dollar in US dollars', 0.2, 2),
        ('USD', 'CAD', 'US dollar in Canadian dollars', 0.5, 3),
        ('USD', 'CHF', 'US dollar in Swiss francs', 0.3, 3),
        ('USD', 'JPY', 'US dollar in yen', 50, 500),
        ('USD', 'PLN', 'US dollar in zloty', 1, 15),
        ('USD', 'RON', 'US dollar in lei', 1, 20),
        ('USD', 'UAH', 'US dollar in hryvnias', 10, 500),
        ('USD', 'KZT', 'US dollar in tenge', 100, 5000),
        ('USD', 'UZS', 'US dollar in sum', 2000, 100000),
        ('USD', 'HKD', 'US dollar in Hong Kong dollars', 4, 16),
        ('USD', 'SGD', 'US dollar in Singapore dollars', 0.5, 3),
        ('USD', 'MYR', 'US dollar in ringgits', 1, 15),
        ('USD', 'TWD', 'US dollar in Taiwan dollars', 10, 100),
        ('USD', 'PHP', 'US dollar in Philippine pesos', 20, 200),
        ('USD', 'VND', 'US dollar in dong', 5000, 100000),
        ('USD', 'INR', 'US dollar in rupees', 30, 300)
      ) AS p (asset, currency, name, least, most)
    ON CONFLICT (exchange, symbol) DO NOTHING`.execute(db);
}
