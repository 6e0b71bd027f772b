import { type QueueName, queueNames, type TargetMessage } from "@pricefleet/contracts";
import {
  type Database,
  expectedDeadLetters,
  findDead,
  forgetPoison,
  notePoison,
  type Term,
  timeOfBook,
} from "@pricefleet/database";
import type { Logger } from "@pricefleet/logging";
import type { Belt, DeadLetterJudge, PoisonLetter } from "@pricefleet/queue";

interface Means {
  db: Database;
  belt: Belt;
  logger: Logger;
}

const LONGEST_POISON_BODY_BYTES = 4_096;
/** Read through this often even if the number of messages is right: two changes by hand may have made up for each other. */
const READ_AT_LEAST_EVERY_MS = 600_000;
const lastReadMs = new Map<QueueName, number>();

/**
 * The management UI stays true: what is retried or discarded leaves the DLQ, of a target that died again only the newest
 * message stays, and poison is noted in the book for people to see. A DLQ that holds as many messages as the book expects
 * is left alone, so that a person looking into it is not disturbed.
 */
export async function sweepDeadLetters(_term: Term, means: Means): Promise<void> {
  const depths = await means.belt.queueDepths();
  for (const queue of queueNames) {
    const there = depths[`${queue}_dlq`]?.ready ?? 0;
    const expected = await expectedDeadLetters(means.db, queue);
    const isLate = Date.now() - (lastReadMs.get(queue) ?? 0) > READ_AT_LEAST_EVERY_MS;
    if (there !== expected || isLate) await sweepOne(queue, there > expected, means);
  }
}

async function sweepOne(queue: QueueName, isCrowded: boolean, { db, belt, logger }: Means): Promise<void> {
  const begunAt = await timeOfBook(db);
  const taken: string[] = [];
  const { removed, isWhole } = await belt.sweepDeadLetters(queue, judgeBy(db, queue, isCrowded, taken));
  if (isWhole) {
    await forgetPoison(db, queue, taken, begunAt);
    lastReadMs.set(queue, Date.now());
  }
  if (removed > 0) logger.info("removed dead letters that are wanted no more", { queue, removed });
}

/**
 * @param isCrowded more messages lie there than there are dead: of two that are alike one goes.
 * @param taken gets the ids of the poison that goes.
 */
function judgeBy(db: Database, queue: QueueName, isCrowded: boolean, taken: string[]): DeadLetterJudge {
  const seen = new Set<string>();
  return {
    async keepTargets(messages) {
      const dead = await findDead(
        db,
        messages.map((message) => message.target_id),
      );
      return messages.map((message) => isOfLastDeath(message, dead) && isFirst(message));
    },
    async keepPoison(letters) {
      const discarded = await notePoison(db, queue, letters.map(asPoisonMessage));
      taken.push(...discarded);
      return letters.map(({ messageId }) => !discarded.has(messageId));
    },
  };

  function isFirst({ target_id, publish_id }: TargetMessage): boolean {
    const death = `${target_id}/${publish_id}`;
    if (isCrowded && seen.has(death)) return false;
    seen.add(death);
    return true;
  }
}

function isOfLastDeath(
  { target_id, publish_id }: TargetMessage,
  dead: ReadonlyMap<string, number | null>,
): boolean {
  const diedUnder = dead.get(target_id);
  if (diedUnder === undefined) return false;
  return diedUnder === null || diedUnder === publish_id;
}

function asPoisonMessage({ body, ...letter }: PoisonLetter) {
  const text = body.subarray(0, LONGEST_POISON_BODY_BYTES).toString("utf8");
  // PostgreSQL keeps no NUL in a text.
  return { ...letter, body: text.replaceAll("\u0000", "\uFFFD"), bodyBytes: body.length };
}
