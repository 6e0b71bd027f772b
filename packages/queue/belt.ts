import type { QueueName, TargetMessage } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { openConnection } from "./connection.ts";
import { type ConsumeOptions, type Consumer, startConsumer } from "./consumer.ts";
import {
  type DeathCertificate,
  deadTargetParcel,
  type OutgoingTarget,
  type PublishableTarget,
  targetMessageOf,
  targetParcel,
} from "./messages.ts";
import { createPublisher, type Outcome } from "./publisher.ts";
import { type DeadLetterJudge, type SweepResult, sweepDeadLetters } from "./sweep-dead-letters.ts";
import { deadLetterQueueOf, declareTopology, type QueueDepth, rungFor, rungQueueOf } from "./topology.ts";

export interface BeltOptions {
  url: string;
  logger: Logger;
  /** Shown as the connection's name by the management UI. */
  name: string;
  /** 30 by default, which takes about two minutes. */
  startUpTries?: number;
  /** The broker was away, and may have lost what it had. */
  onReconnect?: () => void;
}

/** The conveyor belt: how targets travel between processes. The book (PostgreSQL) survives the loss of all that is on it. */
export interface Belt {
  /** Connected, and the broker takes messages. */
  isReady(): boolean;
  /** Persistent, mandatory, confirmed in bulk; outcomes in the order of the targets. Never throws. */
  publishTargets(targets: readonly OutgoingTarget[]): Promise<Outcome[]>;
  /**
   * Delivers the target to its queue after the delay: never before it, and at most about a second after. Longer delays
   * than a delay queue's ride several, one after the other.
   * @throws QueueUnavailableError when RabbitMQ does not confirm.
   */
  publishLater(target: OutgoingTarget, delayMs: number): Promise<void>;
  /** Puts a target's message into the DLQ. @throws QueueUnavailableError when RabbitMQ does not confirm. */
  deadLetter(target: { queue: string; message: TargetMessage }, death: DeathCertificate): Promise<void>;
  /** The same for a row of the book whose dead letter was not confirmed. */
  deadLetterTarget(row: PublishableTarget, death: DeathCertificate): Promise<void>;
  /** @throws QueueUnavailableError when the first subscription does not come about. */
  consume(options: ConsumeOptions): Promise<Consumer>;
  /** Of every queue, by its name. */
  queueDepths(): Promise<Record<string, QueueDepth>>;
  /**
   * Reads the DLQ of a queue once through, 200,000 messages by default: removes what the judge says no to.
   * @throws QueueUnavailableError when RabbitMQ does not confirm; every message is still there.
   */
  sweepDeadLetters(queue: QueueName, judge: DeadLetterJudge, limit?: number): Promise<SweepResult>;
  /** Gives back what is in hand, and ends the connection. Drain the consumers first. */
  close(): Promise<void>;
}

/**
 * Connects to RabbitMQ and declares the queues. From then on the connection and its consumers come back by themselves.
 * @throws QueueUnavailableError after all start-up tries, or at once when a queue exists with other arguments.
 */
export async function connectBelt(options: BeltOptions): Promise<Belt> {
  const { url, name, logger, startUpTries = 30, onReconnect = () => undefined } = options;
  const connection = await openConnection({ url, name, logger, startUpTries, onReconnect });
  const publisher = createPublisher(connection, logger);
  const consumers: Consumer[] = [];

  return {
    isReady: () => connection.isReady(),
    publishTargets: (targets) => publisher.publish(targets.map((target) => targetParcel(target, null))),
    publishLater(target, delayMs) {
      const parcel = targetParcel(target, new Date(Date.now() + delayMs));
      return publisher.publishOne({ ...parcel, queue: rungQueueOf(target.queue, rungFor(delayMs)) });
    },
    deadLetter: ({ queue, message }, death) =>
      publisher.publishOne(deadTargetParcel(deadLetterQueueOf(queue), message, death)),
    deadLetterTarget: (row, death) =>
      publisher.publishOne(deadTargetParcel(deadLetterQueueOf(row.queue), targetMessageOf(row), death)),
    async consume(consumeOptions) {
      const consumer = await startConsumer(consumeOptions, connection, publisher, logger);
      consumers.push(consumer);
      return consumer;
    },
    queueDepths: () => declareTopology(connection.channels),
    sweepDeadLetters: (queue, judge, limit = 200_000) =>
      sweepDeadLetters(queue, judge, limit, connection, publisher, logger),
    async close() {
      await Promise.all(consumers.map((consumer) => consumer.drain(0)));
      await connection.close();
    },
  };
}
