import { createLogger } from "@pricefleet/logging";
import type { OutgoingTarget } from "./messages.ts";

/** Only what nobody expects. */
export const quietLogger = createLogger({ service: "test", level: "error", format: "console" });
/** For tests that provoke errors. */
export const silentLogger = createLogger({ service: "test", level: "error", format: "console" });
silentLogger.silent = true;

export function targetNumber(number: number, overrides: Partial<OutgoingTarget> = {}): OutgoingTarget {
  return {
    queue: "listing_enrichment",
    message: {
      target_id: String(number),
      publish_id: 1,
      run_id: "7",
      source: "sample",
      host: "shop.example.com",
      url: `https://shop.example.com/item/${number}`,
    },
    attempt: 1,
    deadline: new Date("2100-01-01T00:00:00Z"),
    reason: "new",
    ...overrides,
  };
}

export const targetNumbers = (count: number): OutgoingTarget[] =>
  Array.from({ length: count }, (_, index) => targetNumber(index + 1));
