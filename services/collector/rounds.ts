import { setTimeout as sleep } from "node:timers/promises";
import { type ExitCode, messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";

interface Rounds {
  /** One round as `oneshot` does it. */
  round: () => Promise<ExitCode>;
  /** Runs that wait for a collector: asked for since, or left by one that was killed. */
  leftovers: () => Promise<ExitCode>;
  /** @param startedAt of the last round. Null: before the first. */
  nextRoundAt: (startedAt: Date | null) => Date;
  stopping: AbortSignal;
  logger: Logger;
}

/** While no round is due a collector that stays looks so often for what it is asked for. */
const LOOK_EVERY_MS = 10_000;

/** Does one round after another until the process is asked to stop. One that fails is logged, and the next goes on. */
export async function doRounds({ round, leftovers, nextRoundAt, stopping, logger }: Rounds): Promise<void> {
  for (let startedAt: Date | null = null; !stopping.aborted; ) {
    const dueAt = nextRoundAt(startedAt);
    if (dueAt.getTime() > Date.now())
      logger.info("waiting for the next round", { next_round_at: dueAt.toISOString() });
    for (let waitMs; (waitMs = dueAt.getTime() - Date.now()) > 0 && !stopping.aborted; ) {
      await attempt(leftovers, "the runs that wait for a collector");
      await sleep(Math.min(waitMs, LOOK_EVERY_MS), undefined, { signal: stopping }).catch(() => undefined);
    }
    if (stopping.aborted) return;
    startedAt = new Date();
    await attempt(round, "the round");
  }

  async function attempt(work: () => Promise<ExitCode>, what: string): Promise<void> {
    try {
      const code = await work();
      if (code !== 0) logger.warn(`${what} did not go well; the next one goes on`, { exit_code: code });
    } catch (error) {
      logger.error(`${what} failed; the next one goes on`, {
        error: messageOf(error),
        stack: error instanceof Error ? error.stack : undefined,
      });
    }
  }
}
