/** The documents of one visit to a host, of which the first had a slot of its own. */
export interface DocumentCount {
  note(url: URL): void;
  /** By host: those that are to be counted afterwards. */
  beyondSlot(): Map<string, number>;
}

export function createDocumentCount(hostWithSlot: string): DocumentCount {
  const counts = new Map<string, number>();
  let isSlotUsed = false;
  return {
    note({ host }) {
      if (host === hostWithSlot && !isSlotUsed) isSlotUsed = true;
      else counts.set(host, (counts.get(host) ?? 0) + 1);
    },
    beyondSlot: () => counts,
  };
}
