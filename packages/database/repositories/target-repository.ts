import type { QueueName } from "@pricefleet/contracts";
import { sql } from "kysely";
import type { Database } from "../connect.ts";
import type { Slot } from "./host-repository.ts";

/** What a claim hands to the worker that got it. */
export interface Claim {
  outcome: "claimed";
  targetId: string;
  leaseToken: string;
  /** 1 for the first. */
  attempt: number;
  /** Of the host, reserved with the claim. */
  slot: Slot;
  /** Attempts before this one that met a wall or a rate limit. */
  wallsMet: number;
  /** Null: it belongs to none, as what recurs and syncs of history. */
  runId: string | null;
  /** No failure ends it. */
  recurs: boolean;
  queue: string;
  source: string;
  host: string;
  externalId: string;
  url: string;
}

export type ClaimAnswer =
  | Claim
  | { outcome: "later"; why: string; waitMs: number }
  | { outcome: "returned" | "ignored"; why: string };

interface ClaimRequest {
  targetId: string;
  publishId: number;
  worker: string;
  leaseSeconds: number;
  /** A slot of the host that is farther away than this is not reserved. */
  longestWaitMs: number;
  /** Nor one that so many others are before; null: no matter how many. */
  slotsAhead: number | null;
  /** HOST_MIN_DELAY_MS of this process: the least delay it keeps to any host. */
  floorMs: number;
  pastDeadline: boolean;
  /** The message carries dead_lettered_at: a person moved it back from the DLQ. */
  movedByHand: boolean;
}

interface ClaimRow {
  outcome: "claimed" | "later" | "returned" | "ignored";
  why: string | null;
  wait_ms: number;
  lease_token: string;
  attempt: number;
  run_id: string | null;
  queue: string;
  source: string;
  host: string;
  external_id: string;
  url: string;
  fetch_mode: "http" | "browser" | null;
  delay_ms: number;
  is_probe: boolean;
  walls_met: number;
}

/** One round trip: takes the lease, counts the attempt and reserves the host's slot, or says why not. */
export async function claimTarget(db: Database, request: ClaimRequest): Promise<ClaimAnswer> {
  const askedAtMs = performance.now();
  const { rows } = await sql<ClaimRow>`
    SELECT * FROM claim_target(${request.targetId}, ${request.publishId}, ${request.worker}, ${request.leaseSeconds},
                               ${request.longestWaitMs}, ${request.pastDeadline}, ${request.movedByHand}, ${request.floorMs}, ${request.slotsAhead})`.execute(
    db,
  );
  const row = rows[0];
  if (row === undefined) return { outcome: "ignored", why: "no such target" };
  if (row.outcome === "later") return { outcome: "later", why: row.why ?? "", waitMs: row.wait_ms };
  if (row.outcome !== "claimed") return { outcome: row.outcome, why: row.why ?? "" };
  return {
    outcome: "claimed",
    targetId: request.targetId,
    leaseToken: row.lease_token,
    attempt: row.attempt,
    slot: {
      waitMs: row.wait_ms,
      askedAtMs,
      delayMs: row.delay_ms,
      isProbe: row.is_probe,
      fetchMode: row.fetch_mode,
    },
    wallsMet: row.walls_met,
    runId: row.run_id,
    recurs: row.run_id === null && row.queue !== ("history_sync" satisfies QueueName),
    queue: row.queue,
    source: row.source,
    host: row.host,
    externalId: row.external_id,
    url: row.url,
  };
}

/** The lease that a write belongs to. */
export type Lease = Pick<Claim, "targetId" | "leaseToken">;

export interface TargetFailure {
  errorClass: string;
  reason: string;
  message: string;
}

/**
 * `failed`: another try would end the same. `dead`: gave up; the dead letter is published after this.
 * @returns false, and nothing changed, if the lease is no longer the current one; true if it is, or if this very write
 * was made before (a commit whose answer was lost).
 */
export async function markGivenUp(
  db: Database,
  lease: Lease,
  state: "failed" | "dead",
  failure: TargetFailure,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("targets")
    .set({
      state,
      walls_met: 0,
      finished_at: sql`now()`,
      lease_expires_at: null,
      error_class: failure.errorClass,
      reason: failure.reason,
      last_error: failure.message.slice(0, 2_000),
    })
    .where("id", "=", lease.targetId)
    .where("state", "=", "running")
    .where("lease_token", "=", lease.leaseToken)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n || endedByLease(db, lease);
}

async function endedByLease(db: Database, lease: Lease): Promise<boolean> {
  const row = await db
    .selectFrom("targets")
    .select("id")
    .where("id", "=", lease.targetId)
    .where("lease_token", "=", lease.leaseToken)
    .where("state", "in", ["done", "failed", "dead"])
    .executeTakeFirst();
  return row !== undefined;
}

interface Postponement extends TargetFailure {
  delayMs: number;
  /** A wait for a wall or a rate limit is not an attempt: the one that the claim counted is given back. */
  countsAsAttempt: boolean;
  metWall?: boolean;
}

/**
 * Sets a target aside for `delayMs`. Up to five minutes it stays `queued` under a new publish id, which the caller
 * publishes to a delay queue; longer, it is `pending` again (null).
 * @returns the new publish id, null when it went back to pending, "lost" when the lease is no longer current.
 */
export async function postponeTarget(
  db: Database,
  lease: Lease,
  postponement: Postponement,
): Promise<number | null | "lost"> {
  const onTheBelt = postponement.delayMs <= 300_000;
  const notBefore = sql<Date>`clock_timestamp() + make_interval(secs => ${postponement.delayMs / 1000}::float8)`;
  const row = await db
    .updateTable("targets")
    .set((eb) => ({
      state: onTheBelt ? "queued" : "pending",
      not_before: notBefore,
      republish_after: onTheBelt ? sql<Date>`${notBefore} + interval '15 minutes'` : null,
      publish_id: eb("publish_id", "+", 1),
      attempts: postponement.countsAsAttempt ? eb.ref("attempts") : eb("attempts", "-", 1),
      walls_met: postponement.metWall ? eb("walls_met", "+", 1) : eb.ref("walls_met"),
      lease_token: null,
      lease_expires_at: null,
      error_class: postponement.errorClass,
      reason: postponement.reason,
      last_error: postponement.message.slice(0, 2_000),
    }))
    .where("id", "=", lease.targetId)
    .where("state", "=", "running")
    .where("lease_token", "=", lease.leaseToken)
    .returning("publish_id")
    .executeTakeFirst();
  if (row === undefined) return "lost";
  return onTheBelt ? row.publish_id : null;
}

/**
 * Claims commit asynchronously, so a crash of PostgreSQL can forget one: its target is then `queued` under the publish
 * id of a message that is about to be acknowledged. It comes back to the belt at once, not only when it is overdue.
 * @returns whether it was so.
 */
export async function takeBackForgottenClaim(
  db: Database,
  targetId: string,
  publishId: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("targets")
    .set({ republish_after: sql`now()` })
    .where("id", "=", targetId)
    .where("state", "=", "queued")
    .where("publish_id", "=", publishId)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** After the dead letter was confirmed by the broker. */
export async function markDeadLettered(db: Database, targetId: string): Promise<void> {
  await db
    .updateTable("targets")
    .set({ dead_lettered_at: sql`now()` })
    .where("id", "=", targetId)
    .where("state", "=", "dead")
    .execute();
}
