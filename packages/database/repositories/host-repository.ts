import { sql } from "kysely";
import type { Database } from "../connect.ts";

export interface HostPoliteness {
  host: string;
  source: string;
  minDelayMs: number;
  maxInFlight: number;
}

/** Makes the rows of hosts met for the first time; what is known of the others stays, for people change it. */
export async function ensureHosts(db: Database, hosts: readonly HostPoliteness[]): Promise<void> {
  if (hosts.length === 0) return;
  await db
    .insertInto("hosts")
    .values(
      hosts.map(({ host, source, minDelayMs, maxInFlight }) => ({
        host,
        source,
        min_delay_ms: minDelayMs,
        max_in_flight: maxInFlight,
      })),
    )
    .onConflict((conflict) => conflict.column("host").doNothing())
    .execute();
}

/**
 * Reserves the next slot of a host for a fetch that has no target: a search page. The collector keeps the same clock
 * as the workers. `waitMs` may be long when the host is closed.
 */
export async function reserveSlot(
  db: Database,
  host: string,
): Promise<{ waitMs: number; fetchMode: "http" | "browser" | null; closedReason: string | null }> {
  const { rows } = await sql<{
    waitMs: number;
    fetchMode: "http" | "browser" | null;
    closedReason: string | null;
  }>`
    WITH slot AS (
      SELECT host, greatest(next_slot_at, closed_until, clock_timestamp()) AS at FROM hosts WHERE host = ${host} FOR UPDATE
    )
    UPDATE hosts h SET next_slot_at = slot.at + make_interval(secs => h.min_delay_ms / 1000.0)
      FROM slot WHERE h.host = slot.host
    RETURNING ceil(extract(epoch FROM slot.at - clock_timestamp()) * 1000)::integer AS "waitMs", h.fetch_mode AS "fetchMode",
              CASE WHEN h.closed_until > clock_timestamp() THEN h.closed_reason END AS "closedReason"`.execute(
    db,
  );
  const slot = rows[0];
  if (slot === undefined) throw new Error(`host ${host} has no row; ensureHosts comes first`);
  return { ...slot, waitMs: Math.max(0, slot.waitMs) };
}

/** Keeps what a host was learned to need, so that every worker knows. */
export async function rememberFetchMode(db: Database, host: string, mode: "http" | "browser"): Promise<void> {
  await db
    .updateTable("hosts")
    .set({ fetch_mode: mode })
    .where("host", "=", host)
    .where((eb) => eb.or([eb("fetch_mode", "is", null), eb("fetch_mode", "<>", mode)]))
    .execute();
}

const FIRST_CLOSING_SECONDS = 60;
const LONGEST_CLOSING_SECONDS = 3_600;
/** Some sites send a Retry-After of a year; they are asked again after a day. */
const LONGEST_ASKED_CLOSING_MS = 24 * 3_600_000;

/**
 * No request goes to the host for a while: it showed a wall, or asked for patience. Without a time of the site's own,
 * the wait doubles with each closing in a row; workers that meet the same wall together are one closing.
 * @returns how long it is closed, in milliseconds.
 */
export async function closeHost(
  db: Database,
  host: string,
  reason: string,
  askedForMs: number | null,
): Promise<number> {
  const askedMs = askedForMs === null ? null : Math.min(askedForMs, LONGEST_ASKED_CLOSING_MS);
  const { rows } = await sql<{ closedForMs: number }>`
    UPDATE hosts SET
      consecutive_closings = consecutive_closings + CASE WHEN closed_until > now() THEN 0 ELSE 1 END,
      closed_reason = ${reason},
      closed_until = greatest(closed_until, now() + make_interval(secs => coalesce(${askedMs}::float8 / 1000,
        least(${LONGEST_CLOSING_SECONDS}, ${FIRST_CLOSING_SECONDS} * 2 ^ least(10,
          consecutive_closings - CASE WHEN closed_until > now() THEN 1 ELSE 0 END)))))
     WHERE host = ${host}
    RETURNING greatest(0, ceil(extract(epoch FROM closed_until - now()) * 1000))::integer AS "closedForMs"`.execute(
    db,
  );
  return rows[0]?.closedForMs ?? 0;
}

/**
 * A good page ends the host's series of closings. Not while the host is closed: that page was asked for before it
 * closed, by a worker that had not met the wall yet, and the site's wish still stands.
 */
export async function reopenHost(db: Database, host: string): Promise<void> {
  await db
    .updateTable("hosts")
    .set({ closed_until: null, closed_reason: null, consecutive_closings: 0 })
    .where("host", "=", host)
    .where("consecutive_closings", ">", 0)
    .where("closed_until", "<=", sql<Date>`now()`)
    .execute();
}
