import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { completeFinishedRuns, markDeadLettered, markGivenUp, notePoison } from "@pricefleet/database";
import { createDebugStore } from "@pricefleet/fetching";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  anItem,
  beginRun,
  claimTargets,
  connectForTest,
  quietLogger,
  startTestApi,
  storePage,
} from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";
import { createDebugPages } from "./debug-pages.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl, 60_000);
const debugDir = mkdtempSync(join(tmpdir(), "pricefleet-debug-"));
afterAll(() => rmSync(debugDir, { recursive: true, force: true }));
const api = await startTestApi(database.apiUrl, { debugPages: createDebugPages(debugDir, quietLogger) });

const network = { errorClass: "temporary", reason: "network", message: "connection reset" };
const changed = { errorClass: "layout-changed", reason: "layout-changed", message: "no title" };

/** A run of dead targets, each with its own term's items. @returns their ids. */
async function dead(term: string, count: number, failure = network) {
  const run = await beginRun(worker, term);
  await storePage(
    worker,
    run,
    Array.from({ length: count }, (_, index) => anItem(`${term}-${index}`)),
  );
  await sql`SELECT change_run_state(${run.id}, 'processing', 'a test')`.execute(worker);
  const claims = await claimTargets(worker, run.id, count);
  for (const claim of claims) {
    await markGivenUp(worker, claim, "dead", failure);
    await markDeadLettered(worker, claim.targetId);
  }
  return { run, ids: claims.map(({ targetId }) => targetId) };
}

const stateOf = async (id: string) =>
  (await worker.selectFrom("targets").select("state").where("id", "=", id).executeTakeFirstOrThrow()).state;

describe("dead letters at a glance", () => {
  it("are counted by reason, source and host, with examples, and filtered", async () => {
    const { run } = await dead("glance", 4);
    await dead("glance at a layout", 1, changed);
    const { body } = await api.get(`/dead-letters?run_id=${run.id}`);
    expect(body).toMatchObject({ total: 4, group_count: 1 });
    expect(body.groups).toMatchObject([
      { reason: "network", source: "sample", host: "shop.example.com", count: 4 },
    ]);
    expect(body.groups[0].examples).toHaveLength(3);
    expect(body.groups[0].examples[0]).toMatchObject({ error: "connection reset" });
    const { body: all } = await api.get("/dead-letters");
    expect(all.groups.map(({ reason }: { reason: string }) => reason)).toEqual(["network", "layout-changed"]);
    expect((await api.get("/dead-letters?host=nowhere.example")).body).toMatchObject({
      total: 0,
      groups: [],
    });
  });

  it("are listed one by one, a page at a time", async () => {
    const { run, ids } = await dead("list", 3);
    const first = await api.get(`/dead-letters/targets?run_id=${run.id}&limit=2`);
    const rest = await api.get(
      `/dead-letters/targets?run_id=${run.id}&limit=2&cursor=${first.body.next_cursor}`,
    );
    const listed = [...first.body.items, ...rest.body.items].map(({ id }: { id: string }) => id);
    expect(listed).toEqual(ids.toReversed());
    expect(rest.body.next_cursor).toBeNull();
  });
});

describe("one dead letter", () => {
  it("shows its attempts, its error, and its page and picture by links that work and can do no harm", async () => {
    const { ids } = await dead("page", 1, changed);
    const [id = ""] = ids;
    const html = "<html><script>alert(1)</script>ein Löffel</html>";
    const picture = Buffer.from("89504e470d0a1a0a", "hex");
    await createDebugStore(debugDir).save({ targetId: id, attempt: 1, html, screenshot: picture });
    const { body } = await api.get(`/dead-letters/${id}`);
    expect(body).toMatchObject({
      id,
      state: "dead",
      reason: "layout-changed",
      error: "no title",
      attempts: 1,
    });
    expect(body.failures).toMatchObject([
      { attempt: 1, worker: "a test", error_class: "layout-changed", message: "no title" },
    ]);
    const page = await api.fetch(body.page_url);
    expect(await page.text()).toBe(html);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toMatch(/^sandbox; default-src 'none'/);
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    const screenshot = await api.fetch(`/api${body.screenshot_url}`);
    expect(Buffer.from(await screenshot.arrayBuffer())).toEqual(picture);
    expect(screenshot.headers.get("content-type")).toBe("image/png");
  });

  it("without a kept page links to none, and an address made up is 404 or 400", async () => {
    const { ids } = await dead("no page", 1);
    const { body } = await api.get(`/dead-letters/${ids[0]}`);
    expect(body).toMatchObject({ page_url: null, screenshot_url: null });
    expect((await api.fetch(`/dead-letters/${ids[0]}/page?attempt=1`)).status).toBe(404);
    expect((await api.fetch(`/dead-letters/..%2F..%2Fetc/page?attempt=1`)).status).toBe(400);
    expect((await api.fetch(`/dead-letters/${ids[0]}/page`)).status).toBe(400);
  });

  it("keeps the last twenty failed attempts", async () => {
    const run = await beginRun(worker, "often");
    await storePage(worker, run, [anItem("often-0")]);
    for (let attempt = 1; attempt <= 23; attempt++) {
      const [claim] = await claimTargets(worker, run.id, 1);
      if (claim === undefined) throw new Error("not claimed");
      await sql`UPDATE targets SET state = 'pending', error_class = 'temporary', reason = 'timeout', last_error = 'no answer'
                 WHERE id = ${claim.targetId}`.execute(worker);
      if (attempt < 23) continue;
      const { body } = await api.get(`/dead-letters/${claim.targetId}`);
      const attempts = body.failures.map((failure: { attempt: number }) => failure.attempt);
      expect(attempts).toEqual(Array.from({ length: 20 }, (_, index) => 23 - index));
    }
    await sql`UPDATE targets SET state = 'cancelled' WHERE run_id = ${run.id}`.execute(worker);
  });

  it("that does not exist is 404", async () => {
    expect((await api.get("/dead-letters/999999")).status).toBe(404);
    for (const request of ["retry", "discard"])
      expect((await api.send("POST", `/dead-letters/999999/${request}`)).status).toBe(404);
  });
});

