import type { RunState } from "@pricefleet/contracts";
import type { TargetCounts } from "@pricefleet/database";

/** Of the targets that have come to an end, the share that went well, 0 to 1; null before any has. */
export function successRate({ done, failed, dead }: TargetCounts): number | null {
  const ended = done + failed + dead;
  return ended === 0 ? null : Math.round((done / ended) * 10_000) / 10_000;
}

/** Null while no time has passed to measure over. */
export function ratePerMinute(endedRecently: number, windowSeconds: number): number | null {
  if (windowSeconds <= 0) return null;
  return Math.round((endedRecently / windowSeconds) * 600) / 10;
}

interface Remaining {
  state: RunState;
  /** Are all search pages read? Until then nobody knows how many targets there will be. */
  isCollected: boolean;
  /** Does it wait for a host that is closed? */
  isHeldUp: boolean;
  counts: TargetCounts;
  ratePerMinute: number | null;
}

/** Null when it is not known: pages are left to read, a host is closed, the run does not go on, or nothing has ended lately. */
export function etaSeconds({
  state,
  isCollected,
  isHeldUp,
  counts,
  ratePerMinute,
}: Remaining): number | null {
  if (
    !isCollected ||
    isHeldUp ||
    (state !== "initializing" && state !== "processing" && state !== "completed")
  )
    return null;
  const remaining = counts.pending + counts.queued + counts.running;
  if (remaining === 0) return 0;
  return ratePerMinute === null || ratePerMinute === 0 ? null : Math.ceil((remaining / ratePerMinute) * 60);
}
