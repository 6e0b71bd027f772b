import { startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { afterAll, describe, expect, it } from "vitest";
import { startTestApi } from "../api/index.ts";
import { endOf, logOf, startFleet } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const REQUEST_ID = "ops-2026-11-23";

const database = await createTestDatabase();
const vhost = await createTestVhost();
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const marketplace = await startSampleMarketplace({ listings: 60, perPage: 40 });
closers.defer(() => marketplace.close());
const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: { SAMPLE_BASE_URL: marketplace.url, FETCH_MODE: "http" },
});
closers.defer(() => fleet.stop());

describe("a run that was asked for by POST /runs", async () => {
  const api = await startTestApi(database.apiUrl);
  const dispatcher = fleet.startDispatcher();
  const worker = fleet.startWorker();
  const response = await api.fetch("/runs", {
    method: "POST",
    headers: {
      authorization: "Bearer a-token-only-for-tests",
      "content-type": "application/json",
      "x-request-id": REQUEST_ID,
    },
    body: JSON.stringify({ source: "sample", term: "thinkpad", enrich_limit: 2, max_pages: 1 }),
  });
  const { id: runId } = (await response.json()) as { id: string };
  await endOf(fleet.book, runId, 60_000);
  const { rows: targets } = await fleet.book.query<{ id: string }>(
    "SELECT id FROM targets WHERE run_id = $1",
    [runId],
  );
  const workersLog = logOf(worker);

  it("keeps the request's id, and so does its history", async () => {
    const { rows } = await fleet.book.query(
      `SELECT r.request_id, e.request_id AS event_request_id FROM runs r JOIN run_events e ON e.run_id = r.id
        WHERE r.id = $1 ORDER BY e.id LIMIT 1`,
      [runId],
    );
    expect(rows).toEqual([{ request_id: REQUEST_ID, event_request_id: REQUEST_ID }]);
  });

  it("every line of a target between its claim and its acknowledgement says which target, run, worker and request", () => {
    expect(targets).toHaveLength(2);
    // With one target in hand at a time, whatever this worker logs in between is about the target.
    const claims = workersLog.flatMap((line, index) => (line["message"] === "target claimed" ? [index] : []));
    expect(claims).toHaveLength(2);
    for (const start of claims) {
      const length = workersLog.slice(start).findIndex((line) => line["message"] === "message acknowledged");
      const life = workersLog.slice(start, start + length + 1);
      expect(life.map((line) => line["message"])).toEqual([
        "target claimed",
        "page read",
        "target done",
        "message acknowledged",
      ]);
      const targetId = life[0]?.["target_id"];
      expect(targets.map(({ id }) => id)).toContain(targetId);
      for (const line of life) {
        expect(line).toMatchObject({
          run_id: runId,
          target_id: targetId,
          request_id: REQUEST_ID,
          worker: expect.stringMatching(/^\S+\/\d+$/),
        });
      }
    }
  });

  it("its collecting and each publish can be found by the request's id as well", () => {
    const lines = logOf(dispatcher).filter((line) => line["request_id"] === REQUEST_ID);
    expect(lines.every((line) => line["run_id"] === runId && typeof line["worker"] === "string")).toBe(true);
    expect(lines.filter(({ service }) => service === "collector").map(({ message }) => message)).toEqual(
      expect.arrayContaining(["collecting", "search page read", "all search pages read"]),
    );
    const published = lines.filter(({ message }) => message === "target published");
    expect(new Set(published.map((line) => line["target_id"]))).toEqual(new Set(targets.map(({ id }) => id)));
  });
});
