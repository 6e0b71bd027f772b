import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import { asking } from "./asking.ts";
import type { DeadLetterFilter } from "./dead-letter-queries.ts";

export { NoSuchThingError, NotNowError } from "./asking.ts";

/**
 * Asking for something: the only way in which the API's role changes anything (migration 0005). What is asked for is
 * done by the dispatcher, the collectors and the workers.
 */

interface SearchOrder {
  source: string;
  term: string | null;
  url: string | null;
  maxPages: number;
  enrichLimit: number;
}

/** Makes the search, or finds it as it is. @returns its id. */
export async function askSearch(db: Database, order: SearchOrder): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    SELECT ask_search(${order.source}, ${order.term}, ${order.url}, ${order.maxPages}, ${order.enrichLimit}) AS id`.execute(
    db,
  );
  return rows[0]?.id ?? "";
}

/** One of several markets that a search covers. */
export interface MarketOrder {
  source: string;
  term: string | null;
  url: string | null;
  /** 0: all. */
  max_pages: number;
  /** 0: all. */
  enrich_limit: number;
  /** Null: as many as its hosts allow. */
  at_once: number | null;
}

/** Makes the search over several markets, or finds it and gives it these limits. @returns its id. */
export async function askSearchOfMarkets(
  db: Database,
  markets: readonly MarketOrder[],
  { maxPages, enrichLimit }: Pick<SearchOrder, "maxPages" | "enrichLimit">,
): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    SELECT ask_search_of_markets(${labelOfMarkets(markets)}, ${JSON.stringify(markets)}, ${maxPages}, ${enrichLimit}) AS id`.execute(
    db,
  );
  return rows[0]?.id ?? "";
}

/**
 * Gives a search over several markets another list of them; a run under way keeps the one it set out with.
 * @throws NoSuchThingError, and NotNowError for a search of one source, or when another one has this list.
 */
export async function askSearchMarkets(
  db: Database,
  searchId: string,
  markets: readonly MarketOrder[],
): Promise<void> {
  await asking(() =>
    sql`SELECT ask_search_markets(${searchId}, ${labelOfMarkets(markets)}, ${JSON.stringify(markets)})`.execute(
      db,
    ),
  );
}

const LONGEST_LABEL = 200;

/** What a search over these markets is called, in place of its words. The same list has the same label, and no other has it. */
export function labelOfMarkets(markets: readonly Pick<MarketOrder, "source" | "term" | "url">[]): string {
  const label = markets.map(({ source, term, url }) => `${source}: ${term ?? url}`).join("; ");
  // Words may have a semicolon in them, so that two lists may read alike.
  const digest = createHash("sha256")
    .update(JSON.stringify(markets.map(({ source, term, url }) => [source, term, url])))
    .digest("hex");
  const shown = label.length > LONGEST_LABEL ? `${label.slice(0, LONGEST_LABEL)}…` : label;
  return `${shown} (${digest.slice(0, 12)})`;
}

/** What is not given stays. @throws NoSuchThingError */
export async function askSearchChange(
  db: Database,
  searchId: string,
  change: {
    maxPages?: number | undefined;
    enrichLimit?: number | undefined;
    enabled?: boolean | undefined;
  },
): Promise<void> {
  const { maxPages = null, enrichLimit = null, enabled = null } = change;
  await asking(() =>
    sql`SELECT ask_search_change(${searchId}, ${maxPages}, ${enrichLimit}, ${enabled}, NULL)`.execute(db),
  );
}

/** Columns of `searches`. What is not given stays; null clears. */
export interface ScheduleChange {
  cron?: string | null;
  time_zone?: string | null;
  interval_seconds?: number | null;
  jitter_percent?: number;
  next_run_at?: Date | null;
  paused_run_blocks_hours?: number | null;
}

/** @throws NoSuchThingError */
export async function askSearchSchedule(
  db: Database,
  searchId: string,
  change: ScheduleChange,
): Promise<void> {
  await asking(() => sql`SELECT ask_search_schedule(${searchId}, ${JSON.stringify(change)})`.execute(db));
}

/**
 * Asks for a run; null takes the search's own limit.
 * @param requestId of the API request, kept with the run and its history. @returns its id.
 * @throws NoSuchThingError, NotNowError
 */
export async function askRun(
  db: Database,
  searchId: string,
  maxPages: number | null,
  enrichLimit: number | null,
  requestId: string | null = null,
): Promise<string> {
  const { rows } = await asking(() =>
    askedBy(db, requestId, (trx) =>
      sql<{ id: string }>`SELECT ask_run(${searchId}, ${maxPages}, ${enrichLimit}) AS id`.execute(trx),
    ),
  );
  return rows[0]?.id ?? "";
}

