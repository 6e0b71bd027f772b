import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import pg from "pg";

interface ListenOptions {
  url: string;
  /** Shown in pg_stat_activity. */
  name: string;
  logger: Logger;
  channels: readonly string[];
  onNotification: (channel: string, payload: string) => void;
  /** The connection is there, or there again: notifications may have been missed before it. */
  onConnected: () => void;
}

export interface Listening {
  /**
   * Everything that was committed before this moment has been heard of: by the clock of performance.now(), in
   * milliseconds; -Infinity before the first connection.
   */
  heardUntilMs(): number;
  close(): Promise<void>;
}

const RECONNECT_AFTER_MS = 500;
/** Asking for nothing, in a connection that brings what was told before it asked. */
const HEARTBEAT_MS = 500;
/** A connection that has not answered for so long is given up: its peer may have vanished without a word. */
const HEARTBEAT_TIMEOUT_MS = 2_000;

/**
 * A connection of its own that hears what PostgreSQL's NOTIFY tells, made again whenever it is lost. A notification says
 * only that it is worth looking: what happened is in the tables.
 */
export function listen(options: ListenOptions): Listening {
  const { url, name, logger, channels, onNotification, onConnected } = options;
  const closing = new AbortController();
  let heardUntil = Number.NEGATIVE_INFINITY;
  const listening = listenUntilClosed();
  return {
    heardUntilMs: () => heardUntil,
    async close() {
      closing.abort();
      await listening;
    },
  };

  async function listenUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      await listenOnce().catch((error: unknown) => {
        if (!closing.signal.aborted)
          logger.warn("notifications are not heard now", { error: messageOf(error) });
      });
      await sleep(RECONNECT_AFTER_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  async function listenOnce(): Promise<void> {
    const client = new pg.Client({
      connectionString: url,
      application_name: `${name} events`,
      connectionTimeoutMillis: 5_000,
      query_timeout: HEARTBEAT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    const lost = new Promise<void>((resolve, reject) => {
      client.once("end", resolve);
      client.on("error", reject);
      closing.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    // Awaited below; until then its rejection must not count as unhandled.
    lost.catch(() => undefined);
    const over = new AbortController();
    try {
      await client.connect();
      client.on("notification", ({ channel, payload }) => onNotification(channel, payload ?? ""));
      for (const channel of channels) await client.query(`LISTEN ${channel}`);
      onConnected();
      await Promise.race([lost, beat(client, over.signal)]);
    } finally {
      over.abort();
      await client.end().catch(() => undefined);
    }
  }

  async function beat(client: pg.Client, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const askedAt = performance.now();
      await client.query("SELECT 1");
      heardUntil = askedAt;
      await sleep(HEARTBEAT_MS, undefined, { signal: over }).catch(() => undefined);
    }
  }
}
