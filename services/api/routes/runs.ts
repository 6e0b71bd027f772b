import { filterReasons, pageKinds, runState, targetState } from "@pricefleet/contracts";
import {
  askOfRun,
  askRun,
  askRunInterruption,
  askSearch,
  askSearchOfMarkets,
  findCollectorOf,
  findMarketProgress,
  findRun,
  findRuns,
  type RunRequest,
} from "@pricefleet/database";
import { z } from "zod";
import { endedAtId, readCursor, writeCursor } from "../cursor.ts";
import { cursorField, id, idParams, pageSchema, pageSize, timestamp } from "../fields.ts";
import type { DebugPages } from "../debug-pages.ts";
import { Problem } from "../problem.ts";
import { count, countFields, progressFields } from "../progress/progress-fields.ts";
import { describeMarketRun, marketProgress } from "../progress/market-progress.ts";
import { progressOf, successRate } from "../progress/run-progress.ts";
import { defineRoute, type Means } from "../route.ts";
import { runCollector } from "../run-collector.ts";
import { waitingWords } from "../waiting-words.ts";
import {
  limits,
  marketOrders,
  markets,
  onInterruption,
  refuseUnreadable,
  sourceName,
  wording,
} from "../search-order.ts";

const runSummary = z
  .strictObject({
    id,
    search: z.strictObject({
      id,
      source: z.string(),
      term: z.string().nullable(),
      url: z.string().nullable(),
    }),
    state: runState,
    found: count.describe("Distinct listings on the pages read so far"),
    confirmed: count.describe("Of those found, the ones whose card sufficed: no page had to be read"),
    pages_read: count,
    total_results: count.nullable().describe("How many the site says there are"),
    ...countFields,
    on_interruption: onInterruption,
    created_at: timestamp,
    finished_at: timestamp.nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: "RunSummary" });

const run = runSummary
  .extend({
    ...progressFields,
    closed_hosts: z
      .array(
        z.strictObject({
          host: z.string(),
          until: timestamp,
          reason: z.string().nullable(),
          waiting: z.string().describe("The same as a sentence"),
        }),
      )
      .describe("Hosts that the run waits for: they showed a wall or asked for patience"),
    filtered_out: z
      .record(z.string(), z.int())
      .describe(
        `How many listings the search's filter left out, by reason: ${filterReasons.join(", ")}; they are not among those found`,
      ),
    flagged_pages: z
      .array(
        z.strictObject({
          source: z.string(),
          host: z.string(),
          page_kind: z.enum(pageKinds),
          since: timestamp,
        }),
      )
      .describe("Whose layout seems to have changed; GET /sources has more"),
    last_errors: z
      .array(
        z.strictObject({
          target_id: id,
          url: z.string(),
          state: targetState,
          reason: z.string().nullable(),
          error: z.string().nullable(),
          at: timestamp.nullable(),
          attempts: count,
          page_url: z.string().nullable().describe("The page of the last attempt, as it was kept"),
          screenshot_url: z.string().nullable(),
          snapshot_url: z
            .string()
            .nullable()
            .describe("The page that was not understood, kept longer; null: none is"),
        }),
      )
      .max(5),
    collector: runCollector,
    events: z.array(
      z.strictObject({ at: timestamp, from: runState.nullable(), to: runState, reason: z.string() }),
    ),
  })
  .meta({ id: "Run" });

const newRun = z
  .strictObject({
    source: sourceName.optional(),
    ...wording,
    markets,
    search_id: id.optional(),
    ...limits,
    on_interruption: onInterruption.optional(),
  })
  .refine(
    (body) =>
      [body.term, body.url, body.search_id, body.markets].filter((given) => given !== undefined).length === 1,
    {
      error:
        "given, or term, or url, or markets, and only one of them: a search that is there, or a new one with its source",
      path: ["search_id"],
    },
  )
  .refine(({ source, term, url }) => (source === undefined) === (term === undefined && url === undefined), {
    error: "given with term or url, and left out with search_id or markets",
    path: ["source"],
  });

const order = "runs";

