import { targetMessage } from "@pricefleet/contracts";
import { connectDatabase, markDeadLettered } from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { connectBelt } from "@pricefleet/queue";
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase, createTestVhost } from "../../test/harness/index.ts";
import { sweepDeadLetters } from "./sweep-dead-letters.ts";

const database = await createTestDatabase();
const vhost = await createTestVhost();
const logger = createLogger({ service: "test", level: "error", format: "console" });
const db = await connectDatabase({ url: database.workerUrl, poolMax: 3, name: "test", logger });
afterAll(() => db.destroy());
const belt = await connectBelt({ url: vhost.url, name: "sweep duty", logger });
afterAll(() => belt.close());

const dlq = "listing_enrichment_dlq";
const sweep = () =>
  sweepDeadLetters({ name: "dispatcher", holder: "a test", epoch: "1" }, { db, belt, logger });
const depth = async () => (await belt.queueDepths())[dlq]?.ready;

beforeEach(async () => {
  await vhost.manage("DELETE", `/queues/${vhost.name}/${dlq}/contents`);
  for (const table of ["targets", "poison_messages", "runs", "searches", "hosts"])
    await sql`DELETE FROM ${sql.table(table)}`.execute(db);
});

/** Dead targets with their messages in the DLQ. @returns their ids. */
async function dead(count: number): Promise<string[]> {
  await sql`INSERT INTO hosts (host, source, min_delay_ms, max_in_flight) VALUES ('h.example', 'sample', 0, 10)`.execute(
    db,
  );
  const { rows } = await sql<{ id: string; publish_id: number; run_id: string }>`
    WITH s AS (INSERT INTO searches (source, term) VALUES ('sample', 'x') RETURNING id),
         r AS (INSERT INTO runs (search_id, state) SELECT id, 'processing' FROM s RETURNING id)
    INSERT INTO targets (run_id, queue, source, host, external_id, url, state, reason, publish_id, finished_at)
    SELECT r.id, 'listing_enrichment', 'sample', 'h.example', n, 'https://h.example/' || n, 'dead', 'network', 3, now()
      FROM r, generate_series(1, ${count}::integer) n RETURNING id, publish_id, run_id`.execute(db);
  for (const { id, publish_id, run_id } of rows) {
    await letter(id, publish_id, run_id);
    await markDeadLettered(db, id);
  }
  return rows.map(({ id }) => id);
}

const letter = (id: string, publishId: number, runId: string) =>
  belt.deadLetterTarget(
    {
      targetId: id,
      publishId,
      runId,
      requestId: null,
      queue: "listing_enrichment",
      source: "sample",
      host: "h.example",
      url: "u",
      attempts: 5,
    },
    { reason: "network", attempts: 5, error: "reset" },
  );

async function publishByHand(payload: string, properties: object): Promise<void> {
  await vhost.manage("POST", `/exchanges/${vhost.name}/amq.default/publish`, {
    routing_key: dlq,
    payload,
    payload_encoding: "string",
    properties: { delivery_mode: 2, ...properties },
  });
}

const poison = () => db.selectFrom("poison_messages").selectAll().orderBy("id").execute();

/** The publish ids of what lies in the DLQ, by target. */
async function lettersThere(): Promise<Record<string, number[]>> {
  const listed = (await vhost.manage("POST", `/queues/${vhost.name}/${dlq}/get`, {
    count: 100,
    ackmode: "ack_requeue_true",
    encoding: "auto",
  })) as { payload: string }[];
  await expect.poll(depth).toBe(listed.length);
  const letters: Record<string, number[]> = {};
  for (const { payload } of listed) {
    const { target_id, publish_id } = targetMessage.parse(JSON.parse(payload));
    (letters[target_id] ??= []).push(publish_id);
  }
  return letters;
}

describe("the DLQ is as the book has it", () => {
  it("what is retried or discarded is gone at the next sweep, the rest stays", async () => {
    const [retried = "", discarded = "", stays = ""] = await dead(3);
    await sql`SELECT ask_dead_letter_retry(${retried}), ask_dead_letter_discard(${discarded})`.execute(db);
    await sweep();
    expect(await lettersThere()).toEqual({ [stays]: [3] });
  });

  it("of a target that died again only the newest message stays, and of two alike one", async () => {
    const [again = "", twice = ""] = await dead(2);
    const run = await db.selectFrom("runs").select("id").executeTakeFirstOrThrow();
    await sql`UPDATE targets SET publish_id = 5 WHERE id = ${again}`.execute(db);
    await letter(again, 5, run.id);
    await letter(twice, 3, run.id);
    await sweep();
    expect(await lettersThere()).toEqual({ [again]: [5], [twice]: [3] });
  });

  it("a message whose target is dead while its own is still on the way is kept", async () => {
    const [id = ""] = await dead(1);
    await sql`UPDATE targets SET publish_id = 5, dead_lettered_at = NULL WHERE id = ${id}`.execute(db);
    await sweep();
    expect(await lettersThere()).toEqual({ [id]: [3] });
  });

  it("a DLQ that is as it should be is left alone", async () => {
    const ids = await dead(3);
    await publishByHand("{", { message_id: "wrong" });
    await sweep();
    expect(await poison()).toHaveLength(1);
    const seenAt = (await poison())[0]?.last_seen_at;
    await sweep();
    expect((await poison())[0]?.last_seen_at).toEqual(seenAt);
    expect(await depth()).toBe(ids.length + 1);
  });
});

describe("poison", () => {
  it("is noted with its headers and its beginning, once, however often it is seen", async () => {
    await publishByHand("<html>".padEnd(5_000, "x"), { headers: { reason: "unreadable", x: 1 } });
    await sweep();
    await publishByHand("{}", { message_id: "second", type: "other.v1" });
    await sweep();
    expect(await poison()).toMatchObject([
      { queue: "listing_enrichment", reason: "unreadable", body_bytes: 5_000, headers: { x: 1 } },
      { message_id: "second", error: 'type is "other.v1"; it should be pricefleet.target.v1' },
    ]);
    expect((await poison())[0]?.body).toHaveLength(4_096);
    expect(await depth()).toBe(2);
  });

  it("that is discarded leaves the DLQ and the book", async () => {
    await publishByHand("<html>", { message_id: "one" });
    await publishByHand("<body>", { message_id: "two" });
    await sweep();
    await sql`SELECT ask_poison_discard(id) FROM poison_messages WHERE message_id = 'one'`.execute(db);
    await sweep();
    expect(await poison()).toMatchObject([{ message_id: "two" }]);
    expect(await depth()).toBe(1);
  });

  it("that a person has removed from the DLQ is forgotten", async () => {
    await publishByHand("<html>", { message_id: "one" });
    await sweep();
    await vhost.manage("DELETE", `/queues/${vhost.name}/${dlq}/contents`);
    await sweep();
    expect(await poison()).toEqual([]);
  });
});
