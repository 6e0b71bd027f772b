import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import pg from "pg";

interface ListenOptions {
  url: string;
  /** Shown in pg_stat_activity. */
  name: string;
  logger: Logger;
  /** There may be something new: a notification came, or the connection is there (again) and one may have been missed. */
  onNews: () => void;
}

const RECONNECT_AFTER_MS = 1_000;

/**
 * A connection of its own that hears of events (migrations send `price_tracker_events`), made again whenever it is lost.
 * A notification says only that it is worth looking: what happened is in the tables.
 */
export function listenForEvents({ url, name, logger, onNews }: ListenOptions): { close(): Promise<void> } {
  const closing = new AbortController();
  const listening = listenUntilClosed();
  return {
    async close() {
      closing.abort();
      await listening;
    },
  };

  async function listenUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      await listenOnce().catch((error: unknown) => {
        if (!closing.signal.aborted) logger.warn("events are not heard of now", { error: messageOf(error) });
      });
      await sleep(RECONNECT_AFTER_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  async function listenOnce(): Promise<void> {
    const client = new pg.Client({
      connectionString: url,
      application_name: `${name} events`,
      connectionTimeoutMillis: 5_000,
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
    try {
      await client.connect();
      client.on("notification", onNews);
      await client.query("LISTEN price_tracker_events");
      onNews();
      await lost;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
