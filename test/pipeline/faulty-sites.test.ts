import { existsSync } from "node:fs";
import { join } from "node:path";
import { createSnapshotStore } from "@pricefleet/fetching";
import { type FaultRule, startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { createSources } from "@pricefleet/sources";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";
import { deadLettersOf, publishByHand } from "./dead-letters.ts";

const LISTINGS = 9;
const standingStill = new Date("2026-01-15T12:00:00Z");

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());

/** A marketplace is a host of its own: a wall at one closes no other. */
async function marketplaceWith(rules: (Partial<FaultRule> & Pick<FaultRule, "fault">)[]) {
  const marketplace = await startSampleMarketplace({
    listings: LISTINGS,
    clock: () => standingStill,
    faults: { rules },
  });
  closers.defer(() => marketplace.close());
  return marketplace;
}

const faulty = await marketplaceWith([
  { fault: "not-found", path: "/item/gone-1" },
  { fault: "ended", path: "/item/gone-2" },
  { fault: "server-error", path: "/item/shaky-1", times: 2 },
  { fault: "hang", path: "/item/shaky-2", times: 1 },
  { fault: "truncated", path: "/item/shaky-3", times: 1 },
  { fault: "needs-javascript", path: "/item/changed-1" },
]);
const walls = {
  captcha: await marketplaceWith([{ fault: "captcha", path: "/item/captcha-1", times: 1 }]),
  blocked: await marketplaceWith([{ fault: "blocked", path: "/item/blocked-1", times: 1 }]),
  login: await marketplaceWith([{ fault: "login", path: "/item/login-1", times: 1 }]),
};
const impatient = await startSampleMarketplace({
  listings: LISTINGS,
  faults: { rules: [{ fault: "rate-limited", path: "/item/busy-1", times: 1, retryAfterSeconds: 2 }] },
});
closers.defer(() => impatient.close());

const hostOf = (marketplace: { url: string }) => new URL(marketplace.url).host;
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: {
    FETCH_MODE: "http",
    ALLOW_PRIVATE_HOSTS: [faulty, ...Object.values(walls), impatient].map(hostOf).join(";"),
  },
});
closers.defer(() => fleet.stop());
fleet.startDispatcher();
fleet.startWorker({ WORKER_QUEUES: "listing_enrichment:12" });

beforeAll(async () => {
  // One wall is enough here to open a host's breaker.
  for (const host of Object.values(walls).map(hostOf)) {
    await fleet.book.query(
      `INSERT INTO hosts (host, source, min_delay_ms, max_in_flight, blocks_to_open) VALUES ($1, 'sample', 0, 16, 1)`,
      [host],
    );
  }
  const collectors = [
    fleet.startCollector({
      SOURCE: "sample",
      SAMPLE_BASE_URL: faulty.url,
      SEARCH_TERM: "shaky;gone;changed",
    }),
    // Each with words of its own, for the same words would be the same search, and the same listings.
    ...Object.entries({ ...walls, busy: impatient }).map(([term, { url }]) =>
      fleet.startCollector({ SOURCE: "sample", SAMPLE_BASE_URL: url, SEARCH_TERM: term }),
    ),
  ];
  for (const collector of collectors) await collector.ended;
});

interface TargetRow {
  id: string;
  run_id: string;
  state: string;
  attempts: number;
  error_class: string | null;
  reason: string | null;
  last_error: string | null;
}

async function targetAt(marketplace: { url: string }, externalId: string): Promise<TargetRow> {
  const { rows } = await fleet.book.query<TargetRow>(
    `SELECT id, run_id, state, attempts, error_class, reason, last_error FROM targets
      WHERE host = $1 AND external_id = $2`,
    [hostOf(marketplace), externalId],
  );
  if (rows[0] === undefined) throw new Error(`no target ${externalId}`);
  return rows[0];
}

/** The target once it has come to its end. */
function endOfTarget(marketplace: { url: string }, externalId: string): Promise<TargetRow> {
  return waitFor(`the end of ${externalId}`, 50_000, async () => {
    const target = await targetAt(marketplace, externalId);
    return ["done", "failed", "dead"].includes(target.state) ? target : null;
  });
}

