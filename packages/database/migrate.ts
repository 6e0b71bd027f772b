import { Kysely, PostgresDialect, sql } from "kysely";
import { type MigrationResult, Migrator } from "kysely/migration";
import pg from "pg";
import { migrations } from "./migrations/index.ts";

/**
 * Brings the schema up to date. Only the owner may; two at once wait for each other (kysely takes a lock).
 * @returns the names of the migrations that were applied now.
 * @throws the error of the migration that failed; what was before it stays applied.
 */
export async function migrateToLatest(ownerUrl: string): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 1, connectionTimeoutMillis: 10_000 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    await sql`CREATE SCHEMA IF NOT EXISTS price_tracker`.execute(db);
    const migrator = new Migrator({
      db,
      provider: { getMigrations: () => Promise.resolve(migrations) },
      migrationTableSchema: "price_tracker",
    });
    const { error, results = [] } = await migrator.migrateToLatest();
    if (error) throw describeFailure(error, results);
    // Services wait for the version they need, so they must see which one is there.
    await sql`GRANT SELECT ON price_tracker.kysely_migration TO pricefleet_worker, pricefleet_api`.execute(
      db,
    );
    return results.filter((result) => result.status === "Success").map((result) => result.migrationName);
  } finally {
    await db.destroy();
  }
}

function describeFailure(error: unknown, results: readonly MigrationResult[]): Error {
  const failed = results.find((result) => result.status === "Error")?.migrationName ?? "migrating";
  return new Error(`${failed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}
