import { readFileSync } from "node:fs";
import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import { type ChannelModel, connect, type RecoveringChannelModel } from "amqplib";
import { QueueUnavailableError } from "./queue-unavailable-error.ts";
import { declareTopology } from "./topology.ts";
import { closeInTime } from "./within-time.ts";

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A broker that is gone without a word is noticed after two of these. */
const HEARTBEAT_SECONDS = 20;
const PRECONDITION_FAILED = 406;

export interface ConnectionOptions {
  /**
   * amqp: or amqps:, with the vhost as its path. As in RabbitMQ's own URI, `cacertfile` names the file of the authority
   * that signed the broker's certificate.
   */
  url: string;
  /** Shown by the management UI. */
  name: string;
  logger: Logger;
  /** How often the first connection is tried before giving up; about 4 s apart after the first few. */
  startUpTries: number;
  onReconnect: () => void;
}

export interface Connection {
  /** Opens channels; while the broker is away it waits for it. */
  readonly channels: RecoveringChannelModel;
  /** Connected, and the broker takes messages (it takes none while its memory or disk runs out). */
  isReady(): boolean;
  close(): Promise<void>;
}

/**
 * A connection that comes back by itself, with every queue declared before anybody uses it: after a restart of the
 * broker, and after its data was wiped.
 * @throws QueueUnavailableError after all start-up tries, or at once when a queue exists with other arguments.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { logger } = options;
  const broker = new URL(options.url).host;
  const channels = await connect(withHeartbeat(options.url), {
    timeout: HANDSHAKE_TIMEOUT_MS,
    ...authorityOf(options.url),
    clientProperties: { connection_name: `pricefleet ${options.name}` },
    recovery: {
      initialDelay: 200,
      maxDelay: 5_000,
      initialMaxRetries: options.startUpTries - 1,
      waitForConnect: false,
      async setup(model: ChannelModel) {
        // amqplib listens to a connection only after this; a break in between must not count as an uncaught error.
        model.on("error", () => undefined);
        try {
          await declareTopology(model);
        } catch (error) {
          // amqplib closes it too, but without a bound, and would never connect again if the broker died meanwhile.
          await closeInTime(model);
          throw error;
        }
      },
    },
  });

  let isConnected = false;
  let isBlocked = false;
  let connectedBefore = false;
  let refusal: Error | null = null;
  channels.on("connect", () => {
    isConnected = true;
    isBlocked = false;
    logger.info(connectedBefore ? "RabbitMQ is back" : "connected to RabbitMQ", { broker });
    if (connectedBefore) options.onReconnect();
    connectedBefore = true;
  });
  channels.on("disconnect", (error: Error) => {
    isConnected = false;
    logger.warn("lost RabbitMQ; connecting again", { broker, error: error.message });
  });
  channels.on("connect-failed", (error: Error) => {
    logger.warn("cannot use RabbitMQ yet", { broker, error: error.message });
    if (connectedBefore || !isRefusal(error)) return;
    refusal = error;
    // Rejects waitForConnect below.
    void channels.close();
  });
  channels.on("blocked", (reason: string) => {
    isBlocked = true;
    logger.warn("RabbitMQ takes no messages for now", { broker, reason });
  });
  channels.on("unblocked", () => {
    isBlocked = false;
    logger.info("RabbitMQ takes messages again", { broker });
  });
  // "disconnect" follows and is logged; without this listener the process would end.
  channels.on("error", () => undefined);

  try {
    await channels.waitForConnect();
  } catch (error) {
    if (refusal !== null) {
      throw new QueueUnavailableError(
        `a queue at ${broker} exists with other arguments than Pricefleet's; delete it there: ${messageOf(refusal)}`,
        refusal,
      );
    }
    throw new QueueUnavailableError(
      `RabbitMQ at ${broker} could not be reached in ${options.startUpTries} tries: ${messageOf(error)}`,
      error,
    );
  }
  return {
    channels,
    isReady: () => isConnected && !isBlocked,
    async close() {
      isConnected = false;
      await closeInTime(channels);
    },
  };
}

function withHeartbeat(url: string): string {
  const address = new URL(url);
  if (!address.searchParams.has("heartbeat"))
    address.searchParams.set("heartbeat", String(HEARTBEAT_SECONDS));
  return address.href;
}

/** @throws QueueUnavailableError when the file cannot be read. */
function authorityOf(url: string): { ca?: Buffer } {
  const file = new URL(url).searchParams.get("cacertfile");
  if (file === null) return {};
  try {
    return { ca: readFileSync(file) };
  } catch (error) {
    throw new QueueUnavailableError(`cacertfile of AMQP_URL cannot be read: ${messageOf(error)}`, error);
  }
}

const isRefusal = (error: Error): boolean => "code" in error && error.code === PRECONDITION_FAILED;
