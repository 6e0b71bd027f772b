import { inspect } from "node:util";
import { messageOf } from "@pricefleet/contracts";
import { connectDatabase } from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { connectBelt } from "@pricefleet/queue";
import { expect, it } from "vitest";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const SECRET = "wr0ng-s3cret";

const database = await createTestDatabase();
const vhost = await createTestVhost();

/** What a start that failed has logged and thrown, all of it. */
async function toldBy(start: (logger: ReturnType<typeof createLogger>) => Promise<unknown>): Promise<string> {
  const logger = createLogger({ service: "test", level: "debug", format: "json" });
  for (const transport of logger.transports) transport.silent = true;
  const told: string[] = [];
  logger.on("data", (line: unknown) => told.push(JSON.stringify(line)));
  const failure: unknown = await start(logger).catch((error: unknown) => error);
  logger.error("failed", { error: failure, why: messageOf(failure) });
  return [...told, inspect(failure, { depth: 10 })].join("\n");
}

function withSecret(text: string): string {
  const url = new URL(text);
  url.password = SECRET;
  return url.href;
}

it("pg and amqplib that were refused with a wrong password tell of it without the password", async () => {
  const ofDatabase = await toldBy((logger) =>
    connectDatabase({
      url: withSecret(database.workerUrl),
      poolMax: 1,
      name: "test",
      logger,
      startUpTries: 1,
    }),
  );
  expect(ofDatabase).toMatch(/password authentication failed/);
  const ofBroker = await toldBy((logger) =>
    connectBelt({ url: withSecret(vhost.url), name: "test", logger, startUpTries: 1 }),
  );
  expect(ofBroker).toMatch(/ACCESS.REFUSED/i);
  expect(ofDatabase + ofBroker).not.toContain(SECRET);
});
