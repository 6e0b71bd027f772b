import type { Database } from "./connect.ts";

/** Questions that see the book as it was at one moment, however much is written between them. One at a time. */
export function atOneMoment<Answer>(db: Database, ask: (trx: Database) => Promise<Answer>): Promise<Answer> {
  return db.transaction().setIsolationLevel("repeatable read").setAccessMode("read only").execute(ask);
}
