import { queueNames, RETRY_RUNGS_SECONDS } from "@pricefleet/contracts";
import type { ChannelModel, Options, RecoveringChannelModel } from "amqplib";
import { QueueUnavailableError } from "./queue-unavailable-error.ts";
import { closeInTime, tooLate, withinTime } from "./within-time.ts";

/**
 * RabbitMQ 4 drops (or dead-letters) a message of a quorum queue after 20 deliveries unless told otherwise; 3.10 reads
 * the -1 that means "never" on 4 as 0. A number that no message reaches means "never" to both. What a target may cost is
 * counted by the book's attempts.
 */
const UNREACHED_DELIVERY_LIMIT = 1_000_000;

const DECLARE_TIMEOUT_MS = 30_000;

interface Queue {
  name: string;
  arguments: Record<string, string | number>;
}

export const deadLetterQueueOf = (queue: string): string => `${queue}_dlq`;
export const rungQueueOf = (queue: string, rungSeconds: number): string => `${queue}.retry.${rungSeconds}s`;

/** Every queue there is. Declaring one with other arguments elsewhere would be refused by the broker. */
const topology: readonly Queue[] = queueNames.flatMap((name) => [
  // Nothing here rejects a message or reaches the limit. What a person rejects in the management UI is kept all the same.
  quorumQueue(name, forwardingTo(deadLetterQueueOf(name))),
  quorumQueue(deadLetterQueueOf(name), {}),
  ...RETRY_RUNGS_SECONDS.map((seconds) =>
    quorumQueue(rungQueueOf(name, seconds), { "x-message-ttl": seconds * 1_000, ...forwardingTo(name) }),
  ),
]);

function quorumQueue(name: string, queueArguments: Queue["arguments"]): Queue {
  return {
    name,
    arguments: {
      "x-queue-type": "quorum",
      "x-delivery-limit": UNREACHED_DELIVERY_LIMIT,
      ...queueArguments,
    },
  };
}

/** At-least-once keeps the message until the other queue has it; the broker allows it only together with reject-publish. */
function forwardingTo(queue: string): Queue["arguments"] {
  return {
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": queue,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
  };
}

/** The rung, in seconds, that a wait of this long starts on: the largest one not longer than it, or the smallest. */
export function rungFor(delayMs: number): number {
  const fitting = RETRY_RUNGS_SECONDS.filter((seconds) => seconds * 1_000 <= delayMs);
  return fitting.at(-1) ?? RETRY_RUNGS_SECONDS[0];
}

export interface QueueDepth {
  /** Messages nobody has taken yet. */
  ready: number;
  consumers: number;
}

/**
 * Declares every queue and tells what the broker has in each. On a channel of its own, which a refusal closes.
 * @throws QueueUnavailableError when the broker does not answer; Error with code 406 when a queue exists with other
 * arguments.
 */
export async function declareTopology(
  connection: ChannelModel | RecoveringChannelModel,
): Promise<Record<string, QueueDepth>> {
  const depths = await withinTime(DECLARE_TIMEOUT_MS, declareAll(connection));
  if (depths !== tooLate) return depths;
  throw new QueueUnavailableError(`RabbitMQ did not declare the queues in ${DECLARE_TIMEOUT_MS / 1_000} s`);
}

async function declareAll(
  connection: ChannelModel | RecoveringChannelModel,
): Promise<Record<string, QueueDepth>> {
  const channel = await connection.createChannel();
  // A refusal also rejects the declaration below, which tells the caller.
  channel.on("error", () => undefined);
  const depths: Record<string, QueueDepth> = {};
  try {
    for (const queue of topology) {
      const options: Options.AssertQueue = { durable: true, arguments: queue.arguments };
      const { messageCount, consumerCount } = await channel.assertQueue(queue.name, options);
      depths[queue.name] = { ready: messageCount, consumers: consumerCount };
    }
    return depths;
  } finally {
    await closeInTime(channel);
  }
}
