import { existsSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { Pool } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import type { OwnedProcess } from "../../scripts/servers/index.ts";
import { countsByState, endOf, logOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const LISTINGS = 6;
const DAY_MS = 86_400_000;

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const marketplace = await startSampleMarketplace({
  listings: LISTINGS,
  faults: { rules: [{ fault: "slow", path: "/item/slow", slowMs: 1_000 }] },
});
closers.defer(() => marketplace.close());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { SAMPLE_BASE_URL: marketplace.url, FETCH_MODE: "http", SNAPSHOT_MAX_AGE_DAYS: "1" },
});
closers.defer(() => fleet.stop());
const api = new Pool({ connectionString: database.apiUrl, max: 1 });
closers.defer(() => api.end());

const dispatchers = [fleet.startDispatcher(), fleet.startDispatcher()];
fleet.startWorker();

/** Asks as the API does, with its role. */
async function ask(question: string, parameters: unknown[]): Promise<string> {
  const { rows } = await api.query<{ answer: string }>(
    `SELECT price_tracker.${question} AS answer`,
    parameters,
  );
  return rows[0]?.answer ?? "";
}

async function askForRun(source: string, term: string): Promise<string> {
  const searchId = await ask("ask_search($1, $2, NULL, 0, 0)", [source, term]);
  return ask("ask_run($1, NULL, NULL)", [searchId]);
}

const timesLed = (dispatcher: OwnedProcess) =>
  logOf(dispatcher).filter(({ message }) => message === "leading").length;

/** The leader's term is over now, instead of in 15 s. */
async function endTerm(): Promise<void> {
  await fleet.book.query("UPDATE leaders SET expires_at = now() WHERE name = 'dispatcher'");
}

describe("two dispatchers, one of which leads", () => {
  it("a run asked for with the API's role is collected and enriched to its end, by one collector", async () => {
    const runId = await askForRun("sample", "lamp");
    expect(await endOf(fleet.book, runId, 25_000)).toMatchObject({ state: "completed", found: LISTINGS });
    expect(await countsByState(fleet.book, runId)).toEqual({ done: LISTINGS });
    expect(marketplace.countByPath.get("/search?q=lamp&page=1")).toBe(1);
    expect(dispatchers.filter((dispatcher) => timesLed(dispatcher) > 0)).toHaveLength(1);
  });

  it("a run of a source that nobody knows ends in error that names the known ones", async () => {
    const runId = await askForRun("nobodys", "lamp");
    expect(await endOf(fleet.book, runId, 25_000)).toMatchObject({
      state: "error",
      error: expect.stringMatching(/^unknown-source: There is no source "nobodys"; known are .*sample/),
    });
  });

  it("a stopped run finishes what is in hand and takes nothing new, until it is resumed to its end", async () => {
    const requested = () => [...marketplace.countByPath].filter(([path]) => path.startsWith("/item/slow"));
    const runId = await askForRun("sample", "slow");
    await waitFor("a page in hand", 20_000, async () => (requested().length > 0 ? true : null));
    await ask("ask_run_stop($1)", [runId]);
    const stopped = await waitFor("nothing on the belt and in hand", 20_000, async () => {
      const { queued = 0, running = 0, ...rest } = await countsByState(fleet.book, runId);
      return queued + running === 0 ? rest : null;
    });
    expect(stopped).toEqual({ done: requested().length, pending: LISTINGS - requested().length });
    expect(stopped["pending"]).toBeGreaterThan(0);

    await ask("ask_run_resume($1)", [runId]);
    expect(await endOf(fleet.book, runId, 25_000)).toMatchObject({ state: "completed" });
    expect(await countsByState(fleet.book, runId)).toEqual({ done: LISTINGS });
    expect(requested().map(([, times]) => times)).toEqual(Array.from({ length: LISTINGS }, () => 1));
  });

  it("a killed leader is followed by the other, which prunes the snapshots that are too old and no others", async () => {
    const { rows: snapshots } = await fleet.book.query<{ sha256: string; path: string }>(
      "SELECT sha256, path FROM snapshots ORDER BY id",
    );
    const [old, ...young] = snapshots;
    if (old === undefined) throw new Error("there are no snapshots");
    const longAgo = new Date(Date.now() - 2 * DAY_MS);
    await utimes(join(fleet.snapshotDir, old.path), longAgo, longAgo);

    const leader = dispatchers.find((dispatcher) => timesLed(dispatcher) > 0);
    await leader?.end("SIGKILL", 0);
    await endTerm();
    const pruned = await waitFor("the old snapshot pruned", 20_000, async () => {
      const { rows } = await fleet.book.query<{ sha256: string }>(
        "SELECT sha256 FROM snapshots WHERE pruned_at IS NOT NULL",
      );
      return rows.length > 0 ? rows : null;
    });
    expect(pruned).toEqual([{ sha256: old.sha256 }]);
    expect(existsSync(join(fleet.snapshotDir, old.path))).toBe(false);
    for (const { path } of young) expect(existsSync(join(fleet.snapshotDir, path))).toBe(true);
    expect(dispatchers.map(timesLed)).toEqual([1, 1]);
  });

  it("a leader whose term passed to another leaves it be, and leads again when that one is gone", async () => {
    const follower = dispatchers.find((dispatcher) => dispatcher.isRunning());
    if (follower === undefined) throw new Error("no dispatcher is running");
    await fleet.book.query(
      "UPDATE leaders SET holder = 'another', epoch = epoch + 1, expires_at = now() + interval '1 hour'",
    );
    await waitFor("the dispatcher to notice", 20_000, async () =>
      logOf(follower).some(({ message }) => message === "another leads now") ? true : null,
    );
    await endTerm();
    await waitFor("its second term", 20_000, async () => (timesLed(follower) === 2 ? true : null));
    const runId = await askForRun("sample", "vase");
    expect(await endOf(fleet.book, runId, 25_000)).toMatchObject({ state: "completed", found: LISTINGS });
  });
});
