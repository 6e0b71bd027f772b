import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "pg";
import { afterAll, inject } from "vitest";
import { asAdmin } from "./as-admin.ts";
import type { TestPostgres } from "./test-servers.ts";

const LEAK_PATIENCE_MS = 2_000;

export interface TestDatabase {
  name: string;
  /** Of pricefleet_owner: may do everything in this database. */
  ownerUrl: string;
  workerUrl: string;
  apiUrl: string;
  /** Of a superuser, in this database. */
  adminUrl: string;
}

/**
 * A migrated database of the test file's own, cloned in about 100 ms. Call it at the top level of the file,
 * `const database = await createTestDatabase()`: it is dropped after the file's last test.
 * The file fails if connections to it are still open then.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await askForPostgres();
  const name = `${server.templateDatabase}_${randomBytes(6).toString("hex")}`;
  await asAdmin(server.adminUrl, async (client) => {
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${server.templateDatabase} OWNER pricefleet_owner`);
  });
  afterAll(() => dropAndReportLeaks(server.adminUrl, name));
  const { pricefleet_owner, pricefleet_worker, pricefleet_api } = server.passwords;
  return {
    name,
    ownerUrl: urlFor(server.adminUrl, name, "pricefleet_owner", pricefleet_owner),
    workerUrl: urlFor(server.adminUrl, name, "pricefleet_worker", pricefleet_worker),
    apiUrl: urlFor(server.adminUrl, name, "pricefleet_api", pricefleet_api),
    adminUrl: urlFor(server.adminUrl, name),
  };
}

async function askForPostgres(): Promise<TestPostgres> {
  const response = await fetch(`${inject("testServersUrl")}/postgres`);
  if (!response.ok) throw new Error(`the tests' PostgreSQL: ${await response.text()}`);
  return (await response.json()) as TestPostgres;
}

async function dropAndReportLeaks(adminUrl: string, name: string): Promise<void> {
  await asAdmin(adminUrl, async (client) => {
    const deadline = Date.now() + LEAK_PATIENCE_MS;
    let open = await openConnections(client, name);
    while (open.length > 0 && Date.now() < deadline) {
      await delay(20);
      open = await openConnections(client, name);
    }
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    if (open.length === 0) return;
    throw new Error(`${open.length} database connections were left open:\n${open.join("\n")}`);
  });
}

async function openConnections(client: Client, name: string): Promise<string[]> {
  const { rows } = await client.query<{ description: string }>(
    `SELECT concat_ws(' ', usename, application_name, state, 'last query:', left(query, 200)) AS description
     FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'`,
    [name],
  );
  return rows.map((row) => row.description);
}

function urlFor(adminUrl: string, database: string, user?: string, password?: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  if (user !== undefined) url.username = user;
  if (password !== undefined) url.password = password;
  return url.href;
}
