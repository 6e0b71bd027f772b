import { Client } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { createTestDatabase, createTestVhost } from "./index.ts";

const database = await createTestDatabase();
const vhost = await createTestVhost();
const client = new Client({ connectionString: database.workerUrl });
await client.connect();
afterAll(() => client.end());

describe("a test file's own servers", () => {
  it("a test file gets a migrated database as the worker's role", async () => {
    const { rows } = await client.query(
      "SELECT current_user AS who FROM price_tracker.kysely_migration LIMIT 1",
    );
    expect(rows).toEqual([{ who: "pricefleet_worker" }]);
  });

  it("a test file gets a vhost without queues", async () => {
    expect(await vhost.manage("GET", `/queues/${vhost.name}`)).toEqual([]);
  });
});
