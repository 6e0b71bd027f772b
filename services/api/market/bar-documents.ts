import { LRUCache } from "lru-cache";

/** A document of bars as it is sent. */
export interface BarDocument {
  type: string;
  body: Buffer;
}

/** Answers about bars that were given before, dropped as soon as their series changes. */
export interface BarDocuments {
  /** @param series `EXCHANGE:SYMBOL interval`, as bars_changed names it. */
  getOrMake(series: string, question: string, make: () => Promise<BarDocument>): Promise<BarDocument>;
  /** The payload of bars_changed: lines of series, or `*`. */
  hear(payload: string): void;
  dropAll(): void;
}

const MAX_AGE_MS = 300_000;
const MAX_BYTES = 64 * 1_024 * 1_024;
const MAX_DOCUMENTS = 10_000;

export function createBarDocuments(): BarDocuments {
  const documents = new LRUCache<string, BarDocument>({
    max: MAX_DOCUMENTS,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ body }, key) => body.byteLength + key.length,
    ttl: MAX_AGE_MS,
  });
  // What is being made when its series changes is stored under the old count, where nobody looks any more.
  const changes = new Map<string, number>();
  let changesOfAll = 0;

  return {
    async getOrMake(series, question, make) {
      const key = `${changesOfAll} ${changes.get(series) ?? 0} ${series} ${question}`;
      const known = documents.get(key);
      if (known !== undefined) return known;
      const made = await make();
      documents.set(key, made);
      return made;
    },
    hear(payload) {
      if (payload === "*") return dropAll();
      for (const series of payload.split("\n")) changes.set(series, (changes.get(series) ?? 0) + 1);
    },
    dropAll,
  };

  function dropAll(): void {
    changesOfAll++;
    changes.clear();
    documents.clear();
  }
}
