import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quotesOfCurrencies } from "@pricefleet/database";
import { createBaseRates } from "@pricefleet/pricing";
import { describe, expect, it } from "vitest";
import { anItem, beginRun, connectForTest, startTestApi, storePage } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);
const rates = createBaseRates("USD", () => quotesOfCurrencies(worker));

const run = await beginRun(worker, "cards");
const card = (externalId: string, title: string, amount: string, changes = {}) =>
  anItem(externalId, { title, amount, currency: "USD", ...changes });
await storePage(
  worker,
  run,
  [
    card("a1", "MSI RTX 3060 Ventus 12GB", "200"),
    card("a2", "RTX 3060 12GB Palit", "220"),
    card("a3", "Gigabyte RTX 3060 12G", "240"),
    card("a4", "RTX 3060 12GB Zotac", "260"),
    card("a5", "RTX 3060 12GB Asus", "280"),
    card("a6", "RTX 3060 12GB Asus", "50"),
    card("b1", "RTX 3060 8GB", "180"),
    card("c1", "RTX 4090 Founders Edition", "1500"),
    card("x1", "Laptop with RTX 3060 12GB", "600"),
    card("x2", "RTX 3060 12GB defekt", "50"),
    card("x3", "Suche RTX 3060 12GB", "100"),
    card("x4", "RTX 3060 12GB bid", "1", { bids: 2 }),
    card("x5", "RTX 3060 12GB sold", "100", { ended: true, availability: "sold" }),
    card("x6", "RTX 3060 12GB of an unknown currency", "100", { currency: "XAG" }),
    card("y1", "ThinkPad X1", "300"),
  ],
  1,
  undefined,
  rates,
);

/** Not spawnSync: the API answers in this process. */
async function importBenchmarks(text: string, ...more: string[]) {
  const file = join(mkdtempSync(join(tmpdir(), "benchmarks-")), "list.csv");
  writeFileSync(file, text);
  const child = spawn(process.execPath, ["scripts/import-benchmarks.ts", file, ...more], {
    env: { ...process.env, DATABASE_URL: database.workerUrl },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (said += data));
  const [status] = await once(child, "close");
  return { status, said };
}

const catalog = async (query = "") => (await api.get(`/catalog/gpu${query}`)).body;

describe("graphics cards by their value", () => {
  it("have no value before a score is known, and cost the median of their lowest prices", async () => {
    const { items, benchmarks } = await catalog("?lowest=3");
    expect(benchmarks).toEqual([]);
    expect(items.map((item: { model: string }) => item.model)).toEqual([
      "GeForce RTX 3060",
      "GeForce RTX 3060",
      "GeForce RTX 4090",
    ]);
    expect(items[1]).toMatchObject({
      memory_gb: 12,
      brand: "NVIDIA",
      score: null,
      value: null,
      listings: 5,
      left_out: 1,
      min: "200.00",
      price: "220.00",
      median: "240.00",
    });
  });

  it("are in the order of score for a unit of the base currency, once scores are imported", async () => {
    const first = await importBenchmarks(
      "gpuName,G3Dmark,G2Dmark,testDate\nGeForce RTX 3060,17000,900,2021\nGeForce RTX 4090,38000,,2022\nGeForce RTX 3060 8GB,14000,,2022\nRadeon 1,fast,,2020\n",
      "--source",
      "passmark.example",
    );
    expect(first.status).toBe(1);
    expect(first.said).toMatch(/list\.csv:5: .*G3Dmark should be a number above 0/);
    const { items, benchmarks } = await catalog();
    expect(items.map((item: { memory_gb: number; value: string }) => [item.memory_gb, item.value])).toEqual([
      [8, "77.7778"],
      [12, "70.8333"],
      [24, "25.3333"],
    ]);
    expect(items[0]).toMatchObject({
      score: "14000",
      score_source: "passmark.example",
      score_measured_on: "2022-01-01",
    });
    expect(benchmarks).toEqual([
      { benchmark: "passmark-g2d", models: 1 },
      { benchmark: "passmark-g3d", models: 3 },
    ]);
  });

  it("lead to the listings that were counted, and those say what they were matched to", async () => {
    const { items } = await catalog("?min_listings=5");
    expect(items).toHaveLength(1);
    const { body } = await api.get(items[0].listings_url);
    expect(body.items.map((one: { external_id: string }) => one.external_id).toSorted()).toEqual([
      "a1",
      "a2",
      "a3",
      "a4",
      "a5",
      "a6",
      "x4",
      "x6",
    ]);
    expect(body.items[0].matched).toMatchObject({ offer: "card", model: "GeForce RTX 3060", memory_gb: 12 });
  });

  it("take a newer score in the place of the one before, and an import made twice changes nothing", async () => {
    const list = "model,benchmark,score\nRTX 4090,passmark-g3d,40000\n";
    expect((await importBenchmarks(list, "--date", "2026-01-31")).said).toContain("1 of them new or changed");
    const again = await importBenchmarks(list, "--date", "2026-01-31");
    expect(again).toMatchObject({ status: 0 });
    expect(again.said).toContain("0 of them new or changed");
    const { items } = await catalog();
    expect(items.at(-1)).toMatchObject({ score: "40000", score_measured_on: "2026-01-31" });
  });

  it("are asked for in words that are right, or it is said what would be", async () => {
    expect(await api.get("/catalog/gpu?lowest=0")).toMatchObject({
      status: 400,
      body: {
        errors: [
          { field: "lowest", message: expect.stringContaining("should be a whole number from 1 to 100") },
        ],
      },
    });
    expect((await api.get("/listings?offer=card")).status).toBe(400);
    expect((await api.get("/listings?model=GeForce RTX 4090&offer=cards")).status).toBe(400);
    expect((await importBenchmarks("name,price\n")).status).toBe(1);
  });
});
