import { afterAll, describe, expect, it } from "vitest";
import type { OwnedProcess } from "../../scripts/servers/index.ts";
import { startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost, layLine } from "../harness/index.ts";
import { startQuoteSite } from "./quote-site.ts";

const PATIENCE_MS = 60_000;

const database = await createTestDatabase();
const vhost = await createTestVhost();
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const site = await startQuoteSite();
closers.defer(() => site.close());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { TRADINGVIEW_BASE_URL: site.url, WORKER_QUEUES: "quote_refresh:1" },
});
closers.defer(() => fleet.stop());
const { book } = fleet;

interface Refresh {
  state: string;
  attempts: number;
  worker: string;
  is_in_doubt: boolean;
  /** Of the lease. */
  is_prolonged: boolean;
  waited_for_its_time: boolean;
}

/** Of the refresh of gold, which is the only one. Only a doubt sets the next time of one that is running. */
async function gold(): Promise<Refresh | null> {
  const { rows } = await book.query<Refresh>(
    `SELECT state, attempts, worker, state = 'running' AND not_before > started_at AS is_in_doubt,
            lease_expires_at > now() + interval '6 seconds' AS is_prolonged, started_at >= not_before AS waited_for_its_time
       FROM targets WHERE queue = 'quote_refresh' AND state <> 'cancelled'`,
  );
  return rows[0] ?? null;
}

const goldThat = (what: string, isSo: (refresh: Refresh) => boolean) =>
  waitFor(what, PATIENCE_MS, async () => {
    const refresh = await gold();
    return refresh !== null && isSo(refresh) ? refresh : null;
  });

const quoteAt = (price: string) =>
  waitFor(`gold at ${price}`, PATIENCE_MS, async () => {
    const { rows } = await book.query<{ price: string }>("SELECT price::text FROM quotes");
    return rows[0]?.price === price ? true : null;
  });

const pagesAskedFor = () => site.requests.filter(({ path }) => path.startsWith("/symbols/GOLD")).length;
const pageAskedFor = (after: number) =>
  waitFor("the page to be asked for", PATIENCE_MS, async () => (pagesAskedFor() > after ? true : null));

describe("a refresh whose worker RabbitMQ has lost", async () => {
  await book.query("UPDATE instruments SET enabled = symbol = 'GOLD'");
  fleet.startDispatcher();
  let heir: OwnedProcess | null = null;

  it("is taken over by another worker after its backoff, when the worker was killed", {
    timeout: 150_000,
  }, async () => {
    site.show("GOLD", "1950.35");
    const release = site.hold("GOLD");
    const doomed = fleet.startWorker();
    await pageAskedFor(0);
    const first = await goldThat("a refresh", ({ state }) => state === "running");
    heir = fleet.startWorker();
    await doomed.end("SIGKILL", 0);

    await goldThat("a doubt", ({ is_in_doubt }) => is_in_doubt);
    await pageAskedFor(1);
    const second = await goldThat("a second refresh", ({ attempts }) => attempts === 2);
    expect(second.waited_for_its_time).toBe(true);
    expect(second.worker).not.toBe(first.worker);
    release();
    await quoteAt("1950.35");
  });

  it("stays with a worker that lives, which stores what it reads", { timeout: 150_000 }, async () => {
    await heir?.end("SIGTERM", PATIENCE_MS);
    const line = await layLine(vhost.url);
    closers.defer(() => line.cut());
    const release = site.hold("GOLD");
    site.show("GOLD", "1951.10");
    const before = pagesAskedFor();
    fleet.startWorker({ AMQP_URL: line.url });
    await pageAskedFor(before);
    fleet.startWorker();
    const asked = pagesAskedFor();
    await line.cut();

    await goldThat("a doubt", ({ is_in_doubt }) => is_in_doubt);
    const kept = await goldThat(
      "a sign of life",
      ({ is_in_doubt, is_prolonged }) => is_in_doubt && is_prolonged,
    );
    expect(kept).toMatchObject({ attempts: 1 });
    release();
    await quoteAt("1951.10");
    expect(pagesAskedFor()).toBe(asked);
  });
});
