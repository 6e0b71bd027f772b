import { connectDatabase, subscribeTo } from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import type { ServiceSpec } from "./processes.ts";
import { findFreePort } from "./servers/index.ts";

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

/** Subscribes to the instruments that the synthetic feed knows. */
export async function subscribeToSyntheticFeed(databaseUrl: string): Promise<void> {
  const logger = createLogger({ service: "scripts", level: "error", format: "console" });
  const db = await connectDatabase({ url: databaseUrl, poolMax: 1, name: "scripts", logger });
  try {
    await subscribeTo(db, "tradingview", ["TVC:GOLD", "TVC:SILVER", "COMEX:HG1!", "FX_IDC:USDIDR"]);
  } finally {
    await db.destroy();
  }
}