export const runRoutes = [
  defineRoute({
    method: "get",
    path: "/runs",
    tag: "Runs",
    summary: "Runs, the newest first",
    query: z.strictObject({
      state: z.enum(runState.options, { error: `one of ${runState.options.join(", ")}` }).optional(),
      search_id: id.optional(),
      limit: pageSize,
      cursor: cursorField,
    }),
    responses: { 200: { description: "A page of runs", schema: pageSchema(runSummary) } },
    answer: async ({ db, query }) => {
      const after = readCursor(order, endedAtId, query.cursor);
      const { items, next } = await findRuns(
        db,
        { state: query.state, searchId: query.search_id },
        query.limit,
        after,
      );
      return { status: 200, body: { items: items.map(summarise), next_cursor: writeCursor(order, next) } };
    },
  }),
  defineRoute({
    method: "get",
    path: "/runs/{id}",
    tag: "Runs",
    summary: "One run: how far it is, how fast, what failed",
    params: idParams,
    responses: { 200: { description: "The run", schema: run } },
    problems: [404],
    answer: async ({ params, ...means }) => ({ status: 200, body: await runAsItIs(means, params.id) }),
  }),
  defineRoute({
    method: "get",
    path: "/runs/{id}/markets",
    tag: "Runs",
    summary: "How far each market of a run is",
    description: "What a run was asked to cover. GET /runs/{id} tells the same by source and host.",
    params: idParams,
    responses: {
      200: { description: "The markets", schema: z.strictObject({ items: z.array(marketProgress) }) },
    },
    problems: [404],
    answer: async ({ db, params }) => {
      const found = await findRun(db, params.id);
      if (found === null) throw new Problem("not-found", `run ${params.id} does not exist`);
      const items = await findMarketProgress(db, params.id);
      return {
        status: 200,
        body: { items: items.map((item) => describeMarketRun(item, found, new Date())) },
      };
    },
  }),
  defineRoute({
    method: "post",
    path: "/runs",
    tag: "Runs",
    summary: "Start a run",
    description:
      "Of a search that is there (`search_id`), of `source` with `term` or `url`, or of several `markets` at once. The dispatcher starts it.",
    body: newRun,
    responses: { 202: { description: "Asked for; Location is the run's address", schema: run } },
    problems: [404, 409],
    answer: async ({ body, ...means }) => {
      const { db } = means;
      const searchId = body.search_id ?? (await searchOf(means, body));
      const runId = await askRun(
        db,
        searchId,
        body.max_pages ?? null,
        body.enrich_limit ?? null,
        means.requestId,
      );
      if (body.on_interruption !== undefined) await askRunInterruption(db, runId, body.on_interruption);
      return { status: 202, headers: { Location: `/runs/${runId}` }, body: await runAsItIs(means, runId) };
    },
  }),
  askingRoute("start", "Start a run again that was reset: it reads its search from the first page"),
  askingRoute("stop", "Pause a run: no more targets are worked on"),
  askingRoute("resume", "Go on with a paused run"),
  askingRoute("reset", "Leave a paused or ended run for good: what is pending or queued is cancelled"),
  askingRoute("retry", "Try a run's failed and dead targets again"),
];

function askingRoute(request: RunRequest, summary: string) {
  return defineRoute({
    method: "post",
    path: `/runs/{id}/${request}`,
    tag: "Runs",
    summary,
    params: idParams,
    responses: { 202: { description: "Asked for", schema: run } },
    problems: [404, 409],
    answer: async ({ params, requestId, ...means }) => {
      await askOfRun(means.db, params.id, request, requestId);
      return { status: 202, body: await runAsItIs(means, params.id) };
    },
  });
}

async function searchOf({ db, sources }: Means, body: z.infer<typeof newRun>): Promise<string> {
  const {
    source = "",
    term = null,
    url = null,
    max_pages: maxPages = 0,
    enrich_limit: enrichLimit = 0,
  } = body;
  if (body.markets !== undefined)
    return askSearchOfMarkets(db, marketOrders(sources, body.markets), { maxPages, enrichLimit });
  refuseUnreadable(sources, { source, term, url });
  return askSearch(db, { source, term, url, maxPages, enrichLimit });
}

async function runAsItIs(
  { db, debugPages }: Pick<Means, "db" | "debugPages">,
  runId: string,
): Promise<z.infer<typeof run>> {
  const found = await findRun(db, runId);
  if (found === null) throw new Problem("not-found", `run ${runId} does not exist`);
  const { counts, ...progress } = progressOf(found, new Date());
  return {
    ...summarise({ ...found, counts }),
    ...progress,
    closed_hosts: found.closed_hosts.map((closed) => ({ ...closed, waiting: waitingWords(closed) })),
    filtered_out: found.filtered_out,
    flagged_pages: found.flagged_pages,
    last_errors: await Promise.all(
      found.last_errors.map(async ({ snapshot_id: snapshotId, ...error }) => ({
        ...error,
        ...(await linksTo(error, debugPages)),
        snapshot_url: snapshotId === null ? null : `/snapshots/${snapshotId}`,
      })),
    ),
    collector: await findCollectorOf(db, runId),
    events: found.events,
  };
}

/** The page that failed, where it was kept and is still there. */
async function linksTo({ target_id, attempts }: { target_id: string; attempts: number }, pages: DebugPages) {
  const kept = await pages.keptOf(target_id, attempts);
  const url = (kind: string) => `/dead-letters/${target_id}/${kind}?attempt=${attempts}`;
  return {
    page_url: kept.page ? url("page") : null,
    screenshot_url: kept.screenshot ? url("screenshot") : null,
  };
}

type FoundRun = Awaited<ReturnType<typeof findRuns>>["items"][number];

export function summarise(found: FoundRun): z.infer<typeof runSummary> {
  return {
    id: found.id,
    search: { id: found.search_id, source: found.source, term: found.term, url: found.url },
    state: found.state,
    found: found.found,
    confirmed: found.confirmed,
    pages_read: found.pages_read,
    total_results: found.total_results,
    ...found.counts,
    success_rate: successRate(found.counts),
    on_interruption: found.on_interruption,
    created_at: found.created_at,
    finished_at: found.finished_at,
    error: found.error,
  };
}