describe("asking to retry or discard", () => {
  it("one, again and at once: the same answer and no harm", async () => {
    const { ids } = await dead("one", 2);
    const [id = "", other = ""] = ids;
    const answers = await Promise.all([1, 2, 3].map(() => api.send("POST", `/dead-letters/${id}/retry`)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(answers[0]?.body).toMatchObject({ state: "pending", attempts: 0, dead_lettered_at: null });
    expect(answers[2]?.body).toEqual(answers[0]?.body);
    for (let time = 1; time <= 2; time++) {
      const { status, body } = await api.send("POST", `/dead-letters/${other}/discard`);
      expect([status, body.state]).toEqual([202, "cancelled"]);
    }
    const late = await api.send("POST", `/dead-letters/${other}/retry`);
    expect(late.status).toBe(409);
    expect(late.body.detail).toBe(`target ${other} is cancelled, not dead`);
  });

  it("a group, and only that", async () => {
    const one = await dead("group one", 2);
    const other = await dead("group other", 1);
    const { body } = await api.send("POST", "/dead-letters/retry", { run_id: one.run.id, reason: "network" });
    expect(body).toEqual({ changed: 2, refused: 0, refused_because: null });
    expect(await stateOf(other.ids[0] ?? "")).toBe("dead");
    const again = await api.send("POST", "/dead-letters/retry", { run_id: one.run.id, reason: "network" });
    expect(again.body.changed).toBe(0);
  });

  it("a group whose run has a newer one under way stays, with the reason; the rest goes on", async () => {
    const old = await dead("newer", 1);
    await sql`UPDATE runs SET collected_at = now() WHERE id = ${old.run.id}`.execute(worker);
    await completeFinishedRuns(worker);
    await beginRun(worker, "newer");
    const free = await dead("free", 1);
    const host = "shop.example.com";
    const { body } = await api.send("POST", "/dead-letters/retry", { host });
    expect(body.refused).toBe(1);
    expect(body.refused_because).toMatch(/has run \d+ under way|runs_one_active_a_search/);
    expect([await stateOf(old.ids[0] ?? ""), await stateOf(free.ids[0] ?? "")]).toEqual(["dead", "pending"]);
  });

  it("all only when that is said", async () => {
    await dead("all", 2);
    const unsaid = await api.send("POST", "/dead-letters/discard", {});
    expect(unsaid.status).toBe(400);
    expect(unsaid.body.detail).toContain("left out with reason, source, host or run_id in its place");
    const { body } = await api.send("POST", "/dead-letters/discard", { all: true });
    expect(body.changed).toBeGreaterThanOrEqual(2);
    expect((await api.get("/dead-letters")).body.total).toBe(0);
  });
});

describe("poison", () => {
  it("is shown, discarded, and cannot be retried, which is said", async () => {
    await notePoison(worker, "listing_enrichment", [
      {
        messageId: "m-1",
        reason: "unreadable",
        error: "not JSON",
        headers: { reason: "unreadable" },
        body: "<html>",
        bodyBytes: 6,
        deadLetteredAt: new Date(),
      },
    ]);
    const { body } = await api.get("/dead-letters/poison");
    expect(body.items).toMatchObject([{ reason: "unreadable", body: "<html>", discarded_at: null }]);
    const { id } = body.items[0];
    const refused = await api.send("POST", `/dead-letters/poison/${id}/retry`);
    expect(refused.status).toBe(409);
    expect(refused.body.detail).toContain("cannot be read as a target");
    for (let time = 1; time <= 2; time++)
      expect((await api.send("POST", `/dead-letters/poison/${id}/discard`)).status).toBe(202);
    expect((await api.get("/dead-letters/poison")).body.items[0].discarded_at).not.toBeNull();
    expect((await api.get("/dead-letters")).body.poison).toBe(0);
    expect((await api.send("POST", "/dead-letters/poison/999999/discard")).status).toBe(404);
  });
});

describe("with a hundred thousand dead letters", () => {
  beforeAll(async () => {
    await sql`DELETE FROM targets`.execute(worker);
    const run = await beginRun(worker, "many");
    await sql`
      INSERT INTO targets (run_id, queue, source, host, external_id, url, state, reason, last_error, finished_at, dead_lettered_at)
      SELECT ${run.id}, 'listing_enrichment', 'sample', 'shop.example.com', 'many-' || n, 'https://shop.example.com/item/' || n,
             'dead', 'reason-' || n % 40, 'no answer', now() - make_interval(secs => n), now()
        FROM generate_series(1, 100000) n`.execute(worker);
  }, 60_000);

  it("the groups count all of them, and all are retried in bounded batches", async () => {
    const { body } = await api.get("/dead-letters");
    expect(body).toMatchObject({ total: 100_000, group_count: 40 });
    expect((await api.get("/dead-letters?reason=reason-7")).body.total).toBe(2_500);
    expect((await api.send("POST", "/dead-letters/discard", { reason: "reason-7" })).body.changed).toBe(
      2_500,
    );
    expect((await api.send("POST", "/dead-letters/retry", { all: true })).body.changed).toBe(97_500);
    expect((await api.get("/dead-letters")).body.total).toBe(0);
  }, 60_000);
});
