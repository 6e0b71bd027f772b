import { REFRESH_BACKOFF } from "@pricefleet/contracts";
import type { Pool } from "pg";

/** One refresh of an instrument's quote, as the book saw it. Times are ms of this machine's clock, PostgreSQL's included. */
export interface Refresh {
  instrument: string;
  /** HOST/PID of the process that had it. */
  worker: string;
  startedAt: number;
  endedAt: number;
  /** put-off: nothing was tried, for the host had no room; that is no failure, and has a pause of its own. */
  ended: "well" | "failed" | "lost" | "put-off";
  /** What the next one has to wait for. */
  pauseMs: number;
}

/** A time in which somebody was away. */
export interface Outage {
  what: string;
  from: number;
  to: number;
}

/** When a refresh began, beside when it was due. */
export interface Start {
  instrument: string;
  /** How the one before ended. */
  after: Refresh["ended"];
  dueAt: number;
  /** After it was due; what outages took away since then left out. */
  lateMs: number;
  /** Before it may have begun: politeness, which no outage excuses. */
  earlyMs: number;
}

/** Has PostgreSQL write down every move of a quote's target. */
export async function keepRefreshLog(book: Pool): Promise<void> {
  await book.query(`
    CREATE TABLE price_tracker.refresh_log (
      id bigserial, at timestamptz NOT NULL DEFAULT clock_timestamp(), target_id bigint NOT NULL, external_id text NOT NULL,
      state text NOT NULL, attempts integer NOT NULL, reason text, refresh_seconds integer, started_at timestamptz, not_before timestamptz, worker text);
    CREATE FUNCTION price_tracker.log_refresh() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, price_tracker AS $$
      BEGIN
        INSERT INTO refresh_log (target_id, external_id, state, attempts, reason, refresh_seconds, started_at, not_before, worker)
        VALUES (NEW.id, NEW.external_id, NEW.state, NEW.attempts, NEW.reason, NEW.refresh_seconds, NEW.started_at,
                NEW.not_before, NEW.worker);
        RETURN NULL;
      END $$;
    CREATE TRIGGER log_refresh AFTER UPDATE OF state ON price_tracker.targets FOR EACH ROW
      WHEN (NEW.queue = 'quote_refresh' AND OLD.state <> NEW.state) EXECUTE FUNCTION price_tracker.log_refresh();`);
}

/** Of every instrument, in the order of time; without the one that is going on. */
export async function refreshesIn(book: Pool): Promise<Refresh[]> {
  const { rows } = await book.query<{
    instrument: string;
    worker: string;
    started_at: Date;
    ended_at: Date;
    ended_as: string;
    next_not_before: Date;
    reason: string | null;
    attempts: number;
    refresh_seconds: number;
  }>(`
    SELECT instrument, worker, started_at, ended_at, ended_as, next_not_before, reason, attempts, refresh_seconds FROM (
      SELECT i.symbol AS instrument, l.id, l.state, l.worker, l.started_at,
             lead(l.at) OVER each AS ended_at, lead(l.state) OVER each AS ended_as,
             lead(l.not_before) OVER each AS next_not_before, lead(l.reason) OVER each AS reason, l.attempts, l.refresh_seconds
        FROM price_tracker.refresh_log l JOIN price_tracker.instruments i ON i.id::text = l.external_id
      WINDOW each AS (PARTITION BY l.target_id ORDER BY l.id)
    ) AS moves WHERE state = 'running' AND ended_at IS NOT NULL ORDER BY instrument, id`);
  return rows.map((row) => {
    const { reason, attempts, refresh_seconds } = row;
    const endedAt = row.ended_at.getTime();
    const refresh = {
      instrument: row.instrument,
      worker: row.worker,
      startedAt: row.started_at.getTime(),
      endedAt,
    };
    if (row.ended_as === "queued")
      return { ...refresh, ended: "put-off", pauseMs: row.next_not_before.getTime() - endedAt };
    if (reason === null) return { ...refresh, ended: "well", pauseMs: 1_000 * refresh_seconds };
    const { stepSeconds, longestSeconds } = REFRESH_BACKOFF;
    const pauseMs = 1_000 * Math.min(stepSeconds * attempts, longestSeconds);
    return { ...refresh, ended: reason === "lost-lease" ? "lost" : "failed", pauseMs };
  });
}

/**
 * @param killedAt when each process was killed, by its id. A refresh that was lost with its worker ended then; but nobody
 * tells the book, which may count from when it began.
 */
export function startsOf(
  refreshes: readonly Refresh[],
  outages: readonly Outage[],
  killedAt: ReadonlyMap<number, number>,
): Start[] {
  return refreshes.flatMap((before, index) => {
    const next = refreshes[index + 1];
    if (next === undefined || next.instrument !== before.instrument) return [];
    const { ended: after, pauseMs } = before;
    const killed = killedAt.get(Number(before.worker.split("/").at(-1))) ?? Number.POSITIVE_INFINITY;
    const dueAt = pauseMs + (after === "lost" ? Math.min(before.endedAt, killed) : before.endedAt);
    const earliest = pauseMs + (after === "lost" ? before.startedAt : before.endedAt);
    return [
      {
        instrument: next.instrument,
        after,
        dueAt,
        lateMs: next.startedAt - dueAt - coveredMs(outages, dueAt, next.startedAt),
        earlyMs: earliest - next.startedAt,
      },
    ];
  });
}

/** How much of a span outages cover; where two overlap, once. */
function coveredMs(outages: readonly Outage[], from: number, to: number): number {
  let covered = 0;
  let reached = from;
  for (const outage of outages.toSorted((a, b) => a.from - b.from)) {
    const start = Math.max(outage.from, reached);
    const end = Math.min(outage.to, to);
    if (end <= start) continue;
    covered += end - start;
    reached = end;
  }
  return covered;
}
