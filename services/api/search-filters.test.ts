import { describe, expect, it } from "vitest";
import { finishFilteredOut } from "@pricefleet/database";
import {
  anItem,
  beginRun,
  claimTargets,
  connectForTest,
  startTestApi,
  storePage,
} from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);

const filter = {
  must_contain: ["rtx 3060"],
  must_not_contain: ["laptop", "na części"],
  min_price: "100",
  max_price: "300.50",
  currency: "EUR",
  conditions: ["used"],
  locations: ["Łódź"],
};
const order = (term: string, changes: object) =>
  api.send("POST", "/searches", { source: "ebay", term, ...changes });

describe("the filter of a search", () => {
  it("is given with the search, changed later, and taken away by null; what is left out stays", async () => {
    const made = await order("one", { filter });
    expect(made).toMatchObject({ status: 201, body: { filter, filtered_out: {} } });
    const address = `/searches/${made.body.id}`;
    expect((await api.send("PATCH", address, { max_pages: 2 })).body.filter).toEqual(filter);
    const changed = await api.send("PATCH", address, { filter: { must_contain: ["x"] } });
    expect(changed.body.filter).toEqual({ must_contain: ["x"] });
    expect((await api.send("PATCH", address, { filter: null })).body.filter).toBeNull();
    expect((await order("two", {})).body.filter).toBeNull();
  });

  it.each([
    [{ must_contain: [] }, "filter.must_contain", "a list of 1 to 50 words"],
    [{ must_contain: "rtx" }, "filter.must_contain", "a list of 1 to 50 words"],
    [{ max_price: "10" }, "filter.currency", "an ISO 4217 currency such as EUR"],
    [{ max_price: "ten", currency: "EUR" }, "filter.max_price", "an amount such as 19.99"],
    [
      { min_price: "9", max_price: "8", currency: "EUR" },
      "filter.max_price",
      "an amount not below min_price",
    ],
    ["rtx", "filter", "an object with must_contain"],
  ])("%j is a 400 that names %s and says what would be right", async (bad, field, right) => {
    const { status, body } = await order(`bad ${field}`, { filter: bad });
    expect(status).toBe(400);
    expect(body.errors).toContainEqual({
      field: expect.stringContaining(field),
      message: expect.stringContaining(right),
    });
  });
});

describe("what was filtered out", () => {
  it("by a listing's own page is no listing of the search any more, and is counted by reason with the run and the search", async () => {
    const run = await beginRun(worker, "lamps");
    await storePage(worker, run, [anItem("far"), anItem("near")]);
    const claims = await claimTargets(worker, run.id, 2);
    const far = claims.find(({ externalId }) => externalId === "far");
    if (far === undefined) throw new Error("not claimed");
    expect(await finishFilteredOut(worker, far, "location", "http")).toBe("now");
    // Delivered twice, it is counted once.
    expect(await finishFilteredOut(worker, far, "location", "http")).toBe("before");
    expect((await api.get(`/runs/${run.id}`)).body.filtered_out).toEqual({ location: 1 });
    expect((await api.get(`/searches/${run.searchId}`)).body.filtered_out).toEqual({ location: 1 });
    const { body } = await api.get(`/listings?search_id=${run.searchId}`);
    expect(body.items.map((one: { external_id: string }) => one.external_id)).toEqual(["near"]);
  });
});
