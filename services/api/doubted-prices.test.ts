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

const converted = [{ method: "json-ld" as const, amount: "3971.45", currency: "USD" }];
const run = await beginRun(worker, "kettles");
await storePage(worker, run, [
  anItem("lost", { amount: "12.50" }),
  anItem("sure", { amount: "20.00", confidence: 0.99 }),
  anItem("unsure", { amount: "3500.00", disagreed: converted, confidence: 0.78 }),
  anItem("unpriced", { amount: null, currency: null, confidence: null }),
]);
const claims = await claimTargets(worker, run.id, 4);
const claimOf = (externalId: string) => {
  const claim = claims.find((claim) => claim.externalId === externalId);
  if (claim === undefined) throw new Error(`${externalId} was due`);
  return claim;
};
await finishClaim(worker, claimOf("lost"), { amount: "1250.00" });

const idOf = async (externalId: string): Promise<string> => {
  const { body } = await api.get("/listings");
  return body.items.find((item: { external_id: string }) => item.external_id === externalId).id;
};
const amountsOf = async (path: string): Promise<string[]> =>
  (await api.get(path)).body.items.map(({ amount }: { amount: string }) => amount);

describe("a price in quarantine", () => {
  it("is shown as what it is, with its reason and its page, and is not the listing's price", async () => {
    const { body } = await api.get(`/listings/${await idOf("lost")}`);
    expect(body).toMatchObject({
      amount: "12.50",
      pending_price: {
        amount: "1250.00",
        currency: "EUR",
        reason: "ratio 100: looks like a lost decimal separator",
        read_from: "page",
        methods: { adapter: "1250.00" },
        snapshot: { page_url: expect.stringMatching(/^\/snapshots\/\d+$/) },
      },
    });
    const { body: sure } = await api.get(`/listings/${await idOf("sure")}`);
    expect(sure.pending_price).toBeNull();
  });

  it("is nothing that listings are ordered by or bounded with", async () => {
    expect(await amountsOf("/listings?currency=EUR&sort=price_desc")).toEqual(["3500.00", "20.00", "12.50"]);
    expect(await amountsOf("/listings?currency=EUR&min_price=1000&max_price=2000")).toEqual([]);
  });

  it("is what listings can be asked for", async () => {
    expect(await amountsOf("/listings?doubted=true")).toEqual(["12.50"]);
    expect((await api.get("/listings?doubted=false")).status).toBe(400);
  });

  it("is in the history only for who asks for it", async () => {
    const path = `/listings/${await idOf("lost")}/prices`;
    expect(await amountsOf(path)).toEqual(["12.50"]);
    const { body } = await api.get(`${path}?include_doubted=true`);
    expect(body.items).toMatchObject([
      { amount: "1250.00", quarantine: { state: "quarantined", ended_at: null } },
      { amount: "12.50", quarantine: null },
    ]);
    expect((await api.get(`${path}?include_doubted=yes`)).status).toBe(400);
  });
});

describe("how far a price can be trusted", () => {
  it("comes with it, and who disagreed", async () => {
    const { body } = await api.get(`/listings/${await idOf("unsure")}/prices`);
    expect(body.items).toMatchObject([{ confidence: 0.78, disagreed: converted, snapshot: null }]);
  });

  it("is what listings can be asked for; a price that is not known is not sure", async () => {
    expect(await amountsOf("/listings?min_confidence=0.99")).toEqual(["20.00"]);
    expect(await amountsOf("/listings?min_confidence=0.78&sort=oldest")).toEqual([
      "12.50",
      "20.00",
      "3500.00",
    ]);
  });

  it.each(["2", "-1", "high", "0.5e1"])("is a number from 0 to 1 and not %s", async (given) => {
    const { status, body } = await api.get(`/listings?min_confidence=${given}`);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: "min_confidence" }]);
  });
});
