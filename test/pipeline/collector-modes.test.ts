import { ExitCode } from "@pricefleet/contracts";
import { startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { afterAll, describe, expect, it } from "vitest";
import { endOf, logOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const marketplace = await startSampleMarketplace({
  listings: 3,
  perPage: 3,
  faults: { rules: [{ fault: "not-found", path: "/search?q=missing" }] },
});
closers.defer(() => marketplace.close());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { SOURCE: "sample", SAMPLE_BASE_URL: marketplace.url, FETCH_MODE: "http" },
});
closers.defer(() => fleet.stop());

interface RunRow {
  id: string;
  state: string;
  collected: boolean;
}

async function runsOf(term: string): Promise<RunRow[]> {
  const { rows } = await fleet.book.query<RunRow>(
    `SELECT r.id, r.state, r.collected_at IS NOT NULL AS collected FROM runs r JOIN searches s ON s.id = r.search_id
      WHERE s.term = $1 ORDER BY r.id`,
    [term],
  );
  return rows;
}

/** Ends a run without workers, so that its search may run again. */
async function finish(runId: string): Promise<void> {
  await fleet.book.query("UPDATE targets SET state = 'cancelled' WHERE run_id = $1", [runId]);
  await fleet.book.query("SELECT complete_finished_runs()");
}

const collected = (term: string, count: number) =>
  waitFor(`collected run ${count} of ${term}`, 30_000, async () => {
    const run = (await runsOf(term))[count - 1];
    return run?.collected === true ? run : null;
  });

describe("a collector that runs alone", () => {
  it("publishes targets as those that are published again after REPUBLISH_AFTER_SECONDS", async () => {
    const collector = fleet.startCollector({ SEARCH_TERM: "stool", REPUBLISH_AFTER_SECONDS: "120" });
    const run = await collected("stool", 1);
    expect((await collector.ended).exitCode).toBe(ExitCode.ok);
    const { rows } = await fleet.book.query<{ state: string; seconds: number }>(
      `SELECT state, extract(epoch FROM republish_after - now())::float8 AS seconds FROM targets WHERE run_id = $1`,
      [run.id],
    );
    expect(rows.map(({ state }) => state)).toEqual(["queued", "queued", "queued"]);
    for (const { seconds } of rows) expect(seconds).toBeLessThanOrEqual(120);
    await finish(run.id);
  });

  it("as a daemon collects again and again, past rounds that fail, and ends well when it is asked to", async () => {
    const daemon = fleet.startCollector({
      COLLECTOR_MODE: "daemon",
      COLLECT_INTERVAL_SECONDS: "1",
      SEARCH_TERM: "missing;lamp",
    });
    for (const count of [1, 2]) await finish((await collected("lamp", count)).id);
    expect((await runsOf("missing")).length).toBeGreaterThanOrEqual(2);
    expect(logOf(daemon)).toContainEqual(
      expect.objectContaining({
        message: "the round did not go well; the next one goes on",
        exit_code: ExitCode.runFailed,
      }),
    );
    await daemon.end("SIGTERM", 20_000);
    expect((await daemon.ended).exitCode).toBe(ExitCode.ok);
  });

  it("as a daemon also collects what was asked for between two rounds", async () => {
    const daemon = fleet.startCollector({ COLLECTOR_MODE: "daemon", SEARCH_TERM: "vase" });
    await collected("vase", 1);
    await fleet.book.query("SELECT ask_run(ask_search('sample', 'asked for', NULL, 0, 0), NULL, NULL)");
    await collected("asked for", 1);
    expect(await runsOf("vase")).toHaveLength(1);
    await daemon.end("SIGTERM", 20_000);
  });

  it("by a schedule waits for its time", async () => {
    const waiting = fleet.startCollector({
      COLLECTOR_MODE: "cron",
      COLLECT_SCHEDULE: "0 6 29 2 *",
      COLLECT_TIME_ZONE: "Asia/Tokyo",
      SEARCH_TERM: "chair",
    });
    const line = await waitFor("the next round's time", 20_000, async () => {
      return logOf(waiting).find(({ message }) => message === "waiting for the next round") ?? null;
    });
    expect(line["next_round_at"]).toMatch(/-02-28T21:00:00.000Z$/);
    await waiting.end("SIGTERM", 20_000);
    expect((await waiting.ended).exitCode).toBe(ExitCode.ok);
    expect(await runsOf("chair")).toEqual([]);
  });
});

describe("a fleet without Kubernetes", () => {
  it("the dispatcher fires a search that is due, once for all the times it missed, and collects it", async () => {
    await fleet.book.query(
      `INSERT INTO searches (source, term, cron, time_zone, next_run_at)
       VALUES ('sample', 'missed', '*/5 * * * *', 'Europe/Berlin', now() - interval '1 day')`,
    );
    const dispatcher = fleet.startDispatcher();
    fleet.startWorker({ WORKER_QUEUES: "listing_enrichment:4" });
    const { id } = await collected("missed", 1);
    expect(await endOf(fleet.book, id, 30_000)).toMatchObject({ state: "completed", found: 3 });
    expect(await runsOf("missed")).toHaveLength(1);
    expect(logOf(dispatcher)).toContainEqual(
      expect.objectContaining({ message: "started a run on schedule", run_id: id }),
    );
  });
});
