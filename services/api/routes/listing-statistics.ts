import { currency } from "@pricefleet/contracts";
import { findPriceTrend, findSearch, findSearchStatistics, withoutValue } from "@pricefleet/database";
import { z } from "zod";
import { decimal, id, numberOrElse, text } from "../fields.ts";
import { Problem } from "../problem.ts";
import { defineRoute } from "../route.ts";

const DAY_MS = 86_400_000;

const priceStatistics = z.strictObject({
  listings: z.int().describe("How many prices count"),
  left_out: z.int().describe("How many were too far from the others"),
  min: decimal,
  max: decimal,
  lowest_median: decimal.describe("The median of the lowest prices"),
  p10: decimal,
  p25: decimal,
  median: decimal,
  p75: decimal,
  p90: decimal,
});

const statistics = z
  .strictObject({
    search_id: id,
    base_currency: currency.describe("What all prices here are in"),
    lowest: z.int().describe("Of how many of the lowest prices lowest_median is; of a day always five"),
    listings: z.int().describe("How many listings the search has that were seen within `days`"),
    prices: priceStatistics.nullable().describe("null: no price counts"),
    not_compared: z
      .record(z.string(), z.int())
      .describe(
        "How many listings have no price that counts, by reason: sold, ended, gone, out-of-stock, related (a result for fewer words), quarantined (an odd price that awaits a second look), no-price, auction, range, free, or without a value in the base currency: no-rate, stale-rate, not-valued, other-base-currency",
      ),
    without_value: z.int().describe("How many of them have a price, and no value in the base currency"),
    conditions: z
      .array(priceStatistics.extend({ condition: z.string() }))
      .describe("By condition, lower case, as the site words it; empty: not told"),
    trend: z
      .array(priceStatistics.extend({ day: z.iso.date() }))
      .describe("By day (UTC), the oldest first; a day on which nothing was seen is left out"),
  })
  .meta({ id: "ListingStatistics" });

export const listingStatisticsRoutes = [
  defineRoute({
    method: "get",
    path: "/listings/stats",
    tag: "Listings",
    summary: "What the listings of a search cost: now, by condition, and day by day",
    description:
      "In the base currency. Prices whose modified z-score (median absolute deviation of the logarithms) is above 3.5 are left out and counted.",
    query: z.strictObject({
      search_id: id,
      condition: text(100).optional().describe("Only of this condition, as the site words it, in any case"),
      lowest: numberOrElse(1, 100, 5).describe("lowest_median is of so many of the lowest prices"),
      days: numberOrElse(1, 3_650, 30).describe("Listings that were not seen for so long do not count"),
      trend_days: numberOrElse(0, 3_650, 90).describe("So many days under `trend`"),
    }),
    responses: { 200: { description: "The statistics", schema: statistics } },
    problems: [404],
    answer: async ({ db, query, baseCurrency }) => {
      const { search_id: searchId, condition = null, lowest } = query;
      if ((await findSearch(db, searchId)) === null)
        throw new Problem("not-found", `search ${searchId} does not exist`);
      const seenSince = new Date(Date.now() - query.days * DAY_MS);
      const [{ prices, conditions, not_compared }, trend] = await Promise.all([
        findSearchStatistics(db, { searchId, baseCurrency, lowest, seenSince, condition }),
        findPriceTrend(db, searchId, baseCurrency, condition, query.trend_days),
      ]);
      const counted = prices === null ? 0 : prices.listings + prices.left_out;
      const sum = (reasons: readonly string[]) =>
        reasons.reduce((all, reason) => all + (not_compared[reason] ?? 0), 0);
      return {
        status: 200,
        body: {
          search_id: searchId,
          base_currency: baseCurrency,
          lowest,
          listings: counted + sum(Object.keys(not_compared)),
          prices,
          not_compared,
          without_value: sum(withoutValue),
          conditions,
          trend,
        },
      };
    },
  }),
];
