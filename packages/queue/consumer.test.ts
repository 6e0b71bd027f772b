import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { queueNames } from "@pricefleet/contracts";
import type { Channel } from "amqplib";
import { createTestVhost } from "../../test/harness/index.ts";
import { openConnection } from "./connection.ts";
import { startConsumer } from "./consumer.ts";
import { connectBelt, type Consumer, type ConsumeOptions, type Delivery } from "./index.ts";
import { createPublisher } from "./publisher.ts";
import { silentLogger as logger, targetNumber, targetNumbers } from "./targets-for-tests.ts";

const vhost = await createTestVhost();
const belt = await connectBelt({ url: vhost.url, name: "consumer test", logger });
afterAll(() => belt.close());

const patience = { timeout: 15_000, interval: 20 };
const consumers: Consumer[] = [];
afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.drain(5_000)));
  for (const queue of Object.keys(await belt.queueDepths()))
    await vhost.manage("DELETE", `/queues/${vhost.name}/${queue}/contents`);
});

async function consume(options: Partial<ConsumeOptions> & Pick<ConsumeOptions, "handle">): Promise<Consumer> {
  const consumer = await belt.consume({ queue: "listing_enrichment", concurrency: 1, ...options });
  consumers.push(consumer);
  return consumer;
}

/** Takes everything and remembers it. */
async function collect(): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  await consume({ handle: async (delivery) => void deliveries.push(delivery) });
  return deliveries;
}

/** As a person does it in the management UI. */
function publishByHand(payload: string, properties: Record<string, unknown>): Promise<unknown> {
  return vhost.manage("POST", `/exchanges/${vhost.name}/amq.default/publish`, {
    routing_key: "listing_enrichment",
    payload,
    payload_encoding: "string",
    properties,
  });
}

async function look(queue: string): Promise<{ payload: string; properties: Record<string, unknown> }[]> {
  const request = { count: 10, ackmode: "ack_requeue_true", encoding: "auto" };
  const messages = await vhost.manage("POST", `/queues/${vhost.name}/${queue}/get`, request);
  return messages as { payload: string; properties: Record<string, unknown> }[];
}

const ready = async (queue: string) => (await belt.queueDepths())[queue]?.ready;
const v1 = { type: "pricefleet.target.v1", delivery_mode: 2 };

describe("consuming", () => {
  it("a delivery says what was published, and is acknowledged once handled", async () => {
    const target = targetNumber(1, { attempt: 3 });
    await belt.publishTargets([target]);
    const deliveries = await collect();
    await vi.waitFor(() => expect(deliveries).toHaveLength(1), patience);
    expect(deliveries[0]).toEqual({ ...target, deadLetteredAt: null, redelivered: false });
    await Promise.all(consumers.splice(0).map((consumer) => consumer.drain(5_000)));
    expect(await ready("listing_enrichment")).toBe(0);
  });

  it("each queue has its own channel, and holds no more than its own concurrency", async () => {
    const gate = Promise.withResolvers<void>();
    const held = await Promise.all(
      queueNames.map(async (queue, index) => {
        await belt.publishTargets(targetNumbers(10).map((target) => ({ ...target, queue })));
        return consume({ queue, concurrency: index + 1, handle: () => gate.promise });
      }),
    );
    await vi.waitFor(() => expect(held.map(({ inHand }) => inHand)).toEqual([1, 2, 3]), patience);
    expect(await Promise.all(queueNames.map(ready))).toEqual([9, 8, 7]);
    gate.resolve();
    await vi.waitFor(
      async () => expect(await Promise.all(queueNames.map(ready))).toEqual([0, 0, 0]),
      patience,
    );
  });

  it("a wait rides the rungs, and is over neither early nor lost", async () => {
    const deliveries = await collect();
    const start = Date.now();
    await belt.publishLater(targetNumber(1, { attempt: 2, reason: "timeout" }), 1_200);
    expect(await ready("listing_enrichment.retry.1s")).toBe(1);
    await vi.waitFor(() => expect(deliveries).toHaveLength(1), patience);
    expect(Date.now() - start).toBeGreaterThanOrEqual(1_200);
    expect(deliveries[0]).toMatchObject({ ...targetNumber(1), attempt: 2, reason: "timeout" });
  });

  it("what a person moved here out of the DLQ says so, and has a new deadline", async () => {
    const death = { reason: "captcha", attempts: 5, error: null };
    await belt.deadLetter(targetNumber(1), death);
    const [letter] = await look("listing_enrichment_dlq");
    await publishByHand(letter?.payload ?? "", letter?.properties ?? {});
    const deliveries = await collect();
    await vi.waitFor(() => expect(deliveries).toHaveLength(1), patience);
    expect(deliveries[0]?.deadLetteredAt).toBeInstanceOf(Date);
    expect(deliveries[0]?.deadline.getTime()).toBeGreaterThan(Date.now() + 11 * 3_600_000);
  });

  it("a handler that throws does not lose the message, nor lets it block those behind it", async () => {
    await belt.publishTargets(targetNumbers(2));
    const handled: string[] = [];
    await consume({
      failurePauseMs: 10,
      handle: async ({ message }) => {
        if (message.target_id === "1") throw new Error("no such luck");
        handled.push(message.target_id);
      },
    });
    await vi.waitFor(() => expect(handled).toEqual(["2"]), patience);
    expect(await ready("listing_enrichment.retry.15s")).toBe(1);
    expect(JSON.parse((await look("listing_enrichment.retry.15s"))[0]?.payload ?? "")).toEqual(
      targetNumber(1).message,
    );
  });
});

