import { describe, expect, it } from "vitest";
import {
  anItem,
  beginRun,
  claimTargets,
  connectForTest,
  finishClaim,
  startTestApi,
  storePage,
} from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);

for (const [index, amount] of ["20.00", "20.00", "18.50", "21.00"].entries()) {
  const run = await beginRun(worker, `moving ${index}`);
  await storePage(worker, run, [anItem("moving", { amount, shipping: "0" })]);
  if (amount !== "21.00") continue;
  for (const claim of await claimTargets(worker, run.id, 1))
    await finishClaim(worker, claim, { amount, shipping: "0" });
}
const { body: listings } = await api.get("/listings");
const id: string = listings.items[0].id;

describe("the history of a price", () => {
  it("changes are listed, the newest first, and repeats only confirm", async () => {
    const { body } = await api.get(`/listings/${id}/prices`);
    expect(
      body.items.map(({ amount, confirmations }: Record<string, unknown>) => [amount, confirmations]),
    ).toEqual([
      ["21.00", 1],
      ["18.50", 0],
      ["20.00", 1],
    ]);
    expect(body.items[0]).toMatchObject({ currency: "EUR", shipping: "0", methods: { adapter: "21.00" } });
  });

  it("a price read from the listing's page names the page that was kept", async () => {
    const { body } = await api.get(`/listings/${id}/prices?limit=1`);
    expect(body.items[0].snapshot).toMatchObject({ url: "https://shop.example.com/item/moving" });
    expect(body.items[0].snapshot.sha256).toHaveLength(64);
    expect(body.next_cursor).not.toBeNull();
  });

  it("the history can be read page by page", async () => {
    const amounts: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const { body } = await api.get(
        `/listings/${id}/prices?limit=1${cursor === "" ? "" : `&cursor=${cursor}`}`,
      );
      amounts.push(...body.items.map((item: { amount: string }) => item.amount));
      cursor = body.next_cursor;
    }
    expect(amounts).toEqual(["21.00", "18.50", "20.00"]);
  });
});