/** What a run does when its collector is lost: another one continues, or the run is paused. */
export type OnInterruption = "resume" | "pause";

export async function askRunInterruption(
  db: Database,
  runId: string,
  setting: OnInterruption,
): Promise<void> {
  await sql`SELECT ask_run_interruption(${runId}, ${setting})`.execute(db);
}

export async function askSearchInterruption(
  db: Database,
  searchId: string,
  setting: OnInterruption,
): Promise<void> {
  await sql`SELECT ask_search_interruption(${searchId}, ${setting})`.execute(db);
}

const runRequests = {
  start: "ask_run_start",
  stop: "ask_run_stop",
  resume: "ask_run_resume",
  reset: "ask_run_reset",
  retry: "ask_run_retry",
} as const;
export type RunRequest = keyof typeof runRequests;

/** @throws NoSuchThingError, NotNowError */
export async function askOfRun(
  db: Database,
  runId: string,
  request: RunRequest,
  requestId: string | null = null,
): Promise<void> {
  await asking(
    () =>
      askedBy(db, requestId, (trx) => sql`SELECT ${sql.ref(runRequests[request])}(${runId})`.execute(trx)),
    () => otherActiveRun(db, runId),
  );
}

/** Names the API request for the transaction: what it writes about runs bears its id (migration 0014). */
async function askedBy<T>(
  db: Database,
  requestId: string | null,
  ask: (trx: Database) => Promise<T>,
): Promise<T> {
  if (requestId === null) return ask(db);
  return db.transaction().execute(async (trx) => {
    await sql`SELECT set_config('pricefleet.request_id', ${requestId}, true)`.execute(trx);
    return ask(trx);
  });
}

async function otherActiveRun(db: Database, runId: string): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    SELECT o.id FROM runs r JOIN runs o ON o.search_id = r.search_id AND o.id <> r.id
     WHERE r.id = ${runId} AND o.state IN ('initializing', 'processing', 'paused')`.execute(db);
  return rows[0]?.id ?? null;
}

/** What a person may change of a host. What is not given stays; null of a budget, a mode or a closing takes it away. */
export interface HostChange {
  min_delay_ms?: number | undefined;
  max_in_flight?: number | undefined;
  daily_budget?: number | null | undefined;
  blocks_to_open?: number | undefined;
  fetch_mode?: "http" | "browser" | null | undefined;
  closed_until?: Date | null | undefined;
}

/** Holds from the next claim on, for the whole fleet. @throws NoSuchThingError */
export async function askHostChange(db: Database, host: string, change: HostChange): Promise<void> {
  await asking(() => sql`SELECT ask_host_change(${host}, ${JSON.stringify(change)}::jsonb)`.execute(db));
}

export type DeadLetterRequest = "retry" | "discard";

/** Asked for again, it changes nothing. @throws NoSuchThingError, NotNowError */
export async function askOfDeadLetter(
  db: Database,
  targetId: string,
  request: DeadLetterRequest,
  requestId: string | null = null,
): Promise<void> {
  await asking(() =>
    askedBy(db, requestId, (trx) =>
      sql`SELECT ${sql.ref(`ask_dead_letter_${request}`)}(${targetId})`.execute(trx),
    ),
  );
}

interface DeadLetterBatch {
  changed: number;
  refused: number;
  refused_because: string | null;
  last_id: string | null;
}

/** One call's worth: what it takes longer than this to change would hold locks for too long. */
const DEAD_LETTERS_AT_ONCE = 2_000;

/**
 * Asks it of all dead letters that match, in batches of a transaction each.
 * @returns how many were changed, and how many stay because a newer run of their search is under way.
 */
export async function askOfDeadLetters(
  db: Database,
  filter: DeadLetterFilter,
  request: DeadLetterRequest,
  requestId: string | null = null,
): Promise<{ changed: number; refused: number; refusedBecause: string | null }> {
  const all = { changed: 0, refused: 0, refusedBecause: null as string | null };
  for (let after: string | null = "0"; after !== null; ) {
    const past: string = after;
    const { rows } = await askedBy(db, requestId, (trx) =>
      sql<DeadLetterBatch>`
        SELECT * FROM ${sql.ref(`ask_dead_letters_${request}`)}
                      (${JSON.stringify(filter)}, ${past}, ${DEAD_LETTERS_AT_ONCE})`.execute(trx),
    );
    const [batch] = rows;
    all.changed += batch?.changed ?? 0;
    all.refused += batch?.refused ?? 0;
    all.refusedBecause = batch?.refused_because ?? all.refusedBecause;
    after = batch?.last_id ?? null;
  }
  return all;
}

/** @throws NoSuchThingError */
export async function askPoisonDiscard(db: Database, id: string): Promise<void> {
  await asking(() => sql`SELECT ask_poison_discard(${id})`.execute(db));
}
