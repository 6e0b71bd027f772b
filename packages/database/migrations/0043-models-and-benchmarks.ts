import { type Kysely, sql } from "kysely";

/** Which model a listing's title offers, by the version of the catalog that said so, and the scores of models. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE price_tracker.listing_models (
      listing_id bigint PRIMARY KEY REFERENCES price_tracker.listings ON DELETE CASCADE,
      catalog_version integer NOT NULL,
      title_md5 uuid NOT NULL,
      offer text NOT NULL,
      model text,
      memory_gb integer
    )`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.listing_models.title_md5 IS 'of the title that was read: another one is matched again'`.execute(
    db,
  );
  await sql`
    CREATE INDEX listing_models_by_model ON price_tracker.listing_models (model, offer, memory_gb, listing_id)
     WHERE model IS NOT NULL`.execute(db);
  await sql`
    CREATE TABLE price_tracker.benchmark_scores (
      model text NOT NULL,
      memory_gb integer,
      benchmark text NOT NULL,
      score numeric NOT NULL CHECK (score > 0),
      source text NOT NULL,
      measured_on date NOT NULL,
      imported_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE NULLS NOT DISTINCT (benchmark, model, memory_gb)
    )`.execute(db);
  await sql`
    COMMENT ON COLUMN price_tracker.benchmark_scores.memory_gb IS 'null: of the model with any size of memory'`.execute(
    db,
  );
  await sql`
    GRANT SELECT, INSERT, UPDATE, DELETE ON price_tracker.listing_models, price_tracker.benchmark_scores TO pricefleet_worker`.execute(
    db,
  );
  await sql`
    GRANT SELECT ON price_tracker.listing_models, price_tracker.benchmark_scores TO pricefleet_api`.execute(
    db,
  );
  await noteModels.execute(db);
  await sql`REVOKE ALL ON FUNCTION price_tracker.note_models FROM PUBLIC`.execute(db);
  await sql`GRANT EXECUTE ON FUNCTION price_tracker.note_models TO pricefleet_worker`.execute(db);
}

/** By listing, so that two transactions that note the same ones never wait in a circle. */
const noteModels = sql`
    CREATE FUNCTION price_tracker.note_models(p_matches jsonb) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, price_tracker, pg_temp SET enable_seqscan = off AS $$
      INSERT INTO listing_models AS m (listing_id, catalog_version, title_md5, offer, model, memory_gb)
      SELECT l.id, s.catalog_version, md5(s.title)::uuid, s.offer, s.model, s.memory_gb
        FROM jsonb_to_recordset(p_matches) AS s (source text, external_id text, title text, catalog_version integer,
                                                 offer text, model text, memory_gb integer)
        JOIN listings l USING (source, external_id)
       ORDER BY l.id
      ON CONFLICT (listing_id) DO UPDATE SET
        catalog_version = excluded.catalog_version, title_md5 = excluded.title_md5, offer = excluded.offer,
        model = excluded.model, memory_gb = excluded.memory_gb
      WHERE m.title_md5 <> excluded.title_md5 OR m.catalog_version < excluded.catalog_version
    $$`;
