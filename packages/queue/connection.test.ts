import { expect, test } from "vitest";
import { openConnection } from "./connection.ts";
import { silentLogger as logger } from "./targets-for-tests.ts";

test("an authority's file that is not there is named, and nothing is tried without it", async () => {
  const connecting = openConnection({
    url: "amqps://belt.test:5671/?cacertfile=/nowhere/ca.crt",
    name: "test",
    logger,
    startUpTries: 1,
    onReconnect: () => undefined,
  });
  await expect(connecting).rejects.toThrow(/cacertfile of AMQP_URL cannot be read: .*\/nowhere\/ca\.crt/);
});
