import { collectorReport } from "@pricefleet/contracts";
import { timestamp } from "./fields.ts";

/** How a run's collector is doing, as the dispatcher saw it last. */
export const runCollector = collectorReport
  .extend({
    checked_at: timestamp.describe("When the dispatcher looked last, or noted that nothing had changed"),
  })
  .nullable()
  .describe("Its last Job or process; null when the dispatcher started none, as for a search by hand");
