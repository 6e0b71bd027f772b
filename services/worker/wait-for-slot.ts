import { setTimeout as sleep } from "node:timers/promises";
import { NotYetError } from "@pricefleet/contracts";
import { lateness, reserveSlot, type Slot, withRetries } from "@pricefleet/database";
import type { Workbench } from "./workbench.ts";

/** A slot of the host that is this near is waited for; a farther one sends the target to a delay queue. */
export const LONGEST_WAIT_MS = 2_000;
/** Of one host; so a host that is busy holds few workers, whatever its pace. */
export const SLOTS_AHEAD = 2;
/** Another process fetches a host's robots.txt about so long. */
const ROBOTS_WAIT_MS = 1_000;
const SLOTS_MISSED = 5;

/** A page or picture to fetch, and the slot of its host that is reserved for it. */
export interface Visit {
  url: string;
  source: string;
  host: string;
  slot: Slot;
}

/**
 * Waits for the slot of a visit, and for what has to come before it: the host's robots.txt, which takes a slot too. A
 * slot that was missed is left, and another one taken.
 * @returns the slot that is now.
 * @throws NotYetError when the host has no room soon; what robots.look throws.
 */
export async function waitForSlot(visit: Visit, bench: Workbench): Promise<Slot> {
  const { url, source } = visit;
  switch (await bench.robots.look(url, source)) {
    case "allowed":
      return punctually(visit.slot, visit, bench);
    case "being-fetched":
      throw new NotYetError(
        "waits-for-robots",
        "another process fetches the host's robots.txt",
        ROBOTS_WAIT_MS,
      );
    case "to-be-fetched": {
      const slot = await punctually(visit.slot, visit, bench);
      await bench.robots.fetch(url);
      await bench.robots.look(url, source);
      return punctually(await anotherSlot(slot, 0, visit, bench), visit, bench);
    }
  }
}

async function punctually(first: Slot, visit: Visit, bench: Workbench): Promise<Slot> {
  let slot = first;
  for (let missed = 0; missed < SLOTS_MISSED; missed++) {
    await sleep(slot.waitMs);
    const lateMs = lateness(slot);
    if (lateMs === 0) return slot;
    bench.logger.warn("missed a slot of the host, and takes another", {
      host: visit.host,
      late_ms: Math.round(lateMs),
    });
    // So far ahead that the answer comes in time, if it was the answer that took long.
    slot = await anotherSlot(slot, Math.min(2 * lateMs, LONGEST_WAIT_MS), visit, bench);
  }
  throw new NotYetError(
    "misses-slots",
    `missed ${SLOTS_MISSED} slots of ${visit.host} in a row`,
    ROBOTS_WAIT_MS,
  );
}

async function anotherSlot(left: Slot, aheadMs: number, visit: Visit, bench: Workbench): Promise<Slot> {
  const answer = await withRetries(() =>
    reserveSlot(bench.db, visit.host, {
      longestWaitMs: LONGEST_WAIT_MS,
      floorMs: bench.hostMinDelayMs,
      aheadMs,
      isProbe: left.isProbe,
    }),
  );
  if (!answer.granted) throw new NotYetError("waits-for-host", answer.why, answer.waitMs);
  return answer;
}
