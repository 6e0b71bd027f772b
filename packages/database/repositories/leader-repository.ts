import { sql } from "kysely";
import type { Database } from "../connect.ts";

/** A leader's term. A write that carries an old epoch is refused, however late its writer wakes up. */
export interface Term {
  name: string;
  holder: string;
  epoch: string;
}

/** The term has passed to another: what was about to be written must not be. */
export class NotLeadingError extends Error {
  override readonly name = "NotLeadingError";
}

/** Begins a term if the last one has expired or is one's own; null while another leads. */
export async function tryToLead(
  db: Database,
  name: string,
  holder: string,
  seconds: number,
): Promise<Term | null> {
  const { rows } = await sql<Term>`
    INSERT INTO leaders AS l (name, holder, epoch, expires_at)
    VALUES (${name}, ${holder}, 1, now() + make_interval(secs => ${seconds}))
    ON CONFLICT (name) DO UPDATE SET
      holder = excluded.holder, epoch = l.epoch + 1, expires_at = excluded.expires_at
      WHERE l.expires_at < now() OR l.holder = excluded.holder
    RETURNING name, holder, epoch`.execute(db);
  return rows[0] ?? null;
}

/** Prolongs the term. @returns false if it has passed to another. */
export async function renewTerm(db: Database, term: Term, seconds: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("leaders")
    .set({ expires_at: sql`now() + make_interval(secs => ${seconds})` })
    .where("name", "=", term.name)
    .where("epoch", "=", term.epoch)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** Runs work as the leader: in one transaction with the proof that the term still holds. @throws NotLeadingError */
export async function asLeader<T>(db: Database, term: Term, work: (trx: Database) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    // The row stays locked until the commit, so nobody can begin another term in between.
    const { rows } = await sql`
      SELECT FROM leaders WHERE name = ${term.name} AND epoch = ${term.epoch} AND expires_at > now() FOR SHARE`.execute(
      trx,
    );
    if (rows.length === 0) throw new NotLeadingError(`the term ${term.epoch} of ${term.name} is over`);
    return work(trx);
  });
}

/** Ends the term at once, so that a successor need not wait for it to expire. */
export async function endTerm(db: Database, term: Term): Promise<void> {
  await db
    .updateTable("leaders")
    .set({ expires_at: sql`'-infinity'::timestamptz` })
    .where("name", "=", term.name)
    .where("epoch", "=", term.epoch)
    .execute();
}
