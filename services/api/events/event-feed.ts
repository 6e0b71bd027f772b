import { messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";

/** Something that happened, as it is sent to those who listen. */
export interface FeedEvent {
  id: number;
  data: { run_id?: string };
}

/** A kind of event: a table with rising ids. Another kind is one more of these in event-kinds.ts. */
export interface EventKind {
  name: string;
  latest(): Promise<number>;
  /** In the order of their ids. */
  after(id: number, limit: number): Promise<FeedEvent[]>;
}

/** The events of one kind from now on, each once and in order, to however many listeners. */
export interface EventFeed {
  readonly kind: EventKind;
  /** The last event that was told; null while the database has not been reached yet. */
  position(): number | null;
  subscribe(listener: (event: FeedEvent) => void): () => void;
  /** There may be something new. */
  look(): void;
  close(): void;
}

const READ_AT_ONCE = 500;
/**
 * An id that is missing may belong to a transaction that is still open; one that was rolled back never comes. So a gap
 * is waited for this long, and then passed over.
 */
const GAP_PATIENCE_MS = 3_000;
const LOOK_AGAIN_MS = 200;
/** Also without a notification: the connection that brings them may be dead without anybody having noticed. */
const LOOK_ANYWAY_MS = 5_000;

export function createEventFeed(kind: EventKind, logger: Logger): EventFeed {
  const listeners = new Set<(event: FeedEvent) => void>();
  let position: number | null = null;
  let gap = { after: -1, since: 0 };
  let looking = false;
  let again = false;
  let soon: NodeJS.Timeout | undefined;
  const anyway = setInterval(look, LOOK_ANYWAY_MS);
  anyway.unref();
  look();
  return {
    kind,
    position: () => position,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    look,
    close() {
      clearInterval(anyway);
      clearTimeout(soon);
      listeners.clear();
    },
  };

  function look(): void {
    again = true;
    if (looking) return;
    looking = true;
    void lookWhileThereIsNews().finally(() => {
      looking = false;
    });
  }

  async function lookWhileThereIsNews(): Promise<void> {
    try {
      while (again) {
        again = false;
        position ??= await kind.latest();
        const events = await kind.after(position, READ_AT_ONCE);
        if (tell(events) && events.length === READ_AT_ONCE) again = true;
      }
    } catch (error) {
      logger.warn("events could not be read", { kind: kind.name, error: messageOf(error) });
      lookSoon();
    }
  }

  /** @returns false when it stopped at a gap that may still be filled. */
  function tell(events: readonly FeedEvent[]): boolean {
    for (const event of events) {
      const last = position ?? 0;
      if (event.id > last + 1) {
        if (gap.after !== last) gap = { after: last, since: Date.now() };
        if (Date.now() - gap.since < GAP_PATIENCE_MS) {
          lookSoon();
          return false;
        }
      }
      position = event.id;
      for (const listener of listeners) listener(event);
    }
    return true;
  }

  function lookSoon(): void {
    clearTimeout(soon);
    soon = setTimeout(look, LOOK_AGAIN_MS);
    soon.unref();
  }
}
