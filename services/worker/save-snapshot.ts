import type { PageState } from "@pricefleet/contracts";
import type { Claim, SnapshotRow } from "@pricefleet/database";
import type { FetchedPage } from "@pricefleet/fetching";
import type { Workbench } from "./workbench.ts";

/** Keeps a page as it came. @returns its row, which the caller stores. @throws TemporaryError `disk`. */
export async function saveSnapshot(
  page: FetchedPage,
  pageState: PageState,
  claim: Claim,
  bench: Workbench,
): Promise<SnapshotRow> {
  const file = await bench.snapshots.save(page.html);
  return {
    ...file,
    url: page.url,
    source: claim.source,
    targetId: claim.targetId,
    fetchedBy: page.fetchedBy,
    pageState,
    fetchedAt: page.fetchedAt,
  };
}
