import { describe, expect, it } from "vitest";
import { anItem, beginRun, connectForTest, startTestApi, storePage } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);

const laptops = await beginRun(worker, "laptops");
await storePage(worker, laptops, [
  anItem("1", { title: "ThinkPad X1 Carbon", amount: "899.50", condition: "Used" }),
  anItem("2", { title: "ThinkPad T14, broken screen", amount: "99.99", condition: "For parts" }),
  anItem("3", { title: "MacBook Air", amount: "899.50", currency: "USD", condition: "NEW" }),
  anItem("4", { title: "ThinkPad dock", amount: null, currency: null, condition: null, match: "related" }),
]);
const phones = await beginRun(worker, "phones", "ebay");
await storePage(worker, phones, [anItem("5", { title: "Phone X1", amount: "100.00", condition: "used" })]);

const externalIds = async (query: string): Promise<string[]> => {
  const { body } = await api.get(`/listings${query}`);
  return body.items.map((item: { external_id: string }) => item.external_id);
};

describe("the list of listings", () => {
  it("every listing is served, the newest first", async () => {
    expect(await externalIds("")).toEqual(["5", "4", "3", "2", "1"]);
  });
});
