import { REFRESH_BACKOFF } from "@pricefleet/contracts";
import type { Pool } from "pg";

/** One refresh of an instrument's quote, as the book saw it. Times are ms of this machine's clock, PostgreSQL's included. */
export interface Refresh {
  instrument: string;
  /** HOST/PID of the process that had it. */
  worker: string;
  startedAt: number;
  endedAt: number;
  ended: "well" | "failed" | "lost";
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
      state text NOT NULL, attempts integer NOT NULL, reason text, refresh_seconds integer, started_at timestamptz, worker text);
    CREATE FUNCTION price_tracker.log_refresh() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, price_tracker AS $$
      BEGIN
        INSERT INTO refresh_log (target_id, external_id, state, attempts, reason, refresh_seconds, started_at, worker)
        VALUES (NEW.id, NEW.external_id, NEW.state, NEW.attempts, NEW.reason, NEW.refresh_seconds, NEW.started_at, NEW.worker);
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
    reason: string | null;
    attempts: number;
    refresh_seconds: number;
  }>(`
    SELECT instrument, worker, started_at, ended_at, reason, attempts, refresh_seconds FROM (
      SELECT i.symbol AS instrument, l.id, l.state, l.worker, l.started_at,
             lead(l.at) OVER each AS ended_at, lead(l.reason) OVER each AS reason, l.attempts, l.refresh_seconds
        FROM price_tracker.refresh_log l JOIN price_tracker.instruments i ON i.id::text = l.external_id
      WINDOW each AS (PARTITION BY l.target_id ORDER BY l.id)
    ) AS moves WHERE state = 'running' AND ended_at IS NOT NULL ORDER BY instrument, id`);
  return rows.map(({ instrument, worker, started_at, ended_at, reason, attempts, refresh_seconds }) => {
    const ended = reason === null ? "well" : reason === "lost-lease" ? "lost" : "failed";
    const failures = Math.min(REFRESH_BACKOFF.stepSeconds * attempts, REFRESH_BACKOFF.longestSeconds);
    return {
      instrument,
      worker,
      startedAt: started_at.getTime(),
      endedAt: ended_at.getTime(),
      ended,
      pauseMs: 1_000 * (ended === "well" ? refresh_seconds : failures),
    };
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
