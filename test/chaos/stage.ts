import { ensureRoles, generateRolePasswords, migrateToLatest } from "@pricefleet/database";
import {
  type FaultRule,
  type SampleMarketplace,
  startSampleMarketplace,
} from "@pricefleet/sample-marketplace";
import { Pool } from "pg";
import type { OwnedProcess } from "../../scripts/servers/index.ts";
import { countsByState, type Fleet, startFleet, waitFor } from "../fleet/index.ts";
import { type CuttableLine, layLine, type PrivateServers, startPrivateServers } from "../harness/index.ts";

const CARDS_A_PAGE = 40;
const TERM = "thinkpad x1";
const PATIENCE_MS = 300_000;
/** The whole of a run's reading takes about so long, so that a blow falls in its middle. */
const READING_MS = 40_000;
const SLOWEST_PAGE_MS = 2_000;

/** How a stage differs from three workers that read four quick pages each. */
export interface Arrangement {
  /** The marketplace's faults, before its slowness. */
  rules?: (Partial<FaultRule> & Pick<FaultRule, "fault">)[];
  /** Added to every service's environment. */
  environment?: Record<string, string>;
  /** Added to the environment of the dispatcher and of one worker. */
  environmentOfSome?: Record<string, string>;
  workers?: number;
  pagesAtOnce?: number;
}

/** What is to be known and stored in the end, whatever happens on the way. */
export interface Expected {
  pages: number;
  /** Those that are doomed end dead. */
  items: { external_id: string; amount: string | null; currency: string | null; isDoomed: boolean }[];
}

/** A run of which nothing is to be lost. */
export interface Scene {
  servers: PrivateServers;
  /** A superuser's, for looking and for asking as a person does. */
  book: Pool;
  runId: () => Promise<string>;
  expected: Expected;
}

/** Servers of its own, a marketplace, and a fleet of real processes that read a search of it. */
export interface Stage extends Scene {
  /** As many as were asked for; the search also finds a few for fewer words. */
  targets: number;
  /** The services reach both servers by these; the test itself does not. */
  lines: { postgres: CuttableLine; rabbitmq: CuttableLine };
  marketplace: SampleMarketplace;
  fleet: Fleet;
  dispatchers: OwnedProcess[];
  workers: OwnedProcess[];
  collector: OwnedProcess;
  startDispatcher: () => OwnedProcess;
  startWorker: () => OwnedProcess;
  /** Waits until this share of the targets has come to an end. */
  untilEnded: (share: number) => Promise<void>;
  untilPagesRead: (pages: number) => Promise<void>;
}

export async function setStage(
  targets: number,
  arrangement: Arrangement,
  closers: AsyncDisposableStack,
): Promise<Stage> {
  const { rules = [], environment = {}, environmentOfSome = {} } = arrangement;
  const { workers: workerCount = 3, pagesAtOnce = 4 } = arrangement;
  const servers = await startPrivateServers();
  closers.defer(() => servers.stop());
  const { ownerUrl, workerUrl } = await ensureRoles(servers.postgres.adminUrl, generateRolePasswords());
  await migrateToLatest(ownerUrl);
  const lines = { postgres: await layLine(workerUrl), rabbitmq: await layLine(servers.rabbitmq.url) };
  for (const line of Object.values(lines)) closers.defer(() => line.cut());

  const slowMs = Math.min(SLOWEST_PAGE_MS, Math.round((READING_MS * workerCount * pagesAtOnce) / targets));
  const standingStill = new Date("2026-01-15T12:00:00Z");
  const marketplace = await startSampleMarketplace({
    listings: targets,
    perPage: CARDS_A_PAGE,
    clock: () => standingStill,
    faults: {
      rules: [...rules, { fault: "slow", slowMs }, { fault: "slow", path: "/search", slowMs: 300 }],
    },
  });
  closers.defer(() => marketplace.close());

  const fleet = startFleet({
    databaseUrl: lines.postgres.url,
    amqpUrl: lines.rabbitmq.url,
    environment: {
      SAMPLE_BASE_URL: marketplace.url,
      FETCH_MODE: "http",
      LEASE_SECONDS: "20",
      REPUBLISH_AFTER_SECONDS: "30",
      WORKER_QUEUES: `listing_enrichment:${pagesAtOnce}`,
      ...environment,
    },
  });
  closers.defer(() => fleet.stop());
  const admin = new URL(servers.postgres.adminUrl);
  admin.pathname = new URL(workerUrl).pathname;
  const book = new Pool({ connectionString: admin.href, max: 2, options: "-c search_path=price_tracker" });
  // A server that is killed on purpose takes its idle connections along.
  book.on("error", () => undefined);
  closers.defer(() => book.end());

  const dispatchers = [fleet.startDispatcher(environmentOfSome)];
  const workers = [fleet.startWorker(environmentOfSome)];
  while (workers.length < workerCount) workers.push(fleet.startWorker());
  const collector = fleet.startCollector({ SOURCE: "sample", SEARCH_TERM: TERM });
  const search = marketplace.expectedSearch(TERM);
  const expected: Expected = {
    pages: Math.ceil(search.total / CARDS_A_PAGE),
    items: search.items.map(({ external_id, url, amount, currency }) => {
      const rule = marketplace.faultFor(new URL(url).pathname);
      const isDoomed = rule !== null && rule.times === null && rule.fault !== "slow";
      return { external_id, amount, currency, isDoomed };
    }),
  };

  const runId = () =>
    waitFor("the run", PATIENCE_MS, async () => {
      const { rows } = await book.query<{ id: string }>("SELECT id FROM runs");
      return rows[0]?.id ?? null;
    });

  return {
    targets,
    servers,
    lines,
    marketplace,
    fleet,
    book,
    dispatchers,
    workers,
    collector,
    expected,
    startDispatcher() {
      const dispatcher = fleet.startDispatcher();
      dispatchers.push(dispatcher);
      return dispatcher;
    },
    startWorker() {
      const worker = fleet.startWorker();
      workers.push(worker);
      return worker;
    },
    runId,
    async untilEnded(share) {
      const id = await runId();
      const atLeast = Math.ceil(expected.items.length * share);
      await waitFor(`${atLeast} targets that have ended`, PATIENCE_MS, async () => {
        const { done = 0, failed = 0, dead = 0 } = await countsByState(book, id);
        return done + failed + dead >= atLeast ? true : null;
      });
    },
    async untilPagesRead(pages) {
      await waitFor(`${pages} search pages`, PATIENCE_MS, async () => {
        const { rows } = await book.query("SELECT FROM runs WHERE pages_read >= $1", [pages]);
        return rows.length > 0 ? true : null;
      });
    },
  };
}
