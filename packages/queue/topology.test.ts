import { connect } from "amqplib";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { createTestVhost } from "../../test/harness/index.ts";
import { connectBelt, QueueUnavailableError, rungFor } from "./index.ts";
import { silentLogger as logger } from "./targets-for-tests.ts";

const vhost = await createTestVhost();
const connection = await connect(vhost.url);
afterAll(() => connection.close());

interface ListedQueue {
  name: string;
  type: string;
  durable: boolean;
}

describe("the queues", () => {
  it.each([
    [0, 1],
    [999, 1],
    [1_000, 1],
    [4_999, 1],
    [5_000, 5],
    [59_999, 15],
    [60_000, 60],
    [300_000, 300],
    [86_400_000, 300],
  ])("a wait of %d ms starts on the %d s rung", (delayMs, rungSeconds) => {
    expect(rungFor(delayMs)).toBe(rungSeconds);
  });

  it("services that start at once all declare the same queues and agree", async () => {
    const belts = await Promise.all(
      ["collector", "dispatcher", "worker"].map((name) =>
        connectBelt({ url: vhost.url, name, logger, startUpTries: 5 }),
      ),
    );
    onTestFinished(async () => {
      await Promise.all(belts.map((belt) => belt.close()));
    });
    const queues = (await vhost.manage("GET", `/queues/${vhost.name}`)) as ListedQueue[];
    expect(queues.map(({ name }) => name).toSorted()).toEqual(
      ["history_sync", "listing_enrichment", "quote_refresh"].flatMap((name) => [
        name,
        `${name}.retry.15s`,
        `${name}.retry.1s`,
        `${name}.retry.300s`,
        `${name}.retry.5s`,
        `${name}.retry.60s`,
        `${name}_dlq`,
      ]),
    );
    expect(queues.every(({ type, durable }) => type === "quorum" && durable)).toBe(true);
  });

  it("a queue that exists with other arguments ends the start at once, and is named", async () => {
    const channel = await connection.createChannel();
    await channel.deleteQueue("quote_refresh_dlq");
    await channel.assertQueue("quote_refresh_dlq", {
      durable: true,
      arguments: { "x-queue-type": "classic" },
    });
    onTestFinished(async () => {
      await channel.deleteQueue("quote_refresh_dlq");
      await channel.close();
    });
    const start = connectBelt({ url: vhost.url, name: "late", logger });
    await expect(start).rejects.toThrow(QueueUnavailableError);
    await expect(start).rejects.toThrow(/other arguments.*quote_refresh_dlq/);
  });

  it("what a person rejects in the management UI goes to the DLQ instead of nowhere", async () => {
    const belt = await connectBelt({ url: vhost.url, name: "worker", logger });
    onTestFinished(() => belt.close());
    const channel = await connection.createConfirmChannel();
    channel.sendToQueue("history_sync", Buffer.from("{}"));
    await channel.waitForConfirms();
    const message = await channel.get("history_sync");
    if (message === false) throw new Error("the message is not there");
    channel.reject(message, false);
    await expect.poll(async () => (await belt.queueDepths())["history_sync_dlq"]?.ready).toBe(1);
    await channel.close();
  });
});
