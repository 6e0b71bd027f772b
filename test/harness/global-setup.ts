import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { findChromium } from "@pricefleet/fetching";
import { TestServers } from "./test-servers.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Answers GET /postgres and GET /rabbitmq with how to reach the run's servers, starting them when first asked. */
    testServersUrl: string;
  }
}

/**
 * Once a vitest run: one PostgreSQL and one RabbitMQ for all test files, started when the first file asks,
 * so that a run of pure code does not wait for servers.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const chromiumPath = findChromium();
  if (chromiumPath !== null) process.env["CHROMIUM_PATH"] = chromiumPath;

  const servers = new TestServers();
  const door = createServer((request, response) => {
    const answer = request.url === "/postgres" ? servers.postgres() : servers.rabbitmq();
    answer.then(
      (reach) => response.end(JSON.stringify(reach)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  project.provide("testServersUrl", `http://127.0.0.1:${(door.address() as AddressInfo).port}`);

  return async () => {
    door.closeAllConnections();
    await new Promise((resolve) => door.close(resolve));
    await servers.stop();
  };
}