async function listing(externalId: string) {
  const { rows } = await fleet.book.query<Record<string, unknown>>(
    `SELECT gone_at, ended, availability, enriched_at, amount::text FROM listings WHERE external_id = $1`,
    [externalId],
  );
  return rows[0];
}

describe("a page that cannot be read, among others that can", () => {
  it("404: the target has failed for good, and its listing is gone", async () => {
    expect(await endOfTarget(faulty, "gone-1")).toMatchObject({
      state: "failed",
      attempts: 1,
      error_class: "permanent",
      reason: "gone",
    });
    // Noted after the target's end.
    await waitFor("the listing to be gone", 10_000, async () =>
      (await listing("gone-1"))?.["gone_at"] instanceof Date ? true : null,
    );
  });

  it("an ended listing is done, and says that it has ended", async () => {
    expect(await endOfTarget(faulty, "gone-2")).toMatchObject({ state: "done", attempts: 1 });
    expect(await listing("gone-2")).toMatchObject({ gone_at: null, ended: true, availability: "ended" });
  });

  it("5xx twice, then the page: done at the third attempt", async () => {
    expect(await endOfTarget(faulty, "shaky-1")).toMatchObject({ state: "done", attempts: 3, reason: null });
  });

  it("a page cut off in the middle is fetched again", async () => {
    expect(await endOfTarget(faulty, "shaky-3")).toMatchObject({ state: "done", attempts: 2 });
  });

  it("a changed layout: dead at the second look, both pages kept, and no price read", async () => {
    const target = await endOfTarget(faulty, "changed-1");
    expect(target).toMatchObject({
      state: "dead",
      attempts: 2,
      error_class: "layout-changed",
      last_error: "the page has no listing with a title and a price",
    });
    for (const attempt of [1, 2]) {
      expect(existsSync(join(fleet.debugDir, `${target.id}-${attempt}.html.gz`))).toBe(true);
    }
    const { rows } = await fleet.book.query(
      `SELECT s.page_state, l.external_id, (SELECT count(*)::integer FROM price_observations o WHERE o.target_id = s.target_id) AS prices
         FROM snapshots s JOIN listings l ON l.id = s.listing_id WHERE s.target_id = $1`,
      [target.id],
    );
    const kept = { page_state: "changed", external_id: "changed-1", prices: 0 };
    expect(rows).toEqual([kept, kept]);
    expect(await listing("changed-1")).toMatchObject({ enriched_at: null, gone_at: null });
  });

  it("a dead target's message lies in the DLQ with reason, attempts and time; moved back by hand it is worked on again", async () => {
    const target = await endOfTarget(faulty, "changed-1");
    const [letter] = await waitFor("the dead letter", 10_000, async () => {
      const letters = await deadLettersOf(vhost);
      return letters.length > 0 ? letters : null;
    });
    expect(letter).toMatchObject({
      body: { target_id: target.id, source: "sample" },
      properties: { type: "pricefleet.target.v1", content_type: "application/json" },
      headers: {
        reason: "layout-changed",
        attempts: 2,
        dead_lettered_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        host: hostOf(faulty),
        error: "the page has no listing with a title and a price",
      },
    });
    await endOf(fleet.book, target.run_id, 20_000);

    faulty.setFaults({ rules: [] });
    await publishByHand(vhost, { ...letter?.properties, headers: letter?.headers }, letter?.payload ?? "");
    await waitFor("the target done", 20_000, async () =>
      (await targetAt(faulty, "changed-1")).state === "done" ? true : null,
    );
    expect(await targetAt(faulty, "changed-1")).toMatchObject({ attempts: 1, reason: null });
    expect(await endOf(fleet.book, target.run_id, 20_000)).toMatchObject({ state: "completed" });
  });
});

