import { randomBytes } from "node:crypto";
import { afterAll, inject } from "vitest";
import type { TestRabbitmq } from "./test-servers.ts";

export interface TestVhost {
  name: string;
  /** AMQP, in this vhost. */
  url: string;
  /** Calls the management API, `path` after /api; throws on anything but a 2xx. Gives the JSON, null without a body. */
  manage(method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown): Promise<unknown>;
}

/**
 * A RabbitMQ vhost of the test file's own. Call it at the top level of the file,
 * `const vhost = await createTestVhost()`: it is deleted, with what is in it, after the file's last test.
 */
export async function createTestVhost(): Promise<TestVhost> {
  const server = await askForRabbitmq();
  const name = `test-${randomBytes(6).toString("hex")}`;
  const manage = managementClient(server);
  await manage("PUT", `/vhosts/${name}`);
  await manage("PUT", `/permissions/${name}/${server.userName}`, {
    configure: ".*",
    write: ".*",
    read: ".*",
  });
  afterAll(async () => {
    await manage("DELETE", `/vhosts/${name}`);
  });
  return { name, url: `${server.url}/${name}`, manage };
}

async function askForRabbitmq(): Promise<TestRabbitmq> {
  const response = await fetch(`${inject("testServersUrl")}/rabbitmq`);
  if (!response.ok) throw new Error(`the tests' RabbitMQ: ${await response.text()}`);
  return (await response.json()) as TestRabbitmq;
}

function managementClient({ managementUrl, userName, password }: TestRabbitmq): TestVhost["manage"] {
  const authorization = `Basic ${Buffer.from(`${userName}:${password}`).toString("base64")}`;
  return async (method, path, body) => {
    const response = await fetch(`${managementUrl}/api${path}`, {
      method,
      headers: { authorization, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${method} ${path} of RabbitMQ's management API: HTTP ${response.status} ${text}`);
    return text === "" ? null : (JSON.parse(text) as unknown);
  };
}
