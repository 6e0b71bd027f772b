import { runState, type RunState } from "@pricefleet/contracts";
import type { MarketProgress } from "@pricefleet/database";
import { z } from "zod";
import { timestamp } from "../fields.ts";
import { ratePerMinute } from "./eta.ts";
import { count, countFields } from "./progress-fields.ts";
import { overallProgress, remainingOf, successRate } from "./run-progress.ts";

/** One market of a run as the API tells of it. */
export const marketProgress = z
  .strictObject({
    market: count.describe("Its number within the run"),
    source: z.string(),
    term: z.string().nullable(),
    url: z.string().nullable(),
    at_once: z.int().nullable(),
    state: runState,
    error: z.string().nullable().describe("Why its pages could not be read; the others go on"),
    pages_read: count,
    total_results: count.nullable(),
    found: count,
    confirmed: count,
    ...countFields,
    overall_progress: z.number().min(0).max(1).nullable().describe("null while its pages are being read"),
    rate_per_minute: z.number().nullable(),
    eta_minutes: z.number().nonnegative().nullable(),
    total_eta: z.number().nullable().describe("Minutes from the run's start to the market's end"),
    estimated_end_at: timestamp.nullable(),
  })
  .meta({ id: "MarketProgress" });

/** What a market needs to know of its run. */
export interface RunOfMarket {
  state: RunState;
  created_at: Date;
}

export function describeMarketRun(
  { counts, collected_at, ended_lately, window_seconds, max_pages, ...rest }: MarketProgress,
  run: RunOfMarket,
  now: Date,
): z.output<typeof marketProgress> {
  const state = stateOf({ ...rest, collected_at }, remainingOf(counts), run);
  const rate = ratePerMinute(ended_lately, window_seconds);
  const isKnown = state === "completed" || (state === "processing" && collected_at !== null);
  const remaining = remainingOf(counts);
  const etaMinutes = !isKnown
    ? null
    : remaining === 0
      ? 0
      : rate
        ? Math.ceil((remaining / rate) * 10) / 10
        : null;
  const endAt =
    etaMinutes === null || state !== "processing" ? null : new Date(now.getTime() + etaMinutes * 60_000);
  return {
    ...rest,
    state,
    ...counts,
    success_rate: successRate(counts),
    overall_progress: overallProgress({ ...rest, state, max_pages, collected_at }, counts),
    rate_per_minute: rate,
    eta_minutes: etaMinutes,
    total_eta: endAt === null ? null : Math.ceil((endAt.getTime() - run.created_at.getTime()) / 6_000) / 10,
    estimated_end_at: endAt,
  };
}

/** In the words of a run's states: a market has ended when all of its pages are read and all of its targets have ended. */
function stateOf(
  market: Pick<MarketProgress, "collected_at" | "error" | "pages_read">,
  remaining: number,
  run: RunOfMarket,
): RunState {
  if (market.error !== null) return "error";
  if (market.collected_at !== null && remaining === 0) return "completed";
  if (run.state !== "processing" && run.state !== "initializing") return run.state;
  return market.pages_read === 0 ? "initializing" : "processing";
}
