import { type Account, assertNothingLost } from "./assert-nothing-lost.ts";
import type { Fault } from "./fault.ts";
import { growthBetween, memoryOf } from "./memory.ts";
import { setStage } from "./stage.ts";
import { stopAndResume } from "./stop-and-resume.ts";

/** One run with one fault in its middle, a stop and a resume after it, and the account of what came of it. */
export async function goThrough(
  fault: Fault,
  targets: number,
): Promise<Account & { fetches: number; grownMb: number }> {
  await using closers = new AsyncDisposableStack();
  const stage = await setStage(targets, fault.arrange?.() ?? {}, closers);
  await fault.strike(stage, closers);
  let before = new Map<string, number>();
  const lookAtMemory = () => memoryOf([...stage.workers, ...stage.dispatchers]);
  await stopAndResume(stage, () => (before = lookAtMemory()));
  const account = await assertNothingLost(stage, fault.poison?.(targets) ?? 0);
  const pages = [...stage.marketplace.countByPath].filter(([path]) => path.startsWith("/item/"));
  const fetches = pages.reduce((sum, [, count]) => sum + count, 0);
  return { ...account, fetches, grownMb: growthBetween(before, lookAtMemory()) };
}
