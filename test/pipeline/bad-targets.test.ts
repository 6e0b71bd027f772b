import { ExitCode } from "@pricefleet/contracts";
import { afterAll, describe, expect, it } from "vitest";
import { endOf, startFleet, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";
import { deadLettersOf, publishByHand } from "./dead-letters.ts";
import { oddLinks, startOddSite } from "./odd-site.ts";

const database = await createTestDatabase();
const vhost = await createTestVhost();
// After the database and the vhost: what is registered last is closed first.
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const site = await startOddSite();
closers.defer(() => site.close());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { SOURCE: "sample", SAMPLE_BASE_URL: site.url, FETCH_MODE: "http" },
});
closers.defer(() => fleet.stop());
fleet.startDispatcher();
const worker = fleet.startWorker();

async function collect() {
  const { exitCode } = await fleet.startCollector({ SEARCH_TERM: "odd", ENRICH_MAX_AGE_HOURS: "0" }).ended;
  expect(exitCode).toBe(ExitCode.ok);
  const { rows } = await fleet.book.query<{ id: string }>("SELECT max(id) AS id FROM runs");
  const runId = rows[0]?.id ?? "";
  await endOf(fleet.book, runId, 30_000);
  return runId;
}

describe("addresses that must not be fetched", async () => {
  const runId = collect();

  it("every card of the page becomes a listing and a target, whatever its address is", async () => {
    const { rows } = await fleet.book.query("SELECT state, found, confirmed FROM runs WHERE id = $1", [
      await runId,
    ]);
    expect(rows).toEqual([{ state: "completed", found: Object.keys(oddLinks).length, confirmed: 0 }]);
  });

  it.each([
    ["leads-inside", "private-address", "169.254.169.254 is not a public address"],
    ["leads-to-this-machine", "private-address", "localhost is not a public address"],
    ["leads-in-circles", "too-many-redirects", "redirects more than 10 times"],
    ["leads-to-a-search", "not-a-listing", "the listing's address leads to a search page"],
    ["is-a-document", "not-a-page", "is application/pdf, not a page"],
    ["is-a-script", "not-http", "is not an http or https URL"],
    ["is-a-mail", "not-http", "is not an http or https URL"],
    ["is-on-ftp", "not-http", "is not an http or https URL"],
    ["is-inside", "private-address", "192.168.0.1 is not a public address"],
    ["is-too-long", "url-too-long", "at most 2048 are fetched"],
  ])("a listing that %s fails for good at its first attempt: %s", async (externalId, reason, words) => {
    const { rows } = await fleet.book.query(
      "SELECT state, attempts, error_class, reason, last_error FROM targets WHERE run_id = $1 AND external_id = $2",
      [await runId, externalId],
    );
    expect(rows).toEqual([
      {
        state: "failed",
        attempts: 1,
        error_class: "permanent",
        reason,
        last_error: expect.stringContaining(words),
      },
    ]);
  });

  it("and the sound listing among them is done, with what PostgreSQL cannot hold left out of its title", async () => {
    const { rows } = await fleet.book.query(
      `SELECT t.state, l.title, l.amount::text, l.currency, l.enriched_at IS NOT NULL AS enriched
         FROM targets t JOIN listings l USING (source, external_id) WHERE t.run_id = $1 AND t.external_id = 'is-fine'`,
      [await runId],
    );
    expect(rows).toEqual([
      {
        state: "done",
        title: "The listing that is fine \ufffd",
        amount: "10.00",
        currency: "USD",
        enriched: true,
      },
    ]);
  });
});

describe("messages that nobody can work on", () => {
  it.each([
    ["unreadable", { type: "pricefleet.target.v1" }, "not json at all", "not JSON: SyntaxError"],
    ["unreadable", { type: "pricefleet.target.v1" }, '{"target_id":"seven"}', "target_id: "],
    ["unknown-type", { type: "another.program.v1" }, "{}", 'type is "another.program.v1"; it should be'],
    ["unknown-type", {}, "", "type is not set; it should be pricefleet.target.v1"],
  ])("goes to the DLQ as %s: %o %s", async (reason, properties, payload, error) => {
    await publishByHand(vhost, properties, payload);
    const letter = await waitFor("the dead letter", 15_000, async () => {
      const letters = await deadLettersOf(vhost);
      return (
        letters.find((one) => one.payload === payload && one.headers["dead_lettered_at"] !== undefined) ??
        null
      );
    });
    expect(letter.headers).toMatchObject({ reason, attempts: 0, error: expect.stringContaining(error) });
  });

  it("one about a target that does not exist is let go, and the worker works on", async () => {
    const nobody = {
      target_id: "999999",
      publish_id: 1,
      run_id: "1",
      source: "sample",
      host: "x",
      url: "http://x",
    };
    await publishByHand(vhost, { type: "pricefleet.target.v1" }, JSON.stringify(nobody));
    const runId = await collect();
    const { rows } = await fleet.book.query(
      "SELECT state FROM targets WHERE run_id = $1 AND external_id = 'is-fine'",
      [runId],
    );
    expect(rows).toEqual([{ state: "done" }]);
    expect(await Promise.race([worker.ended, Promise.resolve("still running")])).toBe("still running");
    const letters = await deadLettersOf(vhost);
    expect(letters.map(({ body }) => body)).not.toContainEqual(nobody);
  });
});
