import { ALL_MARKETS, runState } from "@pricefleet/contracts";
import {
  askOfRun,
  askRun,
  askSearch,
  type Database,
  findMarketProgress,
  findRun,
  findRuns,
  findSearchFor,
} from "@pricefleet/database";
import { z } from "zod";
import { id, timestamp } from "../fields.ts";
import { Problem } from "../problem.ts";
import { describeMarketRun, marketProgress } from "../progress/market-progress.ts";
import { progressOf } from "../progress/run-progress.ts";
import { defineRoute } from "../route.ts";
import { refuseUnreadable } from "../search-order.ts";

/** The default run: all markets of the JSON pricing API. */
const defaultSearch = { source: "json-api", term: ALL_MARKETS, url: null };

const cacheStatus = z
  .strictObject({
    state: runState.describe("idle: there is no run, or it was reset"),
    run_id: id.nullable(),
    run_url: z.string().nullable(),
    overall_progress: z.number().min(0).max(1).nullable(),
    eta_minutes: z.number().nonnegative().nullable(),
    total_eta: z.number().nullable().describe("Minutes from its start to its end"),
    estimated_end_at: timestamp.nullable(),
    error: z.string().nullable(),
    markets: z.array(marketProgress),
  })
  .meta({ id: "PriceCacheStatus" });

const responses = { description: "How far the default run is", schema: cacheStatus };

export const priceCacheRoutes = [
  defineRoute({
    method: "get",
    path: "/cache/prices/status",
    tag: "Runs",
    summary: "How far the run over all markets of the pricing API is",
    responses: { 200: responses },
    answer: async ({ db }) => ({ status: 200, body: await statusOf(db) }),
  }),
  defineRoute({
    method: "post",
    path: "/cache/prices/start",
    tag: "Runs",
    summary: "Start the run over all markets of the pricing API, or go on with the one that was stopped",
    responses: { 202: { ...responses, description: "Asked for" } },
    problems: [409],
    answer: async ({ db, sources, requestId }) => {
      refuseUnreadable(sources, defaultSearch);
      const last = await lastRun(db);
      if (last?.state === "paused") await askOfRun(db, last.id, "resume", requestId);
      else {
        const searchId = await askSearch(db, { ...defaultSearch, maxPages: 0, enrichLimit: 0 });
        await askRun(db, searchId, null, null, requestId);
      }
      return { status: 202, body: await statusOf(db) };
    },
  }),
  askingRoute("stop", "Pause it: what is in hand is finished"),
  askingRoute("reset", "Leave it for good, from stopped or ended: what is known stays"),
];

function askingRoute(request: "stop" | "reset", summary: string) {
  return defineRoute({
    method: "post",
    path: `/cache/prices/${request}`,
    tag: "Runs",
    summary,
    responses: { 202: { ...responses, description: "Asked for" } },
    problems: [409],
    answer: async ({ db, requestId }) => {
      const last = await lastRun(db);
      if (last === null) throw new Problem("conflict", "there is no run; /cache/prices/start starts one");
      await askOfRun(db, last.id, request, requestId);
      return { status: 202, body: await statusOf(db) };
    },
  });
}

async function lastRun(db: Database) {
  const searchId = await findSearchFor(db, defaultSearch.source, defaultSearch.term, defaultSearch.url);
  if (searchId === null) return null;
  return (await findRuns(db, { searchId }, 1, null)).items[0] ?? null;
}

async function statusOf(db: Database): Promise<z.output<typeof cacheStatus>> {
  const last = await lastRun(db);
  const run = last && (await findRun(db, last.id));
  if (!run) {
    return {
      state: "idle",
      run_id: null,
      run_url: null,
      overall_progress: null,
      eta_minutes: null,
      total_eta: null,
      estimated_end_at: null,
      error: null,
      markets: [],
    };
  }
  const now = new Date();
  const { overall_progress, eta_minutes, total_eta, estimated_end_at } = progressOf(run, now);
  const markets = await findMarketProgress(db, run.id);
  return {
    state: run.state,
    run_id: run.id,
    run_url: `/runs/${run.id}`,
    overall_progress,
    eta_minutes,
    total_eta,
    estimated_end_at,
    error: run.error,
    // Until its list is read, the market that stands for all is none to tell of.
    markets: markets
      .filter(({ term, error }) => term !== ALL_MARKETS || error !== null)
      .map((market) => describeMarketRun(market, run, now)),
  };
}
