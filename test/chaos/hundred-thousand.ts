import {
  claimTarget,
  connectDatabase,
  ensureHosts,
  ensureRoles,
  generateRolePasswords,
  markCollected,
  migrateToLatest,
  withRetries,
} from "@pricefleet/database";
import { connectBelt, type Delivery } from "@pricefleet/queue";
import { Pool } from "pg";
import { anItem, beginRun, finishClaim, quietLogger, storePage } from "../api/index.ts";
import { startFleet, waitFor } from "../fleet/index.ts";
import { startPrivateServers } from "../harness/index.ts";
import { type Account, assertNothingLost } from "./assert-nothing-lost.ts";
import { growthBetween, memoryOf } from "./memory.ts";
import type { Scene } from "./stage.ts";
import { stopAndResume } from "./stop-and-resume.ts";

const TARGETS = 100_000;
/** A host's belt holds 5,000, so these make all of them be published at once. */
const HOSTS = 20;
const AT_ONCE = 16;
const LIMIT_MS = 20 * 60_000;

/** The dispatcher is a real process; the workers claim and finish as real ones do, and only leave out the page. */
export async function pushHundredThousand(): Promise<Account & { fetches: null; grownMb: number }> {
  await using closers = new AsyncDisposableStack();
  const servers = await startPrivateServers();
  closers.defer(() => servers.stop());
  const { ownerUrl, workerUrl } = await ensureRoles(servers.postgres.adminUrl, generateRolePasswords());
  await migrateToLatest(ownerUrl);
  const db = await connectDatabase({ url: workerUrl, poolMax: AT_ONCE, name: "test", logger: quietLogger });
  closers.defer(() => db.destroy());
  const admin = new URL(servers.postgres.adminUrl);
  admin.pathname = new URL(workerUrl).pathname;
  const book = new Pool({ connectionString: admin.href, max: 2, options: "-c search_path=price_tracker" });
  closers.defer(() => book.end());

  const run = await beginRun(db, "everything");
  const hosts = Array.from({ length: HOSTS }, (_, number) => `host-${number}.example`);
  await ensureHosts(
    db,
    hosts.map((host) => ({ host, source: "sample", minDelayMs: 0, maxInFlight: 1_000 })),
  );
  const items = Array.from({ length: TARGETS }, (_, number) => anItem(`item-${number}`));
  for (const [index, host] of hosts.entries()) {
    const page = items.slice((index * TARGETS) / HOSTS, ((index + 1) * TARGETS) / HOSTS);
    await storePage(db, run, page, index + 1, host);
  }
  await markCollected(db, run.id);

  const fleet = startFleet({ databaseUrl: workerUrl, amqpUrl: servers.rabbitmq.url, environment: {} });
  closers.defer(() => fleet.stop());
  const dispatcher = fleet.startDispatcher();
  await waitFor("all targets to be on the belt", LIMIT_MS, async () => {
    const { rows } = await book.query("SELECT FROM targets WHERE state = 'pending' LIMIT 1");
    return rows.length === 0 ? true : null;
  });

  const belt = await connectBelt({ url: servers.rabbitmq.url, name: "test", logger: quietLogger });
  closers.defer(() => belt.close());
  const worker = await belt.consume({ queue: "listing_enrichment", concurrency: AT_ONCE, handle: work });
  closers.defer(async () => void (await worker.drain(10_000)));

  const scene: Scene = {
    servers,
    book,
    runId: () => Promise.resolve(run.id),
    expected: {
      pages: HOSTS,
      items: items.map(({ external_id, amount, currency }) => ({
        external_id,
        amount,
        currency,
        isDoomed: false,
      })),
    },
  };
  await waitFor("the first tenth", LIMIT_MS, async () => {
    const { rows } = await book.query("SELECT FROM targets WHERE state = 'done' OFFSET 9999 LIMIT 1");
    return rows.length > 0 ? true : null;
  });
  let before = new Map<string, number>();
  await stopAndResume(scene, () => (before = memoryOf([dispatcher])));
  const account = await assertNothingLost(scene, 0);
  return { ...account, fetches: null, grownMb: growthBetween(before, memoryOf([dispatcher])) };

  async function work(delivery: Delivery): Promise<void> {
    const { target_id: targetId, publish_id: publishId } = delivery.message;
    const claim = await withRetries(() =>
      claimTarget(db, {
        targetId,
        publishId,
        worker: "test",
        leaseSeconds: 180,
        longestWaitMs: 2_000,
        slotsAhead: 2,
        floorMs: 0,
        pastDeadline: false,
        movedByHand: false,
      }),
    );
    if (claim.outcome === "later") return belt.publishLater(delivery, claim.waitMs);
    if (claim.outcome === "claimed") await withRetries(() => finishClaim(db, claim));
  }
}
