import { messageOf, type QueueName } from "@pricefleet/contracts";
import { type LogFields, type Logger, withLogFields } from "@pricefleet/logging";
import type { Channel, ConsumeMessage } from "amqplib";
import {
  type OutgoingTarget,
  type Parcel,
  poisonParcel,
  readMessage,
  type Reading,
  sameParcel,
} from "./messages.ts";
import type { Publisher } from "./publisher.ts";
import { deadLetterQueueOf, rungFor, rungQueueOf } from "./topology.ts";

/**
 * How long a message whose handler threw rides after its pause. It makes room for others, so that one which always
 * fails does not block its queue.
 */
const FAILURE_DELAY_MS = 15_000;
/** A message for a newer worker waits for one. */
const NEWER_TYPE_DELAY_MS = 60_000;

/** A target that came out of a work queue. */
export interface Delivery extends OutgoingTarget {
  queue: QueueName;
  /** Set when a person moved the message here out of the DLQ. */
  deadLetteredAt: Date | null;
  /** The broker has handed it out before. */
  redelivered: boolean;
}

interface MessageWork {
  queue: QueueName;
  handle(delivery: Delivery): Promise<void>;
  /** Keeps a failed message in its place for a while. */
  pauseAfterFailure(): Promise<void>;
  publisher: Publisher;
  logger: Logger;
}

/** Never rejects: the message is acknowledged, put somewhere else by a confirmed publish, or given back to its queue. */
export function workOnMessage(raw: ConsumeMessage, channel: Channel, work: MessageWork): Promise<void> {
  const reading = readMessage(raw);
  return withLogFields(fieldsOf(reading), () => workOnReading(reading, raw, channel, work));
}

/** All that is logged until the message is acknowledged, by whichever package, says which target it is about. */
function fieldsOf(reading: Reading): LogFields {
  if (reading.is !== "target") return {};
  const { run_id, target_id, host, request_id = null } = reading.message;
  return { run_id, target_id, request_id, host };
}

async function workOnReading(
  reading: Reading,
  raw: ConsumeMessage,
  channel: Channel,
  work: MessageWork,
): Promise<void> {
  const { queue, logger } = work;
  const settle = (answer: () => void) => settleOn(answer, logger);
  try {
    await decide(reading, raw, work);
    settle(() => channel.ack(raw));
    logger.debug("message acknowledged");
  } catch (error) {
    logger.error("a message could not be worked on", {
      message_id: raw.properties.messageId,
      error: messageOf(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
    await work.pauseAfterFailure();
    try {
      await ride(sameParcel(queue, raw), FAILURE_DELAY_MS, work);
      settle(() => channel.ack(raw));
    } catch (failure) {
      logger.warn("gave the message back to its queue", { error: messageOf(failure) });
      settle(() => channel.nack(raw));
    }
  }
}

async function decide(reading: Reading, raw: ConsumeMessage, work: MessageWork): Promise<void> {
  const { queue, publisher, logger } = work;
  switch (reading.is) {
    case "newer":
      return ride(sameParcel(queue, raw), NEWER_TYPE_DELAY_MS, work);
    case "poison": {
      const { reason, message } = reading.error;
      logger.error("dead-lettered a message nobody can work on", { reason, error: message });
      return publisher.publishOne(
        poisonParcel(deadLetterQueueOf(queue), raw, { reason, attempts: 0, error: message }),
      );
    }
    case "target": {
      const { is: _, notBefore, ...target } = reading;
      const remainingMs = notBefore === null ? 0 : notBefore.getTime() - Date.now();
      if (remainingMs > 0) return ride(sameParcel(queue, raw), remainingMs, work);
      return work.handle({ ...target, queue, redelivered: raw.fields.redelivered });
    }
  }
}

function ride(parcel: Parcel, delayMs: number, { queue, publisher }: MessageWork): Promise<void> {
  return publisher.publishOne({ ...parcel, queue: rungQueueOf(queue, rungFor(delayMs)) });
}

/** On a channel that is gone there is nothing to settle: the broker has taken the message back. */
export function settleOn(answer: () => void, logger: Logger): void {
  try {
    answer();
  } catch (error) {
    logger.debug("the channel was gone before the answer", { error: messageOf(error) });
  }
}
