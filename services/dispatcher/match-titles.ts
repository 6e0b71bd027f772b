import { catalogVersion, matchGpu } from "@pricefleet/catalog";
import { asLeader, type Database, findUnmatchedTitles, noteModels, type Term } from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";

const AT_ONCE = 5_000;

/**
 * Goes through all listings and matches the titles that no catalog has read, or an older one: those stored before there
 * was one, or by services of an older version. All others were matched when they were saved.
 */
export async function matchTitles(
  term: Term,
  { db, logger }: { db: Database; logger: Logger },
): Promise<void> {
  let matched = 0;
  for (let after: string | null = "0"; after !== null; ) {
    const past: string = after;
    after = await asLeader(db, term, async (trx) => {
      const { titles, lastId } = await findUnmatchedTitles(trx, catalogVersion, past, AT_ONCE);
      await noteModels(
        trx,
        titles.map((title) => ({ ...title, match: { catalogVersion, ...matchGpu(title.title) } })),
      );
      matched += titles.length;
      return lastId;
    });
  }
  if (matched > 0) logger.info("matched titles to models", { matched, catalog_version: catalogVersion });
}
