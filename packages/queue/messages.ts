import { randomUUID } from "node:crypto";
import {
  MESSAGE_DEADLINE_HOURS,
  PoisonError,
  TARGET_MESSAGE_TYPE,
  type TargetMessage,
  targetMessage,
} from "@pricefleet/contracts";
import type { Message, MessagePropertyHeaders } from "amqplib";

/** An AMQP header table has 64 KiB; a stack trace or an address without end must not fill it. */
const LONGEST_HEADER_CHARACTERS = 1_000;

/** A target on its way to a work queue. */
export interface OutgoingTarget {
  queue: string;
  message: TargetMessage;
  /** 1 for the first. For people who look at the message; the book counts. */
  attempt: number;
  /** After this the message's target goes back to `pending`; kept through every wait. */
  deadline: Date;
  /** Why it was published: a short kebab-case word. */
  reason: string | null;
}

/** A row of the book that was marked `queued` under this publish id. */
export interface PublishableTarget {
  targetId: string;
  publishId: number;
  runId: string | null;
  requestId: string | null;
  queue: string;
  source: string;
  host: string;
  url: string;
  /** Spent so far. */
  attempts: number;
}

/** A message with the queue it goes to. */
export interface Parcel {
  queue: string;
  body: Buffer;
  type: string | undefined;
  contentType: string;
  messageId: string;
  headers: Record<string, unknown>;
}

export interface DeathCertificate {
  /** A short kebab-case word. */
  reason: string;
  attempts: number;
  /** The last error in words. */
  error: string | null;
}

export function targetMessageOf(row: PublishableTarget): TargetMessage {
  return {
    target_id: row.targetId,
    publish_id: row.publishId,
    run_id: row.runId,
    source: row.source,
    host: row.host,
    url: row.url,
    request_id: row.requestId,
  };
}

export function targetParcel(target: OutgoingTarget, notBefore: Date | null): Parcel {
  const { queue, message } = target;
  return {
    queue,
    body: Buffer.from(JSON.stringify(message)),
    type: TARGET_MESSAGE_TYPE,
    contentType: "application/json",
    messageId: messageIdOf(message),
    headers: present({
      attempt: target.attempt,
      source: message.source,
      host: message.host,
      reason: target.reason,
      deadline: target.deadline.toISOString(),
      not_before: notBefore?.toISOString(),
    }),
  };
}

/** A target that was given up, as it lies in the DLQ. */
export function deadTargetParcel(queue: string, message: TargetMessage, death: DeathCertificate): Parcel {
  return {
    queue,
    body: Buffer.from(JSON.stringify(message)),
    type: TARGET_MESSAGE_TYPE,
    contentType: "application/json",
    messageId: messageIdOf(message),
    headers: deathHeaders(death, message),
  };
}

/** A message nobody can work on, its body kept byte for byte. */
export function poisonParcel(queue: string, raw: Message, death: DeathCertificate): Parcel {
  return { ...sameParcel(queue, raw), headers: deathHeaders(death, null) };
}

/** The message as it came, to be published again. */
export function sameParcel(queue: string, raw: Message): Parcel {
  const { type, contentType, messageId, headers } = raw.properties;
  return {
    queue,
    body: raw.content,
    type: text(type),
    contentType: text(contentType) ?? "application/octet-stream",
    messageId: text(messageId) ?? randomUUID(),
    headers: withoutBrokerHeaders(headers ?? {}),
  };
}

function deathHeaders(death: DeathCertificate, message: TargetMessage | null): Record<string, unknown> {
  return present({
    reason: death.reason,
    attempts: death.attempts,
    dead_lettered_at: new Date().toISOString(),
    source: message?.source,
    host: message?.host,
    error: death.error,
  });
}

const messageIdOf = (message: TargetMessage): string => `target-${message.target_id}-${message.publish_id}`;

function present(headers: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(headers).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      typeof value === "string" ? value.slice(0, LONGEST_HEADER_CHARACTERS) : value,
    ]),
  );
}

/** CC and BCC would copy the message to other queues; the broker's own headers are about a delivery that is over. */
function withoutBrokerHeaders(headers: MessagePropertyHeaders): Record<string, unknown> {
  const kept = Object.entries(headers).filter(([name]) => !/^(cc|bcc|x-.*)$/i.test(name));
  return present(Object.fromEntries(kept));
}

/** What a message turned out to be. */
export type Reading =
  | {
      is: "target";
      message: TargetMessage;
      attempt: number;
      deadline: Date;
      reason: string | null;
      deadLetteredAt: Date | null;
      /** It still has to wait until then. */
      notBefore: Date | null;
    }
  | { is: "newer" }
  | { is: "poison"; error: PoisonError };

export function readMessage(raw: Message): Reading {
  const type = text(raw.properties.type);
  if (isNewerType(type)) return { is: "newer" };
  if (type !== TARGET_MESSAGE_TYPE) {
    const error = `type is ${type === undefined ? "not set" : `"${type}"`}; it should be ${TARGET_MESSAGE_TYPE}`;
    return { is: "poison", error: new PoisonError("unknown-type", error) };
  }
  const body = readBody(raw.content);
  if ("error" in body) return { is: "poison", error: new PoisonError("unreadable", body.error) };
  const headers = raw.properties.headers ?? {};
  return {
    is: "target",
    message: body.message,
    attempt: Number.isSafeInteger(headers["attempt"]) ? Number(headers["attempt"]) : 1,
    // A person's message has no deadline: moved by hand, it gets a new one.
    deadline: date(headers["deadline"]) ?? new Date(Date.now() + MESSAGE_DEADLINE_HOURS * 3_600_000),
    reason: text(headers["reason"]) ?? null,
    deadLetteredAt: date(headers["dead_lettered_at"]),
    notBefore: date(headers["not_before"]),
  };
}

/** The target a body is about, or what is wrong with the body. */
export function readBody(body: Buffer): { message: TargetMessage } | { error: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    return { error: `not JSON: ${String(error)}` };
  }
  const result = targetMessage.safeParse(parsed);
  if (result.success) return { message: result.data };
  const issue = result.error.issues[0];
  return { error: `${issue?.path.join(".") || "body"}: ${issue?.message ?? "not a target"}` };
}

function isNewerType(type: string | undefined): boolean {
  const [, family, version] = /^(.*\.v)(\d+)$/.exec(type ?? "") ?? [];
  const [, ownFamily, ownVersion] = /^(.*\.v)(\d+)$/.exec(TARGET_MESSAGE_TYPE) ?? [];
  return family === ownFamily && Number(version) > Number(ownVersion);
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function date(value: unknown): Date | null {
  const parsed = new Date(text(value) ?? Number.NaN);
  return Number.isNaN(parsed.getTime()) ? null : parsed;
}
