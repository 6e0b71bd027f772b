import { setTimeout as sleep } from "node:timers/promises";
import { BlockedError, type Source } from "@pricefleet/contracts";
import {
  lateness,
  releaseProbe,
  renewCollecting,
  reserveSlot,
  RunNotOursError,
  type Slot,
  withRetries,
} from "@pricefleet/database";
import type { Desk } from "./desk.ts";

/** Longer than workers wait for a slot, so that a busy host's search pages have their turn. */
const LONGEST_WAIT_MS = 10_000;
/** A host that was closed is looked at this often: it may be opened before its time. */
const LOOK_AGAIN_MS = 2_000;
const ROBOTS_WAIT_MS = 1_000;
/** The collector's lease on its run is renewed at least this often, however long it waits. */
const RENEW_EVERY_MS = 10_000;

/** Until the host's robots.txt is known; in a slot of its own, this process fetches it if no other does. @throws what robots.look throws. */
export async function waitForRobots(
  { url, source, runId }: { url: string; source: Source; runId: string },
  desk: Desk,
): Promise<void> {
  for (;;) {
    const answer = await desk.robots.look(url, source.name);
    if (answer === "allowed") return;
    if (answer === "being-fetched") {
      await waitWithRun(ROBOTS_WAIT_MS, runId, desk);
      continue;
    }
    const { host } = new URL(url);
    const slot = await waitForSlot(host, runId, desk);
    await desk.robots.fetch(url, desk.stopping);
    // The page itself is to be the probe.
    if (slot.isProbe) await releaseProbe(desk.db, host);
  }
}

/**
 * Until a slot of the host has come, which may be long when the host is closed. A slot that was missed is left.
 * @throws BlockedError `host-blocked` when the host has shown nothing but walls for too long.
 */
export async function waitForSlot(host: string, runId: string, desk: Desk): Promise<Slot> {
  let aheadMs = 0;
  let said = "";
  for (;;) {
    const slot = await withRetries(() =>
      reserveSlot(desk.db, host, {
        longestWaitMs: LONGEST_WAIT_MS,
        floorMs: desk.hostMinDelayMs ?? 0,
        aheadMs,
      }),
    );
    if (slot.granted) {
      await waitWithRun(slot.waitMs, runId, desk);
      const lateMs = lateness(slot);
      if (lateMs === 0) return slot;
      aheadMs = Math.min(2 * lateMs, LONGEST_WAIT_MS);
      continue;
    }
    refuseBlocked(host, slot.why, slot.blockedSince, desk.blockedHostHours);
    if (slot.why !== said)
      desk.logger.info("waiting for the host", { host, because: slot.why, wait_ms: slot.waitMs });
    said = slot.why;
    await waitWithRun(Math.min(slot.waitMs, LOOK_AGAIN_MS), runId, desk);
  }
}

function refuseBlocked(host: string, why: string, blockedSince: Date | null, afterHours: number): void {
  if (blockedSince === null || afterHours === 0) return;
  if (Date.now() - blockedSince.getTime() < afterHours * 3_600_000) return;
  throw new BlockedError(
    "host-blocked",
    `${host} has shown a wall since ${blockedSince.toISOString()}: ${why}`,
  );
}

/** Sleeps without losing the run: the lease is renewed, and a run that was stopped ends the wait. */
export async function waitWithRun(waitMs: number, runId: string, desk: Desk): Promise<void> {
  const until = Date.now() + waitMs;
  do {
    const isOurs = await withRetries(() => renewCollecting(desk.db, runId));
    if (!isOurs) throw new RunNotOursError(`run ${runId} was stopped or taken over`);
    await sleep(Math.min(RENEW_EVERY_MS, Math.max(0, until - Date.now())), undefined, {
      signal: desk.stopping,
    });
  } while (Date.now() < until);
}
