import { createServer, connect as connectTcp, type Socket } from "node:net";
import pg from "pg";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../test/harness/index.ts";
import { connectDatabase, type Database, DatabaseUnavailableError, withRetries } from "./connect.ts";
import { quietLogger } from "./fixtures/test-book.ts";
import { migrateToLatest } from "./migrate.ts";
import { isRetryable, sqlStateOf } from "./retryable-errors.ts";

const urls = await createTestDatabase();
const emptyName = `${urls.name}_empty`;
const admin = new pg.Client({ connectionString: urls.adminUrl });

beforeAll(async () => {
  await admin.connect();
  await admin.query(`CREATE DATABASE ${emptyName} OWNER pricefleet_owner`);
});
afterAll(async () => {
  await admin.query(`DROP DATABASE ${emptyName} WITH (FORCE)`);
  await admin.end();
});

const options = { poolMax: 1, name: "test", logger: quietLogger };
const inEmptyDatabase = (url: string) => Object.assign(new URL(url), { pathname: `/${emptyName}` }).href;

async function withDatabase<T>(url: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db = await connectDatabase({ ...options, url });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

async function pidOf(db: Database): Promise<number> {
  const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(db);
  return rows[0]?.pid ?? 0;
}

describe("connecting", () => {
  it("a service that starts before migrate waits for the schema that it needs", async () => {
    const missing = connectDatabase({ ...options, url: inEmptyDatabase(urls.workerUrl), startUpTries: 1 });
    await expect(missing).rejects.toThrow(/^the database is not ready after 1 tries: .*kysely_migration/);
    const waiting = connectDatabase({ ...options, url: inEmptyDatabase(urls.workerUrl), startUpTries: 60 });
    expect(await migrateToLatest(inEmptyDatabase(urls.ownerUrl))).toContain("0001-the-book");
    expect(await migrateToLatest(inEmptyDatabase(urls.ownerUrl))).toEqual([]);
    const db = await waiting;
    await db.destroy();
  });

  it("an older schema is not enough", async () => {
    const older = new pg.Client({ connectionString: inEmptyDatabase(urls.ownerUrl) });
    await older.connect();
    await migrateToLatest(inEmptyDatabase(urls.ownerUrl));
    await older.query("DELETE FROM price_tracker.kysely_migration WHERE name > '0002'");
    await older.end();
    const connecting = connectDatabase({ ...options, url: inEmptyDatabase(urls.workerUrl), startUpTries: 1 });
    await expect(connecting).rejects.toThrow(/schema \d{4}-[\w-]+ is needed; run migrate/);
  });

  it("a server that is not there is an error of its own, after all tries", async () => {
    const connecting = connectDatabase({ ...options, url: "postgres://a:b@127.0.0.1:9/x", startUpTries: 2 });
    await expect(connecting).rejects.toBeInstanceOf(DatabaseUnavailableError);
    await expect(connecting).rejects.toThrow(/after 2 tries: .*ECONNREFUSED/);
  });

  it("no statement and no wait for a lock lasts for ever, and nobody idles in a transaction", async () => {
    const limits = await withDatabase(urls.workerUrl, async (db) => {
      const { rows } = await sql<Record<string, string>>`
        SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
               current_setting('idle_in_transaction_session_timeout') AS idle`.execute(db);
      return rows[0];
    });
    expect(limits).toEqual({ statement: "30s", lock: "10s", idle: "30s" });
  });

  it("a statement that fails does not cost the connection", async () => {
    await withDatabase(urls.workerUrl, async (db) => {
      const pid = await pidOf(db);
      for (let failure = 0; failure < 50; failure++) {
        await expect(sql`SELECT 1 / 0`.execute(db)).rejects.toMatchObject({ code: "22012" });
        expect(await pidOf(db)).toBe(pid);
      }
    });
  });
});

describe("work that is tried again", () => {
  const terminate = (pid: number) => admin.query("SELECT pg_terminate_backend($1)", [pid]);

  it("a connection that the server kills costs another try, not the work", async () => {
    await withDatabase(urls.workerUrl, async (db) => {
      const pids: number[] = [];
      const answer = await withRetries(async () => {
        const { rows } = await db.transaction().execute(async (trx) => {
          pids.push(await pidOf(trx));
          if (pids.length === 1) await terminate(pids[0] ?? 0);
          return sql<{ one: number }>`SELECT 1 AS one`.execute(trx);
        });
        return rows[0]?.one;
      });
      expect(answer).toBe(1);
      expect(new Set(pids).size).toBe(2);
    });
  });

  it("a broken rule of the schema is not tried again", async () => {
    await withDatabase(urls.workerUrl, async (db) => {
      let tries = 0;
      const work = withRetries(() => {
        tries += 1;
        return sql`INSERT INTO searches (source) VALUES ('sample')`.execute(db);
      });
      await expect(work).rejects.toMatchObject({ code: "23514" });
      expect(tries).toBe(1);
    });
  });

  const deadlock = Object.assign(new Error("deadlock detected"), { code: "40P01" });
  function alwaysDeadlocked() {
    const counted = {
      tries: 0,
      work() {
        counted.tries += 1;
        return Promise.reject(deadlock);
      },
    };
    return counted;
  }

  it("the work ends with the last error when patience does", async () => {
    const counted = alwaysDeadlocked();
    await expect(withRetries(() => counted.work(), 300)).rejects.toBe(deadlock);
    expect(counted.tries).toBeGreaterThan(1);
  });

  it("the work ends at once when the process is to stop", async () => {
    const counted = alwaysDeadlocked();
    await expect(withRetries(() => counted.work(), 60_000, AbortSignal.abort())).rejects.toBe(deadlock);
    expect(counted.tries).toBe(1);
  });
});

describe("a network that falls silent", () => {
  it("ends the statement on our side, and the next one goes over a new connection", async () => {
    await using network = await silenceableNetwork(new URL(urls.workerUrl));
    const url = Object.assign(new URL(urls.workerUrl), { port: String(network.port) }).href;
    const db = await connectDatabase({ ...options, url, statementTimeoutMs: 500 });
    try {
      const pid = await pidOf(db);
      network.silence();
      const error: unknown = await sql`SELECT 1`.execute(db).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ message: "Query read timeout" });
      expect(isRetryable(error)).toBe(true);
      network.speak();
      expect(await pidOf(db)).not.toBe(pid);
    } finally {
      await db.destroy();
    }
  });

  /** A way to the server on which everything can be swallowed, and new connections work again later. */
  async function silenceableNetwork(to: URL) {
    let isSilent = false;
    const sockets = new Set<Socket>();
    const forward = (from: Socket, into: Socket) => {
      let swallowed = false;
      sockets.add(from);
      from.on("data", (chunk) => {
        swallowed ||= isSilent;
        if (!swallowed) into.write(chunk);
      });
      from.on("error", () => into.destroy());
      from.on("close", () => into.destroy());
    };
    const server = createServer((incoming) => {
      const outgoing = connectTcp(Number(to.port), to.hostname);
      forward(incoming, outgoing);
      forward(outgoing, incoming);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return {
      port: typeof address === "object" ? (address?.port ?? 0) : 0,
      silence() {
        isSilent = true;
      },
      speak() {
        isSilent = false;
      },
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }
});

describe("errors that are worth another try", () => {
  const withCode = (code: string) => Object.assign(new Error("x"), { code });

  it.each([
    "40001",
    "40P01",
    "55P03",
    "57014",
    "57P01",
    "57P03",
    "08006",
    "53300",
    "ECONNRESET",
    "ENOTFOUND",
  ])("%s is", (code) => {
    expect(isRetryable(withCode(code))).toBe(true);
  });

  it.each(["23505", "23503", "42501", "42P01", "22P02", "PF409", "ERR_INVALID_ARG_TYPE"])(
    "%s is not",
    (code) => {
      expect(isRetryable(withCode(code))).toBe(false);
    },
  );

  it("what Node tries over two addresses is, if both failures are", () => {
    expect(isRetryable(new AggregateError([withCode("ECONNREFUSED"), withCode("ECONNREFUSED")]))).toBe(true);
    expect(isRetryable(new AggregateError([withCode("ECONNREFUSED"), withCode("23505")]))).toBe(false);
  });

  it("what is no error at all has no SQLSTATE and is not tried again", () => {
    expect(isRetryable("40001")).toBe(false);
    expect(sqlStateOf("40001")).toBe("");
    expect(sqlStateOf(withCode("40001"))).toBe("40001");
  });
});
