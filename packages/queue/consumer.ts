import { setTimeout as delay } from "node:timers/promises";
import { messageOf, type QueueName } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import type { Channel, ConsumeMessage } from "amqplib";
import type { Connection } from "./connection.ts";
import type { Publisher } from "./publisher.ts";
import { QueueUnavailableError } from "./queue-unavailable-error.ts";
import { declareTopology } from "./topology.ts";
import { closeInTime, tooLate, withinTime } from "./within-time.ts";
import { type Delivery, settleOn, workOnMessage } from "./work-on-message.ts";

/** How long the first subscription may take. */
const SUBSCRIBE_TIMEOUT_MS = 30_000;
/** Between two tries to subscribe, after a channel or a queue was lost. */
const RESUBSCRIBE_PAUSE_MS = 1_000;
/**
 * A message whose handler threw keeps its place for this long: while PostgreSQL is away, a queue must not be emptied
 * into the delay queues at full speed.
 */
const FAILURE_PAUSE_MS = 5_000;
/**
 * RabbitMQ 3.10 can lose a consumer without a word when its queue is deleted and declared again in the same moment: the
 * broker counts it, but sends it nothing. So a consumer that gets nothing for this long looks whether there is something.
 */
const STALL_CHECK_MS = 30_000;

export interface ConsumeOptions {
  queue: QueueName;
  /** Deliveries in hand at once, which is also the channel's prefetch. */
  concurrency: number;
  /** When it resolves the message is acknowledged. When it throws the message comes again, after a pause. */
  handle(delivery: Delivery): Promise<void>;
  /** How long a message whose handler threw keeps its place; 5 s by default. */
  failurePauseMs?: number;
  /** How often a consumer that gets nothing looks whether its queue is empty; 30 s by default. */
  stallCheckMs?: number;
}

export interface Consumer {
  /** Messages taken and not yet settled. */
  readonly inHand: number;
  /** Takes no more, waits for the work in hand for at most `timeoutMs`, and gives the rest back to the queue. */
  drain(timeoutMs: number): Promise<{ drained: boolean }>;
}

/**
 * Takes messages from a queue until drained, over every loss of the channel, the queue or the broker.
 * @throws QueueUnavailableError when the first subscription does not come about in 30 s.
 */
export async function startConsumer(
  options: ConsumeOptions,
  { channels }: Connection,
  publisher: Publisher,
  parentLogger: Logger,
): Promise<Consumer> {
  const { queue, concurrency, failurePauseMs = FAILURE_PAUSE_MS, stallCheckMs = STALL_CHECK_MS } = options;
  const logger = parentLogger.child({ queue });
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
  const subscribed = Promise.withResolvers<void>();
  const work = new Set<Promise<void>>();
  let current: Channel | null = null;
  let takenCount = 0;
  const messageWork = {
    queue,
    handle: (delivery: Delivery) => options.handle(delivery),
    pauseAfterFailure: () => pause(failurePauseMs),
    publisher,
    logger,
  };

  const ended = staySubscribed();
  const consumer: Consumer = {
    get inHand() {
      return work.size;
    },
    async drain(timeoutMs) {
      stop.abort();
      const drained = (await withinTime(timeoutMs, ended)) !== tooLate;
      // What is not acknowledged on a closed channel is back in its queue.
      if (!drained && current !== null) await closeInTime(current);
      return { drained };
    },
  };
  if ((await withinTime(SUBSCRIBE_TIMEOUT_MS, subscribed.promise)) === tooLate) {
    await consumer.drain(0);
    throw new QueueUnavailableError(`no subscription to ${queue} in ${SUBSCRIBE_TIMEOUT_MS / 1_000} s`);
  }
  return consumer;

  async function staySubscribed(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await subscribeUntilLost();
      } catch (error) {
        const level = stop.signal.aborted ? "debug" : "warn";
        logger.log(level, "cannot take messages", { error: messageOf(error) });
      }
      await pause(RESUBSCRIBE_PAUSE_MS);
    }
    await Promise.all(work);
  }

  async function subscribeUntilLost(): Promise<void> {
    // While the broker is away this waits for it; one opened after the stop ends with the connection.
    const channel = await Promise.race([channels.createChannel(), stopped]);
    if (channel === undefined) return;
    current = channel;
    const lost = Promise.withResolvers<string>();
    channel.on("close", () => lost.resolve("the channel was closed"));
    channel.on("error", (error: Error) => lost.resolve(error.message));
    try {
      await declareTopology(channels);
      await channel.prefetch(concurrency);
      const { consumerTag } = await channel.consume(queue, (raw) => {
        if (raw === null) lost.resolve("the broker cancelled the consumer");
        else take(raw, channel);
      });
      subscribed.resolve();

      const watch = watchForStall(channel, lost.resolve);
      const reason = await Promise.race([lost.promise, stopped]);
      clearInterval(watch);
      if (reason !== undefined) {
        logger.warn("lost the subscription; taking it up again", { reason });
        return;
      }
      await channel.cancel(consumerTag);
      await Promise.all(work);
    } finally {
      await closeInTime(channel);
    }
  }

  function watchForStall(channel: Channel, report: (reason: string) => void): NodeJS.Timeout {
    let takenBefore = Number.NaN;
    return setInterval(() => {
      const isIdle = takenCount === takenBefore && work.size < concurrency;
      takenBefore = takenCount;
      if (isIdle) void lookForMessages();
    }, stallCheckMs);

    async function lookForMessages(): Promise<void> {
      try {
        const { messageCount } = await channel.checkQueue(queue);
        if (messageCount > 0 && takenCount === takenBefore) report("the broker sends nothing of what it has");
      } catch (error) {
        report(messageOf(error));
      }
    }
  }

  function take(raw: ConsumeMessage, channel: Channel): void {
    if (stop.signal.aborted) return settleOn(() => channel.nack(raw), logger);
    takenCount++;
    const job = workOnMessage(raw, channel, messageWork).finally(() => work.delete(job));
    work.add(job);
  }

  async function pause(pauseMs: number): Promise<void> {
    await delay(pauseMs, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}
