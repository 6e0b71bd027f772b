import { beforeEach, afterAll, describe, expect, it } from "vitest";
import { createTestVhost } from "../../test/harness/index.ts";
import { connectBelt, type PublishableTarget, publishDueTargets } from "./index.ts";
import { openConnection } from "./connection.ts";
import { targetParcel } from "./messages.ts";
import { createPublisher } from "./publisher.ts";
import { quietLogger as logger, silentLogger, targetNumber, targetNumbers } from "./targets-for-tests.ts";

const vhost = await createTestVhost();
const belt = await connectBelt({ url: vhost.url, name: "publisher test", logger });
afterAll(() => belt.close());
beforeEach(() => vhost.manage("DELETE", `/queues/${vhost.name}/listing_enrichment/contents`));

interface ListedMessage {
  payload: string;
  properties: Record<string, unknown> & { headers: Record<string, unknown> };
}

/** As a person sees them in the management UI; they stay in the queue. */
async function look(queue: string): Promise<ListedMessage[]> {
  const request = { count: 10, ackmode: "ack_requeue_true", encoding: "auto" };
  return (await vhost.manage("POST", `/queues/${vhost.name}/${queue}/get`, request)) as ListedMessage[];
}

const ready = async (queue: string) => (await belt.queueDepths())[queue]?.ready;

describe("publishing", () => {
  it("a person can read the message and why it is there", async () => {
    const target = targetNumber(1);
    expect(await belt.publishTargets([target])).toEqual(["confirmed"]);
    const [message] = await look("listing_enrichment");
    expect(JSON.parse(message?.payload ?? "")).toEqual(target.message);
    expect(message?.properties).toMatchObject({
      content_type: "application/json",
      delivery_mode: 2,
      message_id: "target-1-1",
      type: "pricefleet.target.v1",
      timestamp: expect.closeTo(Date.now() / 1_000, -2),
      headers: {
        attempt: 1,
        source: "sample",
        host: "shop.example.com",
        reason: "new",
        deadline: "2100-01-01T00:00:00.000Z",
      },
    });
  });

  it("ten thousand targets are all confirmed and all there", async () => {
    const outcomes = await belt.publishTargets(targetNumbers(10_000));
    expect(outcomes.filter((outcome) => outcome === "confirmed")).toHaveLength(10_000);
    expect(await ready("listing_enrichment")).toBe(10_000);
  });

  it("a target for a queue that does not exist is returned, and the others arrive", async () => {
    const outcomes = await belt.publishTargets([
      targetNumber(1),
      targetNumber(2, { queue: "no_such_queue" }),
      targetNumber(3),
    ]);
    expect(outcomes).toEqual(["confirmed", "returned", "confirmed"]);
    expect(await ready("listing_enrichment")).toBe(2);
  });

  it("a deleted queue is declared again, and the message arrives there", async () => {
    await vhost.manage("DELETE", `/queues/${vhost.name}/listing_enrichment`);
    expect(await belt.publishTargets(targetNumbers(3))).toEqual(["confirmed", "confirmed", "confirmed"]);
    expect(await ready("listing_enrichment")).toBe(3);
  });

  it("a channel that the broker closed is replaced, and what was on its way is not called confirmed", async () => {
    const connection = await openConnection({
      url: vhost.url,
      name: "closed channel",
      logger: silentLogger,
      startUpTries: 1,
      onReconnect: () => undefined,
    });
    const publisher = createPublisher(connection, silentLogger);
    const create = connection.channels.createConfirmChannel.bind(connection.channels);
    connection.channels.createConfirmChannel = async () => {
      const channel = await create();
      connection.channels.createConfirmChannel = create;
      // The broker closes the channel of whoever publishes to an exchange that does not exist.
      channel.publish("no such exchange", "", Buffer.from(""));
      return channel;
    };
    const parcel = targetParcel(targetNumber(1), null);
    expect(await publisher.publish([parcel])).toEqual(["unconfirmed"]);
    expect(await publisher.publish([parcel])).toEqual(["confirmed"]);
    await connection.close();
  });

  it("a dead letter says who, why and when, and an error without end is cut", async () => {
    const error = "e".repeat(100_000);
    const { queue, message } = targetNumber(5, { queue: "quote_refresh" });
    await belt.deadLetter({ queue, message }, { reason: "captcha", attempts: 4, error });
    const [letter] = await look("quote_refresh_dlq");
    expect(JSON.parse(letter?.payload ?? "")).toEqual(message);
    expect(letter?.properties.headers).toMatchObject({
      reason: "captcha",
      attempts: 4,
      source: "sample",
      host: "shop.example.com",
      error: "e".repeat(1_000),
      dead_lettered_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
  });
});

describe("publishing what is due", () => {
  const row: PublishableTarget = {
    targetId: "11",
    publishId: 3,
    runId: "7",
    requestId: "who-asked",
    queue: "listing_enrichment",
    source: "sample",
    host: "shop.example.com",
    url: "https://shop.example.com/item/11",
    attempts: 1,
  };

  it("what the book marks as queued is published with its publish id and a deadline", async () => {
    const takeDue = async (limit: number) => [row].slice(0, limit);
    expect(await publishDueTargets({ belt, book: { takeDue }, limit: 10, logger })).toEqual({ published: 1 });
    const [message] = await look("listing_enrichment");
    expect(JSON.parse(message?.payload ?? "")).toMatchObject({ target_id: "11", publish_id: 3 });
    expect(message?.properties.headers).toMatchObject({ attempt: 2, reason: "again" });
    const hours = (Date.parse(String(message?.properties.headers["deadline"])) - Date.now()) / 3_600_000;
    expect(hours).toBeCloseTo(12, 1);
  });

  it("what is not confirmed is left to the book, and the rest counts", async () => {
    const takeDue = async () => [row, { ...row, queue: "no_such_queue" }];
    const result = await publishDueTargets({ belt, book: { takeDue }, limit: 10, logger: silentLogger });
    expect(result).toEqual({ published: 1 });
  });

  it("nothing is marked in the book while the broker is away", async () => {
    const closed = await connectBelt({ url: vhost.url, name: "closed", logger });
    await closed.close();
    const takeDue = () => Promise.reject(new Error("the book was asked"));
    expect(await publishDueTargets({ belt: closed, book: { takeDue }, limit: 10, logger })).toEqual({
      published: 0,
    });
  });
});
