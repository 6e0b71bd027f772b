import { type Database, findRunEventsAfter, latestRunEventId } from "@pricefleet/database";
import type { EventKind } from "./event-feed.ts";

/** All kinds of events that /events tells of. A new one needs a table with rising ids, and a NOTIFY when it grows. */
export function eventKinds(db: Database): EventKind[] {
  return [
    {
      name: "run",
      latest: () => latestRunEventId(db),
      after: async (id, limit) =>
        (await findRunEventsAfter(db, id, limit)).map(({ id: eventId, ...data }) => ({ id: eventId, data })),
    },
  ];
}
