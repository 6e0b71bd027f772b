import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeRunState, ensureHosts, markCollected, markGivenUp, noteBlock } from "@pricefleet/database";
import { waitingTime } from "./waiting-words.ts";
import { createDebugStore } from "@pricefleet/fetching";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import {
  anItem,
  beginRun,
  claimTargets,
  connectForTest,
  finishClaim,
  quietLogger,
  startTestApi,
  storePage,
} from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";
import { createDebugPages } from "./debug-pages.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const debugDir = mkdtempSync(join(tmpdir(), "pricefleet-debug-"));
afterAll(() => rmSync(debugDir, { recursive: true, force: true }));
const api = await startTestApi(database.apiUrl, { debugPages: createDebugPages(debugDir, quietLogger) });

/** A run of ten listings: three done, two failed, one dead, the rest to come. */
async function halfDoneRun(term: string): Promise<string> {
  const run = await beginRun(worker, term);
  await storePage(
    worker,
    run,
    Array.from({ length: 10 }, (_, n) => anItem(`${term}-${n}`)),
  );
  await changeRunState(worker, run.id, "processing", "collecting");
  const claims = await claimTargets(worker, run.id, 7);
  for (const [index, claim] of claims.slice(0, 6).entries()) {
    if (index < 3) await finishClaim(worker, claim);
    else if (index < 5) {
      const failure = { errorClass: "permanent", reason: "gone", message: "HTTP 404" };
      await markGivenUp(worker, claim, "failed", failure);
    } else {
      const failure = { errorClass: "temporary", reason: "timeout", message: "no answer in 30 s" };
      await markGivenUp(worker, claim, "dead", failure);
    }
  }
  return run.id;
}

