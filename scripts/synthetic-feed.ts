import { setTimeout as delay } from "node:timers/promises";
import { connectDatabase, type Database, findLatestQuotes, subscribeTo } from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { firstPrices } from "../test/market-feed/index.ts";
import type { ServiceSpec } from "./processes.ts";
import { findFreePort } from "./servers/index.ts";

const QUOTED_WITHIN_MS = 30_000;

/** The feed of test/market-feed as a service of the stack, and where the streamer finds it. */
export async function syntheticFeed(): Promise<{
  environment: Record<string, string>;
  service: ServiceSpec;
}> {
  const port = await findFreePort();
  return {
    environment: { TRADINGVIEW_WS_URL: `ws://127.0.0.1:${port}/socket.io/websocket` },
    service: {
      name: "synthetic-feed",
      file: "test/market-feed/main.ts",
      environment: { PORT: String(port) },
    },
  };
}

/**
 * Subscribes to the instruments that the synthetic feed knows, and waits until each has a quote: a listing that is seen
 * before that has no value in the base currency.
 */
export async function subscribeToSyntheticFeed(
  databaseUrl: string,
  { report, interrupted }: { report: (line: string) => void; interrupted: AbortSignal },
): Promise<void> {
  const logger = createLogger({ service: "scripts", level: "error", format: "console" });
  const db = await connectDatabase({ url: databaseUrl, poolMax: 1, name: "scripts", logger });
  try {
    const instruments = Object.keys(firstPrices);
    const since = new Date();
    await subscribeTo(db, "tradingview", instruments);
    const missing = await untilQuoted(db, instruments, since, interrupted);
    if (missing.length > 0) report(`The synthetic feed has not quoted ${missing.join(", ")} yet.`);
  } finally {
    await db.destroy();
  }
}

/** @returns those that were not quoted within half a minute. */
async function untilQuoted(
  db: Database,
  instruments: readonly string[],
  since: Date,
  interrupted: AbortSignal,
): Promise<string[]> {
  const deadline = Date.now() + QUOTED_WITHIN_MS;
  for (;;) {
    interrupted.throwIfAborted();
    const rows = await findLatestQuotes(db, null);
    const quoted = new Set(
      rows
        .filter(({ received_at: receivedAt }) => receivedAt >= since)
        .map(({ exchange, symbol }) => `${exchange}:${symbol}`),
    );
    const missing = instruments.filter((name) => !quoted.has(name));
    if (missing.length === 0 || Date.now() > deadline) return missing;
    await delay(200);
  }
}
