import type { BarInterval } from "@pricefleet/contracts";
import {
  asLeader,
  countRejections,
  type Database,
  noteGaps,
  notifyOfMarket,
  storeQuotes,
  storeTickBars,
  type Term,
} from "@pricefleet/database";
import type { Stream } from "./stream.ts";

/** What a killed process loses of its unfinished bars at most; their gap is filled from history. */
const SAVE_UNFINISHED_EVERY_MS = 1_000;
/** Saving many bars takes long: no more than a tenth of the time goes into it. */
const SAVE_SHARE = 10;

export interface Writer {
  /** Writes what changed, as the leader, then tells who listens. @throws NotLeadingError */
  write(nowMs: number): Promise<void>;
  /** Also writes all unfinished bars, for others to go on with. */
  writeAll(): Promise<void>;
}

/**
 * Every write is one transaction with the proof that the term still holds. What could not be written comes again with the
 * next, and so does what could not be told. Writing the same twice changes nothing.
 */
export function createWriter(db: Database, term: Term, stream: Stream): Writer {
  let saveNextAtMs = 0;
  const untold: { instrumentIds: string[]; series: { instrument: string; interval: BarInterval }[] } = {
    instrumentIds: [],
    series: [],
  };
  return {
    async write(nowMs) {
      stream.completeUntil(nowMs);
      const isDue = nowMs >= saveNextAtMs;
      const startedAt = performance.now();
      await store(isDue);
      if (isDue)
        saveNextAtMs =
          nowMs + Math.max(SAVE_UNFINISHED_EVERY_MS, SAVE_SHARE * (performance.now() - startedAt));
      await tell();
    },
    async writeAll() {
      await store(true);
      await tell();
    },
  };

  async function store(withUnfinished: boolean): Promise<void> {
    const changes = stream.takeChanges(withUnfinished);
    const { quotes, rejections, bars, gaps } = changes;
    if (quotes.length + rejections.length + bars.length + gaps.length === 0) return;
    try {
      const changed = await asLeader(db, term, async (trx) => {
        await storeTickBars(trx, bars);
        await noteGaps(trx, gaps);
        await countRejections(trx, rejections);
        return storeQuotes(trx, quotes);
      });
      untold.instrumentIds.push(...changed);
      untold.series.push(...bars);
    } catch (error) {
      stream.putBack(changes);
      throw error;
    }
  }

  async function tell(): Promise<void> {
    await notifyOfMarket(db, untold);
    untold.instrumentIds = [];
    untold.series = [];
  }
}