describe("a run", () => {
  it("Prometheus is told what is under way: runs, targets and closed hosts", async () => {
    await halfDoneRun("watched");
    await ensureHosts(worker, [{ host: "walled.test", source: "other", minDelayMs: 0, maxInFlight: 1 }]);
    await noteBlock(worker, "walled.test", "captcha", 60_000);
    const metrics = await (await api.fetch("/metrics")).text();
    const told = metrics.split("\n").filter((line) => /^pricefleet_[a-z_]+(\{.*\})? [1-9]/.test(line));
    const targets = (state: string, count: number) =>
      `pricefleet_targets{queue="listing_enrichment",state="${state}"} ${count}`;
    expect(told.toSorted()).toEqual([
      "pricefleet_database_up 1",
      "pricefleet_hosts_closed 1",
      'pricefleet_runs{state="processing"} 1',
      targets("dead", 1),
      targets("done", 3),
      targets("failed", 2),
      targets("queued", 3),
      targets("running", 1),
    ]);
  });

  it("a run says how far it is and what failed", async () => {
    const id = await halfDoneRun("half");
    const { status, body } = await api.get(`/runs/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      search: { source: "sample", term: "half", url: null },
      state: "processing",
      found: 10,
      confirmed: 0,
      pages_read: 1,
      total_results: 10,
      pending: 0,
      queued: 3,
      running: 1,
      done: 3,
      failed: 2,
      dead: 1,
      cancelled: 0,
      success_rate: 0.5,
      failures: [
        { reason: "gone", count: 2 },
        { reason: "timeout", count: 1 },
      ],
      finished_at: null,
    });
    expect(body.rate_per_minute).toBeGreaterThan(0);
    expect(body.attempts).toMatchObject({
      total: 6,
      successes: 3,
      failures: [
        { error_class: "permanent", count: 2 },
        { error_class: "temporary", count: 1 },
      ],
    });
    expect(body.attempts.p95_ms).toBeGreaterThan(0);
    expect(body.markets).toMatchObject([
      {
        source: "sample",
        host: "shop.example.com",
        found: 10,
        queued: 3,
        running: 1,
        done: 3,
        failed: 2,
        dead: 1,
        success_rate: 0.5,
        attempts: { total: 6, successes: 3 },
        closed: null,
      },
    ]);
    expect(body.last_errors).toHaveLength(3);
    expect(body.last_errors[0]).toMatchObject({
      state: "dead",
      reason: "timeout",
      error: "no answer in 30 s",
    });
    expect(body.events.map(({ from, to }: Record<string, unknown>) => [from, to])).toEqual([
      [null, "initializing"],
      ["initializing", "processing"],
    ]);
  });

  it("a failure leads to the page that failed, where it was kept", async () => {
    const id = await halfDoneRun("kept");
    const [{ target_id: targetId }] = (await api.get(`/runs/${id}`)).body.last_errors;
    const html = "<p>not what was expected";
    await createDebugStore(debugDir).save({ targetId, attempt: 1, html, screenshot: null });
    const [latest, other] = (await api.get(`/runs/${id}`)).body.last_errors;
    expect(latest.screenshot_url).toBeNull();
    expect(other.page_url).toBeNull();
    expect(await (await api.fetch(latest.page_url)).text()).toBe(html);
  });

  it("the time left is not known until all pages are read", async () => {
    const id = await halfDoneRun("eta");
    expect((await api.get(`/runs/${id}`)).body).toMatchObject({
      eta_seconds: null,
      eta_range: null,
      eta_unknown_because: "search pages are left to read",
      estimated_end_at: null,
    });
    await markCollected(worker, id);
    const { body } = await api.get(`/runs/${id}`);
    expect(body.eta_seconds).toBeGreaterThan(0);
    expect(body.eta_range.low_seconds).toBeLessThanOrEqual(body.eta_seconds);
    expect(body.eta_range.high_seconds).toBeGreaterThanOrEqual(body.eta_seconds);
    expect(body).toMatchObject({ overall_progress: 0.6, eta_unknown_because: null });
    expect(Date.parse(body.estimated_end_at)).toBeGreaterThan(Date.parse(body.created_at));
  });

  it("a run that waits for a closed host says so, and knows no time left", async () => {
    const id = await halfDoneRun("walled");
    await markCollected(worker, id);
    const { host } = await worker
      .selectFrom("targets")
      .select("host")
      .where("run_id", "=", id)
      .executeTakeFirstOrThrow();
    const until = new Date(Date.now() + 60_000);
    await worker
      .updateTable("hosts")
      .set({ closed_until: until, closed_reason: "captcha" })
      .where("host", "=", host)
      .execute();
    onTestFinished(async () => {
      await worker.updateTable("hosts").set({ closed_until: null }).execute();
    });
    const { body } = await api.get(`/runs/${id}`);
    expect(body).toMatchObject({
      eta_seconds: null,
      closed_hosts: [
        {
          host,
          reason: "captcha",
          until: until.toISOString(),
          waiting: `waiting for ${host} until ${waitingTime(until)}: captcha`,
        },
      ],
      eta_unknown_because: `waiting for ${host} until ${waitingTime(until)}: captcha`,
      markets: [{ host, closed: { reason: "captcha" } }],
    });
  });

  it("a run in which nothing has ended has no success rate, rather than 0", async () => {
    const run = await beginRun(worker, "untouched");
    await storePage(worker, run, [anItem("untouched")]);
    const { body } = await api.get(`/runs/${run.id}`);
    expect(body).toMatchObject({ success_rate: null, pending: 1, failures: [], last_errors: [] });
  });

  it("a search with no results is a completed run with 0 found", async () => {
    const run = await beginRun(worker, "nothing at all");
    await storePage(worker, run, []);
    await markCollected(worker, run.id);
    const { body } = await api.get(`/runs/${run.id}`);
    expect(body).toMatchObject({ state: "completed", found: 0, eta_seconds: 0, success_rate: null });
    expect(body).toMatchObject({ overall_progress: 1, estimated_end_at: body.finished_at, markets: [] });
    expect(body.finished_at).not.toBeNull();
  });

  it("what is found and how many targets there are belong to one moment, while pages are being stored", async () => {
    const run = await beginRun(worker, "busy");
    const pages = Array.from({ length: 60 }, (_, page) =>
      Array.from({ length: 5 }, (_, n) => anItem(`busy-${page}-${n}`)),
    );
    const collecting = { isOver: false };
    const collect = async () => {
      for (const [index, items] of pages.entries()) await storePage(worker, run, items, index + 1);
      collecting.isOver = true;
    };
    const differences: object[] = [];
    const ask = async () => {
      while (!collecting.isOver) {
        const { body: one } = await api.get(`/runs/${run.id}`);
        const { body: list } = await api.get("/runs?limit=1");
        for (const { found, confirmed, pending } of [one, ...list.items])
          if (found !== confirmed + pending) differences.push({ found, confirmed, pending });
      }
    };
    await Promise.all([collect(), ask()]);
    expect(differences).toEqual([]);
  });

  it("a run that is not there is 404", async () => {
    expect((await api.get("/runs/999999")).status).toBe(404);
  });
});

describe("the list of runs", () => {
  it("runs are listed, the newest first, each with its counts", async () => {
    const older = await halfDoneRun("older");
    const newer = await beginRun(worker, "newer");
    const { body } = await api.get("/runs?limit=2");
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual([newer.id, older]);
    expect(body.items[1]).toMatchObject({ done: 3, failed: 2, dead: 1, success_rate: 0.5 });
    const next = await api.get(`/runs?limit=2&cursor=${body.next_cursor}`);
    expect(next.body.items.map(({ id }: { id: string }) => Number(id) < Number(older))).not.toContain(false);
  });

  it("runs can be narrowed to a state and to a search", async () => {
    const run = await beginRun(worker, "paused one");
    await changeRunState(worker, run.id, "paused", "a test");
    const ids = async (query: string) =>
      (await api.get(`/runs?${query}`)).body.items.map(({ id }: { id: string }) => id);
    expect(await ids("state=paused")).toEqual([run.id]);
    expect(await ids(`search_id=${run.searchId}`)).toEqual([run.id]);
    expect(await ids(`search_id=${run.searchId}&state=completed`)).toEqual([]);
  });
});
