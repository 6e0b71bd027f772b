import type { LatestQuote } from "@pricefleet/database";
import {
  type ConvertedPrice,
  convertedByRate,
  measuresIn,
  priceOf,
  type QuotedPrice,
} from "@pricefleet/pricing";
import { currency } from "@pricefleet/contracts";
import { z } from "zod";
import { text } from "../fields.ts";
import {
  asQuotedPrice,
  convertedPrice,
  isStale,
  latestPrice,
  priceView,
  unit,
} from "../market/quote-view.ts";
import { Problem } from "../problem.ts";
import { defineRoute } from "../route.ts";

export const priceRoutes = [
  defineRoute({
    method: "get",
    path: "/prices",
    tag: "Market",
    summary: "The latest price of everything that is quoted",
    description:
      "From memory that follows PostgreSQL within milliseconds; 503 when it may be more than 2 s behind.",
    responses: {
      200: { description: "All prices", schema: z.strictObject({ items: z.array(latestPrice) }) },
    },
    answer: async ({ market }) => {
      const nowMs = Date.now();
      const items = [...market.quotes.all().values()].map((row) => priceView(row, nowMs));
      return { status: 200, body: { items } };
    },
  }),
  defineRoute({
    method: "get",
    path: "/prices/{asset}",
    tag: "Market",
    summary: "What something costs, by any measure and in any currency that quotes lead to",
    description:
      "By a quoted pair in either direction, or by two that share a currency. Quotes that are not stale come first; where only stale ones lead there, `stale` says so.",
    params: z.strictObject({ asset: text(40).describe("gold, silver, copper, or a currency such as USD") }),
    query: z.strictObject({
      unit: unit.optional().describe("As quoted if not given"),
      currency: currency.optional().describe("As quoted if not given"),
    }),
    responses: { 200: { description: "The price, and what it rests on", schema: convertedPrice } },
    problems: [404],
    answer: async ({ market, params, query }) => {
      const rows = [...market.quotes.all().values()];
      return { status: 200, body: priceIn(rows, params.asset, query, Date.now()) };
    },
  }),
];

interface Wish {
  unit?: z.infer<typeof unit> | undefined;
  currency?: string | undefined;
}

function priceIn(
  rows: readonly LatestQuote[],
  name: string,
  wish: Wish,
  nowMs: number,
): z.infer<typeof convertedPrice> {
  const quoted = rows.find(({ asset }) => asset.toLowerCase() === name.toLowerCase());
  const asset = quoted?.asset ?? currencyNamed(rows, name);
  const wanted = {
    unit: wish.unit ?? quoted?.unit ?? "unit",
    currency: wish.currency ?? quoted?.currency ?? asset,
  };
  if (measuresIn(quoted?.unit ?? "unit", wanted.unit) === null)
    throw wrongUnit(asset, quoted?.unit ?? "unit", wanted.unit);
  const freshRows = rows.filter((row) => !isStale(row, nowMs));
  const found = priceFrom(freshRows, asset, wanted) ?? priceFrom(rows, asset, wanted);
  if (found === null) {
    throw new Problem(
      "not-found",
      `no quotes lead from ${asset} to ${wanted.currency} in two steps; quoted are ${pairsOf(rows)}`,
    );
  }
  const byId = new Map(rows.map((row) => [row.id, row]));
  const used = found.used.flatMap(({ id }) => {
    const row = byId.get(id);
    return row === undefined ? [] : [{ ...priceView(row, nowMs), id }];
  });
  const ageMs = Math.max(0, nowMs - found.oldestAt.getTime());
  return {
    asset,
    ...wanted,
    price: found.price,
    source: used[0]?.source ?? "",
    updated_at: found.oldestAt,
    age_seconds: Math.floor(ageMs) / 1_000,
    stale: used.some(({ stale }) => stale),
    used,
  };
}

/** A currency that is only ever priced in, such as IDR in USDIDR, has a price as well: the other way round. */
function priceFrom(
  rows: readonly LatestQuote[],
  asset: string,
  wanted: { unit: z.infer<typeof unit>; currency: string },
): ConvertedPrice | null {
  const quotes: QuotedPrice[] = rows.map(asQuotedPrice);
  return (
    priceOf(quotes, asset, wanted) ??
    (wanted.unit === "unit" ? convertedByRate(quotes, asset, wanted.currency) : null)
  );
}

function currencyNamed(rows: readonly LatestQuote[], name: string): string {
  const code = name.toUpperCase();
  if (rows.some((row) => row.unit === "unit" && row.currency === code)) return code;
  const known = [...new Set(rows.map(({ asset }) => asset))].toSorted().join(", ");
  throw new Problem("not-found", `nothing quotes ${name}; quoted are ${known === "" ? "none" : known}`);
}

function pairsOf(rows: readonly LatestQuote[]): string {
  return rows.map(({ asset, currency }) => `${asset} in ${currency}`).join(", ");
}

function wrongUnit(asset: string, quoted: string, wanted: string): Problem {
  const message = `is ${wanted}, and ${asset} is quoted per ${quoted}, which cannot be weighed against it`;
  return new Problem("bad-request", `unit ${message}`, { errors: [{ field: "unit", message }] });
}
