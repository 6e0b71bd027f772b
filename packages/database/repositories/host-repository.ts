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

/** A moment at which one document may be asked of a host. */
export interface Slot {
  /** Time until the slot, from when it was asked for. */
  waitMs: number;
  /** Monotonic, when it was asked for. */
  askedAtMs: number;
  /** How long it is until the host's next slot. */
  delayMs: number;
  /** This request finds out whether a closed host has opened again. */
  isProbe: boolean;
  fetchMode: "http" | "browser" | null;
}

export type SlotAnswer =
  | ({ granted: true } & Slot)
  | {
      granted: false;
      why: string;
      waitMs: number;
      /** Since when the host shows nothing but walls; null if it does not. */
      blockedSince: Date | null;
    };

interface SlotRequest {
  /** A slot that is farther away is not reserved. */
  longestWaitMs: number;
  /** HOST_MIN_DELAY_MS of this process: the least delay it keeps to any host. */
  floorMs: number;
  /** Not before this long from now: for who found the last one gone by the time its answer came. */
  aheadMs?: number;
  /** Whoever is the probe of a half-open host may ask for more than one document. */
  isProbe?: boolean;
}

/** How long a probe that is not heard of keeps others waiting. */
const PROBE_HELD_SECONDS = 120;

/** Reserves a slot of a host without a claim: for a search page, a robots.txt, or in place of one that was missed. */
export async function reserveSlot(db: Database, host: string, request: SlotRequest): Promise<SlotAnswer> {
  const { longestWaitMs, floorMs, aheadMs = 0, isProbe = false } = request;
  const askedAtMs = performance.now();
  const { rows } = await sql<
    Omit<Slot, "askedAtMs"> & { granted: boolean; why: string | null; blockedSince: Date | null }
  >`
    SELECT s.granted, s.why, s.delay_ms AS "delayMs", s.fetch_mode AS "fetchMode", s.is_probe AS "isProbe",
           greatest(0, ceil(extract(epoch FROM s.slot - clock_timestamp()) * 1000))::float8 AS "waitMs",
           (SELECT blocked_since FROM hosts WHERE host = ${host}) AS "blockedSince"
      FROM take_slot(${host}, clock_timestamp() + make_interval(secs => ${aheadMs / 1000}::float8), ${longestWaitMs},
                     NULL, ${floorMs}, ${PROBE_HELD_SECONDS}, false, ${isProbe}) s`.execute(db);
  const row = rows[0];
  if (row === undefined) throw new Error(`no answer about a slot of ${host}`);
  const { granted, why, blockedSince, ...slot } = row;
  if (!granted) return { granted, why: why ?? "", waitMs: slot.waitMs, blockedSince };
  return { granted, askedAtMs, ...slot };
}

const LEAST_TOLERANCE_MS = 200;

/**
 * How long after its slot this process would fetch now; 0 while that is within what a host does not notice. A process
 * that was held up (a busy event loop, a frozen pod) must not fetch in the slot of another.
 */
export function lateness(slot: Slot): number {
  if (slot.delayMs === 0) return 0;
  const lateMs = performance.now() - slot.askedAtMs - slot.waitMs;
  return lateMs > Math.max(LEAST_TOLERANCE_MS, slot.delayMs / 2) ? lateMs : 0;
}

/** Documents asked of hosts beyond those that took a slot (redirects, a second try by the browser) push their clocks on. */
export async function countDocuments(db: Database, documents: ReadonlyMap<string, number>): Promise<void> {
  for (const [host, count] of documents) {
    if (count === 0) continue;
    await sql`
      UPDATE hosts SET next_slot_at = greatest(next_slot_at, clock_timestamp()) + make_interval(secs => ${count}::integer * current_delay_ms / 1000.0),
             requests_today = requests_today + ${count}
       WHERE host = ${host}`.execute(db);
  }
}

/**
 * A wall, or a wish for patience. The host is slowed down, and its breaker opens: after several blocks in a row, at a
 * failed probe, or when the site names a time.
 * @returns how long the host is closed now, in milliseconds; 0 if it is not.
 */
export async function noteBlock(
  db: Database,
  host: string,
  reason: string,
  askedForMs: number | null,
): Promise<number> {
  const { rows } = await sql<{ closedForMs: number }>`
    SELECT note_block(${host}, ${reason}, ${askedForMs === null ? null : Math.round(askedForMs)}) AS "closedForMs"`.execute(
    db,
  );
  return rows[0]?.closedForMs ?? 0;
}

/** The host answered 503: it is overloaded, perhaps by us. */
export async function slowHostDown(db: Database, host: string): Promise<void> {
  await sql`SELECT slow_host_down(${host})`.execute(db);
}

/**
 * The host answered as a host that lets us in does: its breaker closes, its walls are forgotten, and it is asked a
 * little faster again.
 * @param learnedMode how its pages are to be fetched; null if this page did not tell.
 */
export async function noteGoodPage(
  db: Database,
  host: string,
  learnedMode: "http" | "browser" | null,
): Promise<void> {
  await sql`SELECT note_good_page(${host}, ${learnedMode})`.execute(db);
}

/** A probe that ended without an answer of the host's makes room for the next one. */
export async function releaseProbe(db: Database, host: string): Promise<void> {
  await db
    .updateTable("hosts")
    .set({ probe_until: null })
    .where("host", "=", host)
    .where("breaker", "=", "half-open")
    .execute();
}

/** Ends the waiting for hosts that have shown nothing but walls for so long: their targets are dead, reason `host-blocked`. */
export async function giveUpBlockedHosts(
  db: Database,
  afterHours: number,
): Promise<{ host: string; givenUp: number }[]> {
  const { rows } = await sql<{ host: string; givenUp: number }>`
    SELECT host, given_up AS "givenUp" FROM give_up_blocked_hosts(${afterHours})`.execute(db);
  return rows;
}
