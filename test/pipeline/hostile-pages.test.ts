import { readFileSync } from "node:fs";
import { ExitCode } from "@pricefleet/contracts";
import { afterAll, describe, expect, it } from "vitest";
import { endOf, startFleet } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";
import { hostilePages, startHostileSite } from "./hostile-site.ts";

const MOST_MEMORY_MB = 300;

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const site = await startHostileSite();
closers.defer(() => site.close());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { SOURCE: "sample", SAMPLE_BASE_URL: site.url, FETCH_MODE: "http" },
});
closers.defer(() => fleet.stop());
fleet.startDispatcher();
const worker = fleet.startWorker();

interface Target {
  external_id: string;
  state: string;
  error_class: string | null;
  reason: string | null;
  last_error: string | null;
  title: string;
}

async function collect(): Promise<Map<string, Target>> {
  const { exitCode } = await fleet.startCollector({ SEARCH_TERM: "hostile", ENRICH_MAX_AGE_HOURS: "0" })
    .ended;
  expect(exitCode).toBe(ExitCode.ok);
  const { rows: runs } = await fleet.book.query<{ id: string }>("SELECT max(id) AS id FROM runs");
  await endOf(fleet.book, runs[0]?.id ?? "", 150_000);
  const { rows } = await fleet.book.query<Target>(
    `SELECT t.external_id, t.state, t.error_class, t.reason, t.last_error, l.title
       FROM targets t JOIN listings l ON l.source = t.source AND l.external_id = t.external_id`,
  );
  return new Map(rows.map((target) => [target.external_id, target]));
}

describe("a worker that meets pages made to hurt it", { timeout: 180_000 }, async () => {
  const targets = collect();
  const tooLarge = ["failed", "permanent", "too-large", "larger than 8388608 bytes"];
  const unreasonable = ["dead", "layout-changed", "layout-changed", "nested too deep to be real"];
  const noListing = ["dead", "layout-changed", "layout-changed", "no listing with a title and a price"];

  it.each([
    ["fifty-megabytes", tooLarge],
    ["endless", tooLarge],
    ["gzip-bomb", tooLarge],
    ["brotli-bomb", tooLarge],
    ["bomb-in-a-bomb", tooLarge],
    ["million-tags", unreasonable],
    ["million-elements", unreasonable],
    ["million-brackets", unreasonable],
    ["million-entities", unreasonable],
    ["million-json-brackets", noListing],
    ["binary-as-html", noListing],
    ["binary-as-picture", ["failed", "permanent", "not-a-page", "is image/jpeg, not a page"]],
    ["unknown-coding", ["failed", "permanent", "not-a-page", 'encoded as "rot13"']],
    ["no-gzip-at-all", ["dead", "temporary", "truncated", "ended early"]],
  ])("%s ends in %s", async (id, [state, errorClass, reason, words]) => {
    const target = (await targets).get(id);
    expect(target).toMatchObject({ state, error_class: errorClass, reason });
    expect(target?.last_error).toContain(words);
  });

  it.each([
    ["encoding-in-header", "Чайник"],
    ["encoding-in-meta", "Чайник"],
    ["encoding-by-mark", "Чайник"],
    ["encoding-unknown", "Чайник"],
    ["broken-utf-8", "Kettle"],
    ["fine", "Чайник"],
  ])("%s is read as what it means: %s", async (id, title) => {
    expect((await targets).get(id)).toMatchObject({ state: "done", title });
  });

  it(`goes on, and never took more than ${MOST_MEMORY_MB} MB`, async () => {
    expect((await targets).size).toBe(Object.keys(hostilePages).length);
    const status = readFileSync(`/proc/${worker.pid}/status`, "utf8");
    const peakMb = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
    expect(peakMb).toBeLessThan(MOST_MEMORY_MB);
  });
});
