import { gpuModels } from "@pricefleet/catalog";
import { currency } from "@pricefleet/contracts";
import { findBenchmarks, findGpuValues } from "@pricefleet/database";
import { z } from "zod";
import { decimal, numberOrElse, text } from "../fields.ts";
import { defineRoute } from "../route.ts";

const DAY_MS = 86_400_000;
const benchmarkName = text(60).describe("Such as passmark-g3d");

const gpuValue = z
  .strictObject({
    model: z.string(),
    brand: z.string(),
    memory_gb: z.int().nullable().describe("null: the titles do not tell it, of a model sold with several"),
    score: decimal.nullable().describe("null: no score is known"),
    score_source: z.string().nullable(),
    score_measured_on: z.iso.date().nullable(),
    value: decimal.nullable().describe("`score` for one unit of the base currency, at `price`"),
    price: decimal.describe("The median of the lowest prices"),
    min: decimal,
    median: decimal.describe("Of all prices that count"),
    listings: z.int().describe("How many prices count"),
    left_out: z.int().describe("How many were too far from the others"),
    listings_url: z.string().describe("Where the listings are"),
  })
  .meta({ id: "GpuValue" });

const gpuCatalog = z
  .strictObject({
    benchmark: z.string(),
    base_currency: currency,
    lowest: z.int(),
    items: z.array(gpuValue),
    benchmarks: z
      .array(z.strictObject({ benchmark: z.string(), models: z.int() }))
      .describe("Those of which scores were imported"),
  })
  .meta({ id: "GpuCatalog" });

export const gpuCatalogRoutes = [
  defineRoute({
    method: "get",
    path: "/catalog/gpu",
    tag: "Listings",
    summary: "Graphics cards by what they give for their price, the best value first",
    description:
      "Of the cards that listings offer now, in the base currency. Laptops, computers, broken cards, accessories, bids and prices far from the others do not count. Models without a score come last.",
    query: z.strictObject({
      benchmark: benchmarkName.default("passmark-g3d"),
      lowest: numberOrElse(1, 100, 5).describe("The price of a model is the median of so many lowest ones"),
      min_listings: numberOrElse(1, 1_000, 1).describe("Models with fewer are left out"),
      days: numberOrElse(1, 3_650, 30).describe("Listings that were not seen for so long do not count"),
      condition: text(100).optional().describe("As the site words it, in any case"),
    }),
    responses: { 200: { description: "The models", schema: gpuCatalog } },
    answer: async ({ db, query, baseCurrency }) => {
      const { benchmark, lowest, condition = null } = query;
      const rows = await findGpuValues(db, {
        benchmark,
        baseCurrency,
        lowest,
        minListings: query.min_listings,
        seenSince: new Date(Date.now() - query.days * DAY_MS),
        condition,
      });
      const items = rows.map((row) => ({
        ...row,
        brand: gpuModels.get(row.model)?.brand ?? "",
        listings_url: listingsOf(row.model, row.memory_gb, condition),
      }));
      const benchmarks = await findBenchmarks(db);
      return { status: 200, body: { benchmark, base_currency: baseCurrency, lowest, items, benchmarks } };
    },
  }),
];

function listingsOf(model: string, memoryGb: number | null, condition: string | null): string {
  const query = new URLSearchParams({ model, offer: "card", state: "active" });
  if (memoryGb !== null) query.set("memory_gb", String(memoryGb));
  if (condition !== null) query.set("condition", condition);
  return `/listings?${query}`;
}
