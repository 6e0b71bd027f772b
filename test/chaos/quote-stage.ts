import { ensureRoles, generateRolePasswords, migrateToLatest } from "@pricefleet/database";
import { Pool } from "pg";
import type { OwnedProcess } from "../../scripts/servers/index.ts";
import { type Fleet, logOf, startFleet, waitFor } from "../fleet/index.ts";
import { type PrivateServers, startPrivateServers } from "../harness/index.ts";
import { type QuoteSite, startQuoteSite } from "../pipeline/quote-site.ts";
import { chromiumOf } from "./chromium-of.ts";
import { keepRefreshLog } from "./refresh-log.ts";

const PATIENCE_MS = 120_000;
/** So that blows meet refreshes in hand. */
const SLOW_MS = 1_500;

/** Six instruments on two hosts, one dispatcher and two workers, with servers of their own. */
export interface QuoteStage {
  book: Pool;
  site: QuoteSite;
  /** What may be killed, by name. Each resolves when whatever was killed is there and at work again. */
  blows: Record<string, () => Promise<void>>;
  /** Waits for a moment in which a worker has a refresh in hand, and would be killed to some effect. */
  untilOneIsInHand: () => Promise<void>;
  /** When each process of the fleet was killed, by its id. */
  killedAt: ReadonlyMap<number, number>;
}

/** Symbols, by the names of their pages. */
export const symbols: Record<string, string> = {
  GOLD: "GOLD",
  SILVER: "SILVER",
  "COMEX-HG1!": "HG1!",
  USDIDR: "USDIDR",
  steady: "STEADY",
  shaky: "SHAKY",
};

export async function setQuoteStage(closers: AsyncDisposableStack): Promise<QuoteStage> {
  const servers = await startPrivateServers();
  closers.defer(() => servers.stop());
  const { ownerUrl, workerUrl } = await ensureRoles(servers.postgres.adminUrl, generateRolePasswords());
  await migrateToLatest(ownerUrl);
  const admin = new URL(servers.postgres.adminUrl);
  admin.pathname = new URL(workerUrl).pathname;
  const book = new Pool({ connectionString: admin.href, max: 2, options: "-c search_path=price_tracker" });
  // A server that is killed on purpose takes its idle connections along.
  book.on("error", () => undefined);
  closers.defer(() => book.end());
  await keepRefreshLog(book);

  const site = await startQuoteSite({ slowMs: SLOW_MS });
  closers.defer(() => site.close());
  for (const page of Object.keys(symbols)) site.show(page, "500.5");
  await book.query("UPDATE instruments SET enabled = symbol = ANY($1)", [Object.values(symbols)]);
  for (const page of ["steady", "shaky"]) {
    await book.query(
      `INSERT INTO instruments (exchange, symbol, name, asset, currency, unit, page_url, page_selector)
       VALUES ('BANK', $1, $1, $1, 'USD', 'unit', $2, '#bid')`,
      [symbols[page], `${site.url.replace("127.0.0.1", "localhost")}/rates/${page}`],
    );
  }
  const fleet = startFleet({
    databaseUrl: workerUrl,
    amqpUrl: servers.rabbitmq.url,
    environment: {
      TRADINGVIEW_BASE_URL: site.url,
      ALLOW_PRIVATE_HOSTS: "localhost;127.0.0.1",
      WORKER_QUEUES: "quote_refresh:4",
    },
  });
  closers.defer(() => fleet.stop());
  return { book, site, ...blowsOn(fleet, servers, book) };
}

function blowsOn(fleet: Fleet, { postgres, rabbitmq }: PrivateServers, book: Pool) {
  const killedAt = new Map<number, number>();
  let dispatcher = fleet.startDispatcher();
  let workers = [fleet.startWorker(), fleet.startWorker()];
  const kill = async (owned: OwnedProcess) => {
    await owned.end("SIGKILL", 0);
    killedAt.set(owned.pid, Date.now());
  };
  const startWorker = async () => {
    const worker = fleet.startWorker();
    await waitFor("a worker", PATIENCE_MS, async () =>
      logOf(worker).some(({ message }) => message === "ready for targets") ? true : null,
    );
    return worker;
  };

  const untilOneIsInHand = () =>
    waitFor("a refresh in hand of the worker that is killed next", PATIENCE_MS, async () => {
      const { rows } = await book.query(
        "SELECT FROM targets WHERE state = 'running' AND worker LIKE '%/' || $1::text",
        [workers[0]?.pid],
      );
      return rows.length > 0 ? true : null;
    }).then(() => undefined);

  const blows: QuoteStage["blows"] = {
    async worker() {
      const [doomed, ...others] = workers;
      if (doomed === undefined) throw new Error("there is no worker");
      await kill(doomed);
      workers = [...others, await startWorker()];
    },
    async "both workers"() {
      await Promise.all(workers.map(kill));
      workers = await Promise.all([startWorker(), startWorker()]);
    },
    async dispatcher() {
      await kill(dispatcher);
      dispatcher = fleet.startDispatcher();
      await waitFor("a leader", PATIENCE_MS, async () => {
        const { rows } = await book.query<{ holder: string }>(
          "SELECT holder FROM leaders WHERE name = 'dispatcher'",
        );
        return rows[0]?.holder.includes(`/${dispatcher.pid}/`) ? true : null;
      });
    },
    async Chromium() {
      const [worker] = workers;
      if (worker !== undefined) process.kill(await chromiumOf(worker), "SIGKILL");
    },
    async RabbitMQ() {
      await rabbitmq.kill();
      await rabbitmq.restart();
    },
    async "RabbitMQ with all its messages"() {
      await rabbitmq.wipe();
    },
    async PostgreSQL() {
      await postgres.kill();
      await postgres.restart();
    },
  };
  return { blows, untilOneIsInHand, killedAt };
}
