import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ensureRoles, migrateToLatest, type RolePasswords } from "@pricefleet/database";
import { makeThrowawayFolder, startPostgres, startRabbitmq } from "../../scripts/servers/index.ts";
import { asAdmin } from "./as-admin.ts";

/** How a test file reaches the run's PostgreSQL. */
export interface TestPostgres {
  /** A superuser's. */
  adminUrl: string;
  /** A migrated database to clone; nobody connects to it. */
  templateDatabase: string;
  passwords: RolePasswords;
}

/** How a test file reaches the run's RabbitMQ. */
export interface TestRabbitmq {
  /** Without a vhost. */
  url: string;
  managementUrl: string;
  userName: string;
  password: string;
}

/**
 * The servers of one vitest run: TEST_DATABASE_URL (a superuser's) and TEST_AMQP_URL (an administrator's; its
 * management API at TEST_MANAGEMENT_URL, by default port 15672 of the same host) where given, else throwaway ones.
 */
export class TestServers {
  readonly #closers: (() => Promise<void>)[] = [];
  #postgres: Promise<TestPostgres> | null = null;
  #rabbitmq: Promise<TestRabbitmq> | null = null;

  postgres(): Promise<TestPostgres> {
    this.#postgres ??= this.#startPostgres();
    return this.#postgres;
  }

  rabbitmq(): Promise<TestRabbitmq> {
    this.#rabbitmq ??= this.#startRabbitmq();
    return this.#rabbitmq;
  }

  async stop(): Promise<void> {
    await Promise.allSettled([this.#postgres, this.#rabbitmq]);
    const failures: unknown[] = [];
    for (const close of this.#closers.toReversed()) {
      await close().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #startPostgres(): Promise<TestPostgres> {
    const adminUrl = process.env["TEST_DATABASE_URL"] ?? (await this.#startThrowawayPostgres());
    const templateDatabase = `pricefleet_template_${process.pid}`;
    const passwords = passwordsFor(adminUrl);
    const { ownerUrl } = await ensureRoles(adminUrl, passwords, templateDatabase);
    this.#closers.push(async () => {
      await dropDatabase(adminUrl, templateDatabase);
      await refuseLeftovers(adminUrl, templateDatabase);
    });
    await migrateToLatest(ownerUrl);
    return { adminUrl, templateDatabase, passwords };
  }

  async #startThrowawayPostgres(): Promise<string> {
    const folder = makeThrowawayFolder();
    this.#closers.push(async () => rmSync(folder, { recursive: true, force: true }));
    const server = await startPostgres({ dataDir: join(folder, "postgres"), fsync: false });
    this.#closers.push(() => server.stop());
    return server.adminUrl;
  }

  async #startRabbitmq(): Promise<TestRabbitmq> {
    const given = process.env["TEST_AMQP_URL"];
    if (given !== undefined) return reachOf(given);
    const folder = makeThrowawayFolder();
    this.#closers.push(async () => rmSync(folder, { recursive: true, force: true }));
    const server = await startRabbitmq({ dataDir: join(folder, "rabbitmq") });
    this.#closers.push(() => server.kill());
    const { url, managementUrl, userName, password } = server;
    return { url, managementUrl, userName, password };
  }
}

/** Always the same for one server, so that two runs on one TEST_DATABASE_URL do not change each other's roles. */
function passwordsFor(adminUrl: string): RolePasswords {
  const password = (role: string) => createHash("sha256").update(`${adminUrl} ${role}`).digest("hex");
  return {
    pricefleet_owner: password("owner"),
    pricefleet_worker: password("worker"),
    pricefleet_api: password("api"),
  };
}

function reachOf(amqpUrl: string): TestRabbitmq {
  const url = new URL(amqpUrl);
  return {
    url: `${url.protocol}//${url.username}:${url.password}@${url.host}`,
    managementUrl: process.env["TEST_MANAGEMENT_URL"] ?? `http://${url.hostname}:15672`,
    userName: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
}

async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await asAdmin(adminUrl, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`);
  });
}

/** An afterAll registered inside a hook is ignored by vitest, and then nobody looks for leaks. */
async function refuseLeftovers(adminUrl: string, templateDatabase: string): Promise<void> {
  await asAdmin(adminUrl, async (client) => {
    const { rows } = await client.query("SELECT FROM pg_database WHERE starts_with(datname, $1)", [
      `${templateDatabase}_`,
    ]);
    if (rows.length === 0) return;
    throw new Error(
      `${rows.length} test databases were not dropped: createTestDatabase belongs at the top level of a test file`,
    );
  });
}
