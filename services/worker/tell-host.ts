import { noteBlock, noteGoodPage, releaseProbe, slowHostDown } from "@pricefleet/database";
import { hostTroubleOf } from "./decide-fate.ts";
import type { Visit } from "./wait-for-slot.ts";
import type { Workbench } from "./workbench.ts";

/** What this attempt taught about its host. @returns how long the host is closed now, in milliseconds; 0 if it is not. */
export async function tellHost(error: unknown, { host, slot }: Visit, { db }: Workbench): Promise<number> {
  const trouble = hostTroubleOf(error);
  if (trouble.is === "wall") return noteBlock(db, host, trouble.reason, trouble.askedForMs);
  if (trouble.is === "overloaded") await slowHostDown(db, host);
  if (!slot.isProbe) return 0;
  await (trouble.is === "answered" ? noteGoodPage(db, host, null) : releaseProbe(db, host));
  return 0;
}
