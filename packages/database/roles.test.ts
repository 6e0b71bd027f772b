import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../test/harness/index.ts";
import { ensureRoles, generateRolePasswords } from "./roles.ts";

const urls = await createTestDatabase();
const connect = async (url: string) => {
  const client = new pg.Client({ connectionString: url, options: "-c search_path=price_tracker" });
  await client.connect();
  return client;
};
const owner = await connect(urls.ownerUrl);
const worker = await connect(urls.workerUrl);
const api = await connect(urls.apiUrl);
afterAll(() => Promise.all([owner.end(), worker.end(), api.end()]));

const DENIED = "42501";

/** Every relation of the schema, also those of later migrations. */
async function tablesWhere(condition: string): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
      WHERE c.relnamespace = 'price_tracker'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND ${condition} ORDER BY 1`,
  );
  return rows.map((row) => row.name);
}

async function functionsWhere(condition: string): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT p.proname AS name FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner
      WHERE p.pronamespace = 'price_tracker'::regnamespace AND ${condition} ORDER BY 1`,
  );
  return rows.map((row) => row.name);
}

describe("the API's role has no power of its own", () => {
  it("the role can write no table, nor empty one", async () => {
    expect(
      await tablesWhere(
        "has_table_privilege('pricefleet_api', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')",
      ),
    ).toEqual([]);
    expect(await tablesWhere("has_any_column_privilege('pricefleet_api', c.oid, 'INSERT, UPDATE')")).toEqual(
      [],
    );
    const writes = [
      "INSERT INTO searches (source, term) VALUES ('sample', 'lamp')",
      "UPDATE hosts SET min_delay_ms = 0",
      "DELETE FROM targets",
      "TRUNCATE listings",
    ];
    for (const write of writes) {
      await expect(api.query(write)).rejects.toMatchObject({ code: DENIED });
    }
  });

  it("the role can read what it shows", async () => {
    for (const table of [
      "searches",
      "runs",
      "targets",
      "listings",
      "price_observations",
      "snapshots",
      "hosts",
    ]) {
      expect((await api.query(`SELECT FROM ${table}`)).rowCount).toBe(0);
    }
  });

  it("the role can call the asking functions and no others", async () => {
    const callable = await functionsWhere("has_function_privilege('pricefleet_api', p.oid, 'EXECUTE')");
    expect(callable.filter((name) => !name.startsWith("ask_"))).toEqual([]);
    expect(callable).toEqual(await functionsWhere("p.proname LIKE 'ask\\_%'"));
    await expect(api.query("SELECT claim_target(1, 1, 'api', 60, 0, false, false)")).rejects.toMatchObject({
      code: DENIED,
    });
    await expect(api.query("SELECT change_run_state(1, 'idle', 'x')")).rejects.toMatchObject({
      code: DENIED,
    });
  });

  it("what it calls belongs to a role that nobody can log in as", async () => {
    expect(
      await functionsWhere(
        "p.prosecdef AND has_function_privilege('pricefleet_api', p.oid, 'EXECUTE') AND o.rolcanlogin",
      ),
    ).toEqual([]);
    await expect(api.query("SET ROLE pricefleet_asks")).rejects.toMatchObject({ code: DENIED });
  });
});

describe("the worker's role writes rows, not the schema", () => {
  it("the role can make and drop nothing", async () => {
    const changes = [
      "CREATE TABLE price_tracker.mine (id integer)",
      "CREATE TABLE public.mine (id integer)",
      "CREATE SCHEMA mine",
      "CREATE FUNCTION price_tracker.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
      "DROP TABLE price_tracker.leaders",
      "ALTER TABLE price_tracker.hosts ADD COLUMN mine integer",
      "DROP FUNCTION price_tracker.take_due_targets",
      "TRUNCATE price_tracker.targets",
    ];
    for (const change of changes) {
      await expect(worker.query(change)).rejects.toMatchObject({ code: DENIED });
    }
  });

  it("the role cannot change what migrations know, nor a run's allowed transitions", async () => {
    const kept = "c.relname IN ('kysely_migration', 'kysely_migration_lock', 'run_transitions')";
    expect(await tablesWhere(kept)).toHaveLength(3);
    expect(
      await tablesWhere(
        `${kept} AND has_table_privilege('pricefleet_worker', c.oid, 'INSERT, UPDATE, DELETE')`,
      ),
    ).toEqual([]);
  });

  it("the role can write every table of the work", async () => {
    const partsAndRecords = "'^(kysely_|run_transitions|price_observations_|bars_)'";
    expect(
      await tablesWhere(
        `c.relkind <> 'v' AND c.relname !~ ${partsAndRecords} AND NOT has_table_privilege('pricefleet_worker', c.oid, 'INSERT')`,
      ),
    ).toEqual([]);
  });
});

describe("functions of the schema", () => {
  it("nobody may call one merely because it is there", async () => {
    expect(
      await functionsWhere(
        "EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)",
      ),
    ).toEqual([]);
  });

  it("each looks names up in the pinned path alone, so that nobody can slip in another table", async () => {
    expect(
      await functionsWhere(
        `NOT coalesce(p.proconfig, '{}') @> '{"search_path=pg_catalog, price_tracker, pg_temp"}'`,
      ),
    ).toEqual([]);
    expect((await functionsWhere("p.prosecdef")).length).toBeGreaterThan(5);
  });
});

describe("making the roles", () => {
  it("making them again changes nothing but the passwords", async () => {
    // In the tests' own server the passwords are the same for everybody, so these are given once more.
    const passwordOf = (url: string) => decodeURIComponent(new URL(url).password);
    const passwords = {
      pricefleet_owner: passwordOf(urls.ownerUrl),
      pricefleet_worker: passwordOf(urls.workerUrl),
      pricefleet_api: passwordOf(urls.apiUrl),
    };
    const again = await ensureRoles(urls.adminUrl, passwords, urls.name);
    expect(again).toEqual({ ownerUrl: urls.ownerUrl, workerUrl: urls.workerUrl, apiUrl: urls.apiUrl });
    expect((await api.query("SELECT FROM targets")).rowCount).toBe(0);
  });

  it("every password is another, and safe in a URL", () => {
    const passwords = Object.values(generateRolePasswords());
    expect(new Set(passwords).size).toBe(3);
    for (const password of passwords) expect(encodeURIComponent(password)).toBe(password);
  });
});
