import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import type { ConfirmChannel, Message } from "amqplib";
import type { Connection } from "./connection.ts";
import type { Parcel } from "./messages.ts";
import { QueueUnavailableError } from "./queue-unavailable-error.ts";
import { declareTopology } from "./topology.ts";
import { closeInTime, tooLate, withinTime } from "./within-time.ts";

/** How long the broker may take to open a channel, and to confirm a window of messages. */
const CONFIRM_TIMEOUT_MS = 30_000;
/** Messages on their way to the broker without its confirmation. */
const WINDOW_MESSAGES = 1_000;

/** Gives the broker time to tell the consumers of a deleted queue, which declaring it again at once can prevent. */
const REDECLARE_PAUSE_MS = 500;

/**
 * What became of a message: `confirmed` is on disk; `returned` found no queue of its name; `nacked` was refused;
 * of an `unconfirmed` one nobody knows whether it arrived.
 */
export type Outcome = "confirmed" | "returned" | "nacked" | "unconfirmed";

export interface Publisher {
  /** Publishes and waits for the broker's word on each; outcomes in the order of the parcels. Never throws. */
  publish(parcels: readonly Parcel[]): Promise<Outcome[]>;
  /** @throws QueueUnavailableError when the broker does not confirm it; it may have arrived all the same. */
  publishOne(parcel: Parcel): Promise<void>;
}

interface OpenChannel {
  channel: ConfirmChannel;
  /** Correlation ids of messages that came back as unroutable. The broker returns a message before it confirms it. */
  returned: Set<string>;
}

/** One confirm channel for all that this process publishes; a new one after it was lost. */
export function createPublisher(connection: Connection, logger: Logger): Publisher {
  let opening: Promise<OpenChannel> | null = null;
  let publishedCount = 0;

  return {
    async publish(parcels) {
      const outcomes: Outcome[] = [];
      for (let start = 0; start < parcels.length; start += WINDOW_MESSAGES) {
        outcomes.push(...(await publishWindow(parcels.slice(start, start + WINDOW_MESSAGES))));
      }
      return outcomes;
    },
    async publishOne(parcel) {
      const [outcome] = await publishWindow([parcel]);
      if (outcome === "confirmed") return;
      throw new QueueUnavailableError(`a message to ${parcel.queue} was ${outcome} by RabbitMQ`);
    },
  };

  async function publishWindow(parcels: readonly Parcel[]): Promise<Outcome[]> {
    const outcomes = await sendAndAwait(parcels);
    const returned = parcels.filter((_, index) => outcomes[index] === "returned");
    if (returned.length === 0) return outcomes;
    // Somebody deleted a queue. Make it again, and give what came back its second chance.
    try {
      await delay(REDECLARE_PAUSE_MS);
      await declareTopology(connection.channels);
    } catch (error) {
      logger.error("a missing queue could not be declared", { error: messageOf(error) });
      return outcomes;
    }
    const second = await sendAndAwait(returned);
    return outcomes.map((outcome) => (outcome === "returned" ? (second.shift() ?? outcome) : outcome));
  }

  async function sendAndAwait(parcels: readonly Parcel[]): Promise<Outcome[]> {
    const outcomes = parcels.map((): Outcome => "unconfirmed");
    try {
      const open = await withinTime(CONFIRM_TIMEOUT_MS, openChannel());
      if (open === tooLate) throw new Error("RabbitMQ is away");
      const confirms = parcels.map(async (parcel, index) => {
        outcomes[index] = await send(open, parcel, String(++publishedCount));
      });
      if ((await withinTime(CONFIRM_TIMEOUT_MS, Promise.all(confirms))) === tooLate) {
        opening = null;
        void closeInTime(open.channel);
        throw new Error(`RabbitMQ did not confirm within ${CONFIRM_TIMEOUT_MS / 1_000} s`);
      }
    } catch (error) {
      logger.warn("publishing was cut off", { error: messageOf(error) });
    }
    return [...outcomes];
  }

  function openChannel(): Promise<OpenChannel> {
    if (opening !== null) return opening;
    const mine = connection.channels.createConfirmChannel().then((channel) => {
      const returned = new Set<string>();
      channel.on("return", (message: Message) => returned.add(String(message.properties.correlationId)));
      channel.on("close", forget);
      channel.on("error", (error) => logger.warn("the publishing channel failed", { error: error.message }));
      return { channel, returned };
    });
    mine.catch(forget);
    opening = mine;
    return mine;

    function forget() {
      if (opening === mine) opening = null;
    }
  }
}

/** Rejects where the channel is gone already. */
function send({ channel, returned }: OpenChannel, parcel: Parcel, correlationId: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const { type, contentType, messageId, headers } = parcel;
    channel.publish(
      "",
      parcel.queue,
      parcel.body,
      {
        persistent: true,
        mandatory: true,
        timestamp: Math.floor(Date.now() / 1_000),
        correlationId,
        type,
        contentType,
        messageId,
        headers,
      },
      (error: Error | null) => {
        if (error === null) resolve(returned.delete(correlationId) ? "returned" : "confirmed");
        else resolve(error.message === "message nacked" ? "nacked" : "unconfirmed");
      },
    );
  });
}
