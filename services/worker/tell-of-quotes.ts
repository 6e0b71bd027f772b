import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@pricefleet/contracts";
import { type Database, notifyQuotesChanged } from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";

export interface QuoteTeller {
  /** Returns at once. */
  tell(instrumentId: string): void;
  /** When all is told. */
  close(): Promise<void>;
}

/** At most 20 times a second, however many quotes change. */
const PAUSE_MS = 50;

/** Tells those who keep quotes in memory which of them changed: what changes while one message is sent goes into the next. */
export function createQuoteTeller(db: Database, logger: Logger): QuoteTeller {
  const changed = new Set<string>();
  let telling: Promise<void> | null = null;

  async function tellAll(): Promise<void> {
    while (changed.size > 0) {
      const ids = [...changed];
      changed.clear();
      try {
        await notifyQuotesChanged(db, ids);
      } catch (error) {
        // Whoever listens has lost PostgreSQL as well, and reads all afresh when it is back.
        logger.warn("could not tell of changed quotes", { error: messageOf(error) });
      }
      await sleep(PAUSE_MS);
    }
    telling = null;
  }

  return {
    tell(instrumentId) {
      changed.add(instrumentId);
      telling ??= tellAll();
    },
    close: async () => telling ?? undefined,
  };
}
