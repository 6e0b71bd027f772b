import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PrivateServers, startPrivateServers } from "./index.ts";

let servers: PrivateServers;
beforeAll(async () => {
  servers = await startPrivateServers();
});
afterAll(() => servers.stop());

async function query(sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: servers.postgres.adminUrl });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function brokerApi(method: string, path: string): Promise<Response> {
  const { managementUrl, userName, password } = servers.rabbitmq;
  const authorization = `Basic ${Buffer.from(`${userName}:${password}`).toString("base64")}`;
  return await fetch(`${managementUrl}/api${path}`, {
    method,
    headers: { authorization, "content-type": "application/json" },
    body: method === "PUT" ? "{}" : null,
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // ESRCH: no such process, which is the answer.
    return false;
  }
}

describe("throwaway servers", () => {
  it("PostgreSQL keeps committed data through a SIGKILL, on the same port", async () => {
    await query("CREATE TABLE kept AS SELECT 42 AS answer");
    const pid = servers.postgres.pid;
    await servers.postgres.kill();
    expect(isAlive(pid)).toBe(false);
    await expect(query("SELECT 1")).rejects.toThrow("ECONNREFUSED");
    await servers.postgres.restart();
    expect(await query("SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  });

  it("a wiped PostgreSQL is empty and answers to the same URL", async () => {
    await query("CREATE TABLE forgotten ()");
    await servers.postgres.wipe();
    expect(await query("SELECT to_regclass('forgotten') AS found")).toEqual([{ found: null }]);
  });

  it("RabbitMQ keeps its vhosts through a SIGKILL and forgets them when wiped, at the same URL", async () => {
    expect((await brokerApi("PUT", "/vhosts/kept")).status).toBe(201);
    await servers.rabbitmq.kill();
    await servers.rabbitmq.restart();
    expect((await brokerApi("GET", "/vhosts/kept")).status).toBe(200);
    await servers.rabbitmq.wipe();
    expect((await brokerApi("GET", "/vhosts/kept")).status).toBe(404);
  }, 90_000);

  it("passwords are made for each server, and a wrong one is refused", async () => {
    const wrong = new URL(servers.postgres.adminUrl);
    wrong.password = "postgres";
    const client = new Client({ connectionString: wrong.href });
    await expect(client.connect()).rejects.toThrow("password authentication failed");
    const response = await fetch(`${servers.rabbitmq.managementUrl}/api/overview`, {
      headers: { authorization: `Basic ${Buffer.from("guest:guest").toString("base64")}` },
    });
    expect(response.status).toBe(401);
  });
});