describe("poison", () => {
  it.each([
    ["no JSON at all", "<html>", v1, "unreadable", /not JSON/],
    ["an empty body", "", v1, "unreadable", /not JSON/],
    ["JSON that is no target", '{"target_id":5}', v1, "unreadable", /target_id/],
    ["no type", "{}", {}, "unknown-type", /type is not set; it should be pricefleet\.target\.v1/],
    ["a type nobody knows", "{}", { type: "invoice" }, "unknown-type", /"invoice"/],
    ["headers of the wrong kind", "[]", { ...v1, headers: { attempt: "many" } }, "unreadable", /body/],
  ])(
    "%s goes to the DLQ as it is, with its reason, and the next target is worked on",
    async (_, payload, properties, reason, error) => {
      await publishByHand(payload, properties);
      await belt.publishTargets([targetNumber(1)]);
      const deliveries = await collect();
      await vi.waitFor(() => expect(deliveries).toHaveLength(1), patience);
      const [letter] = await look("listing_enrichment_dlq");
      expect(letter?.payload).toBe(payload);
      expect(letter?.properties).toMatchObject({
        ...("type" in properties ? { type: properties.type } : {}),
        delivery_mode: 2,
        headers: { reason, attempts: 0, error: expect.stringMatching(error) },
      });
    },
  );

  it("a message for a newer worker waits for it, unchanged", async () => {
    const properties = {
      type: "pricefleet.target.v2",
      headers: { attempt: 4 },
      content_type: "application/json",
    };
    await publishByHand('{"new":"shape"}', properties);
    await collect();
    await vi.waitFor(async () => expect(await ready("listing_enrichment.retry.60s")).toBe(1), patience);
    const [waiting] = await look("listing_enrichment.retry.60s");
    expect(waiting).toMatchObject({ payload: '{"new":"shape"}', properties });
  });

  it("a message cannot have itself copied to other queues by a CC header", async () => {
    const properties = { type: "pricefleet.target.v2", headers: { CC: ["quote_refresh"] } };
    await publishByHand("{}", properties);
    await collect();
    await vi.waitFor(async () => expect(await ready("listing_enrichment.retry.60s")).toBe(1), patience);
    expect(await ready("quote_refresh")).toBe(1); // the copy that the person's own publish made
  });
});

describe("losses", () => {
  it("a consumer whose queue was deleted declares it again and goes on", async () => {
    const deliveries = await collect();
    await vhost.manage("DELETE", `/queues/${vhost.name}/listing_enrichment`);
    await belt.publishTargets([targetNumber(1)]);
    await vi.waitFor(() => expect(deliveries).toHaveLength(1), patience);
  });

  it("a queue deleted and declared again in the same moment does not leave its consumer without messages", async () => {
    const handled = new Set<string>();
    await consume({ handle: async ({ message }) => void handled.add(message.target_id), stallCheckMs: 200 });
    for (const round of [1, 2, 3, 4, 5]) {
      await vhost.manage("DELETE", `/queues/${vhost.name}/listing_enrichment`);
      await belt.queueDepths(); // declares it
      await belt.publishTargets([targetNumber(round), targetNumber(round + 100)]);
      await vi.waitFor(() => expect(handled).toContain(String(round)), patience);
      await vi.waitFor(() => expect(handled).toContain(String(round + 100)), patience);
    }
  });

  it("when the broker closes the channel under a message in hand, it is delivered again and nothing crashes", async () => {
    const connection = await openConnection({
      url: vhost.url,
      name: "closed channel",
      logger,
      startUpTries: 1,
      onReconnect: () => undefined,
    });
    const opened: Channel[] = [];
    const create = connection.channels.createChannel.bind(connection.channels);
    connection.channels.createChannel = async () => {
      const channel = await create();
      opened.push(channel);
      return channel;
    };
    const gate = Promise.withResolvers<void>();
    const redelivered: boolean[] = [];
    const handle = async (delivery: Delivery) => {
      redelivered.push(delivery.redelivered);
      await gate.promise;
    };
    await belt.publishTargets([targetNumber(1)]);
    const consumer = await startConsumer(
      { queue: "listing_enrichment", concurrency: 1, handle },
      connection,
      createPublisher(connection, logger),
      logger,
    );
    await vi.waitFor(() => expect(redelivered).toEqual([false]), patience);
    const fields = { deliveryTag: 999 };
    // Acknowledging what was never delivered is an error that costs the channel.
    opened[0]?.ack({ fields } as Parameters<Channel["ack"]>[0]);
    await vi.waitFor(() => expect(redelivered).toEqual([false, true]), patience);
    expect(consumer.inHand).toBe(2);
    gate.resolve();
    expect(await consumer.drain(5_000)).toEqual({ drained: true });
    expect(await ready("listing_enrichment")).toBe(0);
    await connection.close();
  });
});

describe("draining", () => {
  it("a drain finishes what is in hand and leaves the rest in the queue", async () => {
    await belt.publishTargets(targetNumbers(10));
    const gate = Promise.withResolvers<void>();
    const consumer = await consume({ concurrency: 3, handle: () => gate.promise });
    await vi.waitFor(() => expect(consumer.inHand).toBe(3), patience);
    const drain = consumer.drain(10_000);
    gate.resolve();
    expect(await drain).toEqual({ drained: true });
    expect(consumer.inHand).toBe(0);
    expect(await ready("listing_enrichment")).toBe(7);
  });

  it("a drain that runs out of time gives the work in hand back to the queue", async () => {
    await belt.publishTargets(targetNumbers(2));
    const gate = Promise.withResolvers<void>();
    const consumer = await consume({ concurrency: 2, handle: () => gate.promise });
    await vi.waitFor(() => expect(consumer.inHand).toBe(2), patience);
    expect(await consumer.drain(50)).toEqual({ drained: false });
    await vi.waitFor(async () => expect(await ready("listing_enrichment")).toBe(2), patience);
    gate.resolve();
  });
});
