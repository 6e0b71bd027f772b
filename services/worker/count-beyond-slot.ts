import { messageOf } from "@pricefleet/contracts";
import { countDocuments } from "@pricefleet/database";
import type { DocumentCount } from "@pricefleet/fetching";
import type { Workbench } from "./workbench.ts";

/** The target has its fate whatever happens here. */
export async function countBeyondSlot(documents: DocumentCount, bench: Workbench): Promise<void> {
  try {
    await countDocuments(bench.db, documents.beyondSlot());
  } catch (error) {
    bench.logger.warn("redirects could not be counted for the host's clock", { error: messageOf(error) });
  }
}
