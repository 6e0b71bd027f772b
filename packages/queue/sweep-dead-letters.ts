import type { QueueName, TargetMessage } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import type { Channel, GetMessage } from "amqplib";
import type { Connection } from "./connection.ts";
import { type Parcel, readMessage, sameParcel } from "./messages.ts";
import type { Publisher } from "./publisher.ts";
import { QueueUnavailableError } from "./queue-unavailable-error.ts";
import { deadLetterQueueOf, declareTopology } from "./topology.ts";
import { closeInTime } from "./within-time.ts";

const BATCH_MESSAGES = 200;

/** A message in a DLQ that no worker can read. */
export interface PoisonLetter {
  /** Given to it here if it had none; it keeps it. */
  messageId: string;
  headers: Record<string, unknown>;
  body: Buffer;
  /** Why it is here, as its header says. Null: somebody put it here by hand. */
  reason: string | null;
  /** What is wrong with it. */
  error: string;
  deadLetteredAt: Date | null;
}

/** Says for each of a batch, in its order, whether it is still wanted in the DLQ. */
export interface DeadLetterJudge {
  keepTargets(messages: readonly TargetMessage[]): Promise<boolean[]>;
  keepPoison(letters: readonly PoisonLetter[]): Promise<boolean[]>;
}

export interface SweepResult {
  kept: number;
  removed: number;
  /** All that lay there at the beginning was read. */
  isWhole: boolean;
}

/**
 * Reads a DLQ once through, at most `limit` messages: acknowledges what is no longer wanted, and publishes the rest
 * again, at the queue's end, before acknowledging it. What a newer version wrote is kept. A sweep that breaks off leaves
 * every message there, some of them twice.
 * @throws QueueUnavailableError when the broker does not confirm.
 */
export async function sweepDeadLetters(
  queue: QueueName,
  judge: DeadLetterJudge,
  limit: number,
  { channels }: Connection,
  publisher: Publisher,
  logger: Logger,
): Promise<SweepResult> {
  const deadLetterQueue = deadLetterQueueOf(queue);
  const depths = await declareTopology(channels);
  const ready = depths[deadLetterQueue]?.ready ?? 0;
  const channel = await channels.createChannel();
  channel.on("error", (error) => logger.warn("the sweep's channel failed", { error: error.message }));
  const result: SweepResult = { kept: 0, removed: 0, isWhole: ready <= limit };
  try {
    let left = Math.min(limit, ready);
    while (left > 0) {
      const batch = await read(channel, deadLetterQueue, Math.min(left, BATCH_MESSAGES));
      const parcels = batch.map((raw) => sameParcel(deadLetterQueue, raw));
      const wanted = await judgeAll(batch, parcels, judge);
      const kept = parcels.filter((_, index) => wanted[index]);
      const outcomes = await publisher.publish(kept);
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
}

async function judgeAll(
  batch: readonly GetMessage[],
  parcels: readonly Parcel[],
  judge: DeadLetterJudge,
): Promise<boolean[]> {
  const wanted = batch.map(() => true);
  const targets: { index: number; message: TargetMessage }[] = [];
  const poison: { index: number; letter: PoisonLetter }[] = [];
  for (const [index, raw] of batch.entries()) {
    const reading = readMessage(raw);
    const parcel = parcels[index];
    if (reading.is === "target") targets.push({ index, message: reading.message });
    if (reading.is === "poison" && parcel !== undefined)
      poison.push({ index, letter: poisonLetter(parcel, reading.error.message) });
  }
  if (targets.length > 0) {
    const answers = await judge.keepTargets(targets.map(({ message }) => message));
    for (const [place, { index }] of targets.entries()) wanted[index] = answers[place] ?? true;
  }
  if (poison.length > 0) {
    const answers = await judge.keepPoison(poison.map(({ letter }) => letter));
    for (const [place, { index }] of poison.entries()) wanted[index] = answers[place] ?? true;
  }
  return wanted;
}

function poisonLetter({ messageId, headers, body }: Parcel, error: string): PoisonLetter {
  const { reason, dead_lettered_at: deadLetteredAt } = headers;
  const at = new Date(typeof deadLetteredAt === "string" ? deadLetteredAt : Number.NaN);
  return {
    messageId,
    headers,
    body,
    reason: typeof reason === "string" ? reason : null,
    error,
    deadLetteredAt: Number.isNaN(at.getTime()) ? null : at,
  };
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