describe.each(Object.entries(walls))("a host that shows one %s page", (wall, marketplace) => {
  it("is closed with that reason; the attempt is given back, and all its listings are done after", async () => {
    const host = hostOf(marketplace);
    await waitFor("the host closed", 20_000, async () => {
      const { rows } = await fleet.book.query(
        "SELECT FROM hosts WHERE host = $1 AND closed_reason = $2 AND closed_until > now() + interval '5 seconds'",
        [host, wall],
      );
      return rows.length > 0 ? true : null;
    });
    const walled = await waitFor("the target postponed", 10_000, async () => {
      const target = await targetAt(marketplace, `${wall}-1`);
      return target.state === "queued" && target.reason !== null ? target : null;
    });
    expect(walled).toMatchObject({ attempts: 0, error_class: "blocked", reason: wall });

    // Nobody waits the minute out: the book says that it is over.
    await fleet.book.query("UPDATE hosts SET closed_until = now() WHERE host = $1", [host]);
    await fleet.book.query(
      "UPDATE targets SET not_before = now(), republish_after = now() WHERE host = $1 AND state = 'queued'",
      [host],
    );
    expect(await endOf(fleet.book, walled.run_id, 30_000)).toMatchObject({ state: "completed" });
    expect(await targetAt(marketplace, `${wall}-1`)).toMatchObject({ state: "done", attempts: 1 });
    expect(await outcomes(marketplace)).toEqual({ done: LISTINGS });
    expect(marketplace.countByPath.get(`/item/${wall}-1`)).toBe(2);
    const { rows } = await fleet.book.query(
      "SELECT closed_until, closed_reason, consecutive_closings FROM hosts WHERE host = $1",
      [host],
    );
    expect(rows).toEqual([{ closed_until: null, closed_reason: null, consecutive_closings: 0 }]);
  });
});

describe("a host that asks for patience", () => {
  it("is left alone for as long as its Retry-After says, and the attempt is given back", async () => {
    expect(await endOfTarget(impatient, "busy-1")).toMatchObject({ state: "done", attempts: 1 });
    const asked = impatient.requests.filter(({ path }) => path === "/item/busy-1");
    expect(asked.map(({ status }) => status)).toEqual([429, 200]);
    expect(Number(asked[1]?.at) - Number(asked[0]?.at)).toBeGreaterThanOrEqual(2_000);
  });
});

describe("at the end", () => {
  it("a page that hangs was given up and fetched again, and everything else went on meanwhile", {
    timeout: 60_000,
  }, async () => {
    const hung = await endOfTarget(faulty, "shaky-2");
    expect(hung).toMatchObject({ state: "done", attempts: 2 });
    expect(await endOf(fleet.book, hung.run_id, 10_000)).toMatchObject({ state: "completed" });
    expect(await outcomes(faulty)).toEqual({ done: 3 * LISTINGS - 1, failed: 1 });
  });

  it("every enriched page is kept, and reading the kept page again gives the stored price", async () => {
    const { rows } = await fleet.book.query<Record<string, string>>(
      `SELECT s.sha256, s.path, s.url, l.external_id, o.amount::text, o.currency
         FROM snapshots s
         JOIN listings l ON l.id = s.listing_id
         JOIN price_observations o ON o.snapshot_id = s.id`,
    );
    const { rows: done } = await fleet.book.query("SELECT FROM targets WHERE state = 'done'");
    expect(rows).toHaveLength(done.length);
    const store = createSnapshotStore(fleet.snapshotDir);
    const sources = createSources({ sampleBaseUrl: faulty.url });
    for (const { sha256 = "", path = "", url = "", external_id, amount, currency } of rows) {
      expect(existsSync(join(fleet.snapshotDir, path))).toBe(true);
      const reading = sources.read(
        { url, html: await store.read(sha256), status: null },
        sources.byName("sample"),
      );
      expect(reading.items).toMatchObject([{ external_id, amount, currency }]);
    }
  });
});

async function outcomes(marketplace: { url: string }): Promise<Record<string, number>> {
  const { rows } = await fleet.book.query<{ state: string; count: number }>(
    "SELECT state, count(*)::integer AS count FROM targets WHERE host = $1 GROUP BY state",
    [hostOf(marketplace)],
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}
