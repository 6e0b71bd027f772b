import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@pricefleet/contracts";
import type { LatestQuote } from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";
import { Problem } from "../problem.ts";

/** All latest quotes, in the memory of this process and true to PostgreSQL within two seconds, or not given at all. */
export interface QuoteMemory {
  /** By EXCHANGE:SYMBOL, in that order. @throws Problem 503 when they may have changed without our knowing. */
  all(): ReadonlyMap<string, LatestQuote>;
  /** The same, and none where `all` throws. */
  allOrNone(): LatestQuote[];
  /** Of an instrument's id, or `*`: the payload of quotes_changed. */
  hear(payload: string): void;
  /** Something may have been missed: all are read afresh, and told to whoever listens. */
  readAfresh(): void;
  /** The quotes that changed, as soon as they are known. */
  subscribe(listener: (quotes: readonly LatestQuote[]) => void): () => void;
  close(): void;
}

interface QuoteMemoryOptions {
  /** Null: all. */
  load: (instrumentIds: readonly string[] | null) => Promise<LatestQuote[]>;
  /** What was committed before this moment has been told to `hear`; of performance.now(). */
  heardUntilMs: () => number;
  logger: Logger;
}

const LATE_AFTER_MS = 2_000;
const TRY_AGAIN_MS = 200;
/** Also without a notification: who wrote a quote may have died before it told of it. */
const READ_ANYWAY_MS = 5_000;

/** Instruments that are to be read, and since when what is known of them may be wrong. */
interface Doubt {
  ids: Set<string> | null;
  tellAll: boolean;
  sinceMs: number;
}

export function createQuoteMemory({ load, heardUntilMs, logger }: QuoteMemoryOptions): QuoteMemory {
  const listeners = new Set<(quotes: readonly LatestQuote[]) => void>();
  let quotes = new Map<string, LatestQuote>();
  let names = new Map<string, string>();
  // Before the first reading nothing is known.
  let waiting: Doubt | null = { ids: null, tellAll: true, sinceMs: Number.NEGATIVE_INFINITY };
  let beingRead: Doubt | null = null;
  let reading = false;
  const closing = new AbortController();
  const anyway = setInterval(
    () => doubt({ ids: null, tellAll: false, sinceMs: performance.now() }),
    READ_ANYWAY_MS,
  );
  anyway.unref();

  return {
    all() {
      if (isLate()) {
        throw new Problem(
          "database-unavailable",
          "Prices may have changed without this process knowing, so none is given; ask again in a few seconds",
        );
      }
      return quotes;
    },
    allOrNone: () => (isLate() ? [] : [...quotes.values()]),
    hear(payload) {
      const ids = payload === "*" ? null : new Set(payload.split(",").filter((id) => /^\d{1,18}$/.test(id)));
      doubt({ ids, tellAll: false, sinceMs: performance.now() });
    },
    // Nothing is known of what happened since the last heartbeat.
    readAfresh: () => doubt({ ids: null, tellAll: true, sinceMs: heardUntilMs() }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closing.abort();
      clearInterval(anyway);
      listeners.clear();
    },
  };

  function isLate(): boolean {
    const trueUntil = Math.min(
      heardUntilMs(),
      waiting?.sinceMs ?? Number.POSITIVE_INFINITY,
      beingRead?.sinceMs ?? Number.POSITIVE_INFINITY,
    );
    return performance.now() - trueUntil > LATE_AFTER_MS;
  }

  function doubt(more: Doubt): void {
    waiting = waiting === null ? more : bothOf(waiting, more);
    if (reading) return;
    reading = true;
    void readWhileInDoubt().finally(() => {
      reading = false;
    });
  }

  async function readWhileInDoubt(): Promise<void> {
    while (waiting !== null && !closing.signal.aborted) {
      beingRead = waiting;
      waiting = null;
      try {
        const rows = await load(beingRead.ids === null ? null : [...beingRead.ids]);
        const changed = beingRead.ids === null ? replaceAll(rows) : replaceSome(rows, beingRead.ids);
        tell(beingRead.tellAll ? rows : changed);
      } catch (error) {
        logger.warn("quotes could not be read", { error: messageOf(error) });
        waiting = waiting === null ? beingRead : bothOf(beingRead, waiting);
        await sleep(TRY_AGAIN_MS, undefined, { ref: false });
      }
      beingRead = null;
    }
  }

  function replaceAll(rows: readonly LatestQuote[]): LatestQuote[] {
    const changed = rows.filter((row) => row.id !== quotes.get(nameOf(row))?.id);
    quotes = new Map(rows.map((row) => [nameOf(row), row]));
    names = new Map(rows.map((row) => [row.instrument_id, nameOf(row)]));
    return changed;
  }

  function replaceSome(rows: readonly LatestQuote[], ids: ReadonlySet<string>): LatestQuote[] {
    const changed = rows.filter((row) => row.id !== quotes.get(nameOf(row))?.id);
    const found = new Set(rows.map(({ instrument_id: id }) => id));
    for (const id of ids) if (!found.has(id)) quotes.delete(names.get(id) ?? "");
    for (const row of rows) {
      quotes.set(nameOf(row), row);
      names.set(row.instrument_id, nameOf(row));
    }
    return changed;
  }

  function tell(changed: readonly LatestQuote[]): void {
    if (changed.length === 0) return;
    for (const listener of listeners) listener(changed);
  }
}

function nameOf({ exchange, symbol }: LatestQuote): string {
  return `${exchange}:${symbol}`;
}

function bothOf(a: Doubt, b: Doubt): Doubt {
  return {
    ids: a.ids === null || b.ids === null ? null : new Set([...a.ids, ...b.ids]),
    tellAll: a.tellAll || b.tellAll,
    sinceMs: Math.min(a.sinceMs, b.sinceMs),
  };
}
