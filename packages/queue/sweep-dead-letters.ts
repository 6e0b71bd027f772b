import type { QueueName, TargetMessage } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import type { Channel, GetMessage, MessagePropertyHeaders } from "amqplib";
import type { Connection } from "./connection.ts";
import { readBody, sameParcel } from "./messages.ts";
import type { Publisher } from "./publisher.ts";
import { QueueUnavailableError } from "./queue-unavailable-error.ts";
import { deadLetterQueueOf, declareTopology } from "./topology.ts";
import { closeInTime } from "./within-time.ts";

const BATCH_MESSAGES = 100;

/** Is this target's dead letter still wanted? */
export type KeepDeadLetter = (message: TargetMessage, headers: MessagePropertyHeaders) => Promise<boolean>;

export interface SweepResult {
  kept: number;
  removed: number;
}

/**
 * Reads a DLQ once through, at most `limit` messages: acknowledges what is no longer wanted, and publishes the rest
 * again, at the queue's end, before acknowledging it. What is about no target is kept. A sweep that breaks off leaves
 * every message there, some of them twice.
 * @throws QueueUnavailableError when the broker does not confirm.
 */
export async function sweepDeadLetters(
  queue: QueueName,
  keep: KeepDeadLetter,
  limit: number,
  { channels }: Connection,
  publisher: Publisher,
  logger: Logger,
): Promise<SweepResult> {
  const deadLetterQueue = deadLetterQueueOf(queue);
  const depths = await declareTopology(channels);
  const channel = await channels.createChannel();
  channel.on("error", (error) => logger.warn("the sweep's channel failed", { error: error.message }));
  const result = { kept: 0, removed: 0 };
  try {
    let left = Math.min(limit, depths[deadLetterQueue]?.ready ?? 0);
    while (left > 0) {
      const batch = await read(channel, deadLetterQueue, Math.min(left, BATCH_MESSAGES));
      const kept: GetMessage[] = [];
      for (const raw of batch) if (await isWanted(raw)) kept.push(raw);
      const outcomes = await publisher.publish(kept.map((raw) => sameParcel(deadLetterQueue, raw)));
      if (outcomes.some((outcome) => outcome !== "confirmed"))
        throw new QueueUnavailableError(`RabbitMQ did not confirm what goes back to ${deadLetterQueue}`);
      for (const raw of batch) channel.ack(raw);
      result.kept += kept.length;
      result.removed += batch.length - kept.length;
      left = batch.length === 0 ? 0 : left - batch.length;
    }
    return result;
  } finally {
    await closeInTime(channel);
  }

  async function isWanted(raw: GetMessage): Promise<boolean> {
    const body = readBody(raw.content);
    return "error" in body || keep(body.message, raw.properties.headers ?? {});
  }
}

async function read(channel: Channel, queue: string, count: number): Promise<GetMessage[]> {
  const messages: GetMessage[] = [];
  while (messages.length < count) {
    const raw = await channel.get(queue);
    if (raw === false) break;
    messages.push(raw);
  }
  return messages;
}
