import { ensureRoles, generateRolePasswords, migrateToLatest } from "@pricefleet/database";
import { connectBelt } from "@pricefleet/queue";
import { createLogger } from "@pricefleet/logging";
import { startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { afterAll, describe, expect, it } from "vitest";
import { countsByState, endOf, startFleet, waitFor } from "../fleet/index.ts";
import { startPrivateServers } from "../harness/index.ts";

/** `make test-chaos` runs the same over more. */
const LISTINGS = Number(process.env["CHAOS_LISTINGS"] ?? 200);
const CARDS_A_PAGE = 40;
const TERM = "thinkpad x1";
const LEASE_SECONDS = 8;

const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());

const servers = await startPrivateServers();
closers.defer(() => servers.stop());
const { ownerUrl, workerUrl } = await ensureRoles(servers.postgres.adminUrl, generateRolePasswords());
await migrateToLatest(ownerUrl);

const standingStill = new Date("2026-01-15T12:00:00Z");
const marketplace = await startSampleMarketplace({
  listings: LISTINGS,
  perPage: CARDS_A_PAGE,
  clock: () => standingStill,
  // Slow enough that every blow falls in the middle of the run.
  faults: {
    rules: [
      { fault: "slow", slowMs: 500 },
      { fault: "slow", path: "/search", slowMs: 1_500 },
    ],
  },
});
closers.defer(() => marketplace.close());

const fleet = startFleet({
  databaseUrl: workerUrl,
  amqpUrl: servers.rabbitmq.url,
  environment: {
    SAMPLE_BASE_URL: marketplace.url,
    FETCH_MODE: "http",
    LEASE_SECONDS: String(LEASE_SECONDS),
    REPUBLISH_AFTER_SECONDS: "20",
  },
});
closers.defer(() => fleet.stop());

describe(`a run of ${LISTINGS} listings in which everything is killed once`, () => {
  it("ends with every target finished exactly once, every price stored once, and nothing left behind", {
    timeout: 300_000,
  }, async () => {
    const { items: expected, total } = marketplace.expectedSearch(TERM);
    let dispatcher = fleet.startDispatcher();
    const workers = [fleet.startWorker(), fleet.startWorker(), fleet.startWorker()];
    const collector = fleet.startCollector({ SOURCE: "sample", SEARCH_TERM: TERM });

    const runId = await waitFor("two search pages", 60_000, async () => {
      const { rows } = await fleet.book.query<{ id: string }>("SELECT id FROM runs WHERE pages_read >= 2");
      return rows[0]?.id ?? null;
    });
    await collector.end("SIGKILL", 0);
    const { rows: interrupted } = await fleet.book.query("SELECT collected_at FROM runs WHERE id = $1", [
      runId,
    ]);
    expect(interrupted).toEqual([{ collected_at: null }]);

    await doneTargets(runId, 10);
    await workers[0]?.end("SIGKILL", 0);
    workers.push(fleet.startWorker());

    await doneTargets(runId, 25);
    await servers.rabbitmq.restart();

    await doneTargets(runId, 40);
    await servers.postgres.kill();
    await servers.postgres.restart();

    await doneTargets(runId, 60);
    await dispatcher.end("SIGKILL", 0);
    dispatcher = fleet.startDispatcher();

    await doneTargets(runId, 85);
    await servers.rabbitmq.wipe();

    const end = await endOf(fleet.book, runId, 180_000);
    expect(end).toEqual({
      state: "completed",
      found: expected.length,
      pages_read: Math.ceil(total / CARDS_A_PAGE),
      error: null,
    });
    expect(await countsByState(fleet.book, runId)).toEqual({ done: expected.length });

    expect(await finishesByTarget(runId)).toEqual({
      targets: expected.length,
      finishes: expected.length,
      most: 1,
    });
    expect(await pricesByListing()).toEqual(
      expected
        .map((item) => ({
          external_id: item.external_id,
          amount: item.amount,
          currency: item.currency,
          observations: 1,
        }))
        .toSorted((a, b) => (a.external_id < b.external_id ? -1 : 1)),
    );
    const { rows: leases } = await fleet.book.query(
      "SELECT id FROM targets WHERE lease_expires_at IS NOT NULL",
    );
    expect(leases).toEqual([]);
    await waitFor("empty queues", 60_000, async () => ((await messagesLeft()) === 0 ? true : null));
  });
});

async function doneTargets(runId: string, atLeast: number): Promise<void> {
  await waitFor(`${atLeast} finished targets`, 120_000, async () => {
    const { done = 0 } = await countsByState(fleet.book, runId);
    return done >= atLeast ? true : null;
  });
}

/** Each finish writes one snapshot row in its transaction, so these count the finishes. */
async function finishesByTarget(runId: string) {
  const { rows } = await fleet.book.query(
    `SELECT count(*)::integer AS targets, sum(finishes)::integer AS finishes, max(finishes)::integer AS most
       FROM (SELECT target_id, count(*) AS finishes FROM snapshots s JOIN targets t ON t.id = s.target_id
              WHERE t.run_id = $1 GROUP BY target_id) AS finished`,
    [runId],
  );
  return rows[0];
}

/** The marketplace's clock stands still, so whatever saw a price after its card can only have confirmed it. */
async function pricesByListing() {
  const { rows } = await fleet.book.query(
    `SELECT l.external_id, min(o.amount)::text AS amount, min(o.currency) AS currency,
            count(*)::integer AS observations
       FROM listings l JOIN price_observations o ON o.listing_id = l.id
      GROUP BY l.external_id ORDER BY l.external_id COLLATE "C"`,
  );
  return rows;
}

async function messagesLeft(): Promise<number> {
  const logger = createLogger({ service: "test", level: "error", format: "json" });
  const belt = await connectBelt({ url: servers.rabbitmq.url, name: "test", logger });
  try {
    return Object.values(await belt.queueDepths()).reduce((sum, { ready }) => sum + ready, 0);
  } finally {
    await belt.close();
  }
}
