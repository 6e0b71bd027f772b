import type { CollectorReport } from "@pricefleet/contracts";
import { noteCollector } from "@pricefleet/database";
import { expect, it } from "vitest";
import { beginRun, connectForTest, startTestApi } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);

const report: CollectorReport = {
  kind: "job",
  name: "collect-1",
  state: "pending",
  message: "the Secret postgres-credentials is not there",
  pods: [{ name: "collect-1-x", state: "pending", message: "the Secret postgres-credentials is not there" }],
};

it("a run tells how its collector is doing, with each pod", async () => {
  const run = await beginRun(worker, "a lamp");
  expect((await api.get(`/runs/${run.id}`)).body.collector).toBeNull();
  await noteCollector(worker, run.id, report);
  const { body } = await api.get(`/runs/${run.id}`);
  expect(body.collector).toEqual({ ...report, checked_at: expect.stringMatching(/^\d{4}-.*Z$/) });
});
