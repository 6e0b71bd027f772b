import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestVhost } from "../../test/harness/index.ts";
import { connectBelt, type DeadLetterJudge, type PoisonLetter } from "./index.ts";
import { silentLogger as logger, targetNumber } from "./targets-for-tests.ts";

const vhost = await createTestVhost();
const belt = await connectBelt({ url: vhost.url, name: "sweep test", logger });
afterAll(() => belt.close());

const death = { reason: "blocked", attempts: 5, error: "HTTP 403" };
const dlq = `/queues/${vhost.name}/listing_enrichment_dlq`;

interface ListedLetter {
  payload: string;
  properties: { headers: Record<string, unknown> };
}

/** Looks as a person does; what was looked at goes back to the queue a moment later. */
async function letters(): Promise<ListedLetter[]> {
  const request = { count: 1_000, ackmode: "ack_requeue_true", encoding: "auto" };
  const listed = (await vhost.manage("POST", `${dlq}/get`, request)) as ListedLetter[];
  await expect
    .poll(async () => (await belt.queueDepths())["listing_enrichment_dlq"]?.ready)
    .toBe(listed.length);
  return listed;
}

const targetIds = async () =>
  (await letters()).map(({ payload }) => (JSON.parse(payload) as { target_id: string }).target_id);

type KeepTarget = (message: { target_id: string }) => Promise<boolean>;

/** Judges letters about targets one by one; poison is kept, and noted if wished. */
const judge = (keep: KeepTarget, poison: PoisonLetter[] = []): DeadLetterJudge => ({
  keepTargets: (messages) => Promise.all(messages.map(keep)),
  async keepPoison(letters) {
    poison.push(...letters);
    return letters.map(() => true);
  },
});

beforeEach(() => vhost.manage("DELETE", `${dlq}/contents`));

async function fill(count: number): Promise<void> {
  for (let number = 1; number <= count; number++) await belt.deadLetter(targetNumber(number), death);
}

describe("sweeping the DLQ", () => {
  it("what is dead no more goes, the rest stays as it was", async () => {
    await fill(4);
    const before = await letters();
    const odd: KeepTarget = async (message) => Number(message.target_id) % 2 === 1;
    const result = await belt.sweepDeadLetters("listing_enrichment", judge(odd));
    expect(result).toEqual({ kept: 2, removed: 2, isWhole: true });
    const after = await letters();
    expect(after.map(({ payload, properties }) => ({ payload, headers: properties.headers }))).toEqual(
      [before[0], before[2]].map((letter) => ({
        payload: letter?.payload,
        headers: letter?.properties.headers,
      })),
    );
  });

  it("looking at the DLQ over and over does not wear its messages out", async () => {
    await fill(1);
    for (let look = 0; look < 25; look++) expect(await targetIds()).toEqual(["1"]);
  });

  it("a message about no target is shown to the judge of poison, under an id that it keeps", async () => {
    await vhost.manage("POST", `/exchanges/${vhost.name}/amq.default/publish`, {
      routing_key: "listing_enrichment_dlq",
      payload: "<html>",
      payload_encoding: "string",
      properties: { delivery_mode: 2, headers: { reason: "unreadable" } },
    });
    const ask = () => Promise.reject(new Error("asked about poison as if it were a target"));
    const poison: PoisonLetter[] = [];
    for (let sweep = 1; sweep <= 2; sweep++) {
      const result = await belt.sweepDeadLetters("listing_enrichment", judge(ask, poison));
      expect(result).toMatchObject({ kept: 1, removed: 0 });
    }
    expect(poison).toMatchObject([{ reason: "unreadable", body: Buffer.from("<html>") }, {}]);
    expect(poison[1]?.messageId).toBe(poison[0]?.messageId);
    expect(await letters()).toMatchObject([
      { payload: "<html>", properties: { headers: { reason: "unreadable" } } },
    ]);
  });

  it("more than a batch is read once through, each letter once", async () => {
    await fill(230);
    const asked: string[] = [];
    const keep = async (message: { target_id: string }) => {
      asked.push(message.target_id);
      return true;
    };
    expect(await belt.sweepDeadLetters("listing_enrichment", judge(keep))).toMatchObject({
      kept: 230,
      removed: 0,
    });
    expect(new Set(asked).size).toBe(230);
    expect(asked).toHaveLength(230);
  });

  it("a limited sweep goes on where the last one stopped", async () => {
    await fill(3);
    const keep = async () => true;
    const { isWhole } = await belt.sweepDeadLetters("listing_enrichment", judge(keep), 2);
    expect(isWhole).toBe(false);
    expect(await targetIds()).toEqual(["3", "1", "2"]);
  });

  it("a sweep that breaks off leaves every letter where it is", async () => {
    await fill(3);
    const broken = () => Promise.reject(new Error("the book is away"));
    await expect(belt.sweepDeadLetters("listing_enrichment", judge(broken))).rejects.toThrow(
      "the book is away",
    );
    await expect.poll(targetIds).toEqual(["1", "2", "3"]);
  });
});
