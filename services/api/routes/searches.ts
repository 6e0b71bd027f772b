import { filterReasons, searchFilter } from "@pricefleet/contracts";
import {
  askSearch,
  askSearchChange,
  askSearchFilter,
  askSearchInterruption,
  askSearchMarkets,
  askSearchOfMarkets,
  askSearchSchedule,
  type Database,
  findSearch,
  findSearches,
  findSearchFor,
  labelOfMarkets,
} from "@pricefleet/database";
import { z } from "zod";
import { endedAtId, readCursor, writeCursor } from "../cursor.ts";
import { cursorField, id, idParams, pageSchema, pageSize, timestamp } from "../fields.ts";
import { Problem } from "../problem.ts";
import { defineRoute } from "../route.ts";
import { oneCadence, schedule, scheduleChange } from "../search-schedule.ts";
import {
  limits,
  marketOrders,
  markets,
  onInterruption,
  refuseUnreadable,
  sourceName,
  wording,
} from "../search-order.ts";

const search = z
  .strictObject({
    id,
    source: z.string(),
    term: z.string().nullable(),
    url: z.string().nullable(),
    markets: z
      .array(
        z.strictObject({
          source: z.string(),
          term: z.string().nullable(),
          url: z.string().nullable(),
          max_pages: z.int(),
          enrich_limit: z.int(),
          at_once: z.int().nullable(),
        }),
      )
      .nullable()
      .describe(
        "What a search over several markets covers; its source is several. null: its own source and words",
      ),
    max_pages: z.int().describe("0: all"),
    enrich_limit: z.int().describe("How many listing pages a run reads; 0: all"),
    enabled: z.boolean(),
    on_interruption: onInterruption,
    cadence: z
      .union([
        z.strictObject({ cron: z.string(), time_zone: z.string() }),
        z.strictObject({ interval_seconds: z.int(), jitter_percent: z.int() }),
      ])
      .nullable()
      .describe("null: runs only when asked for"),
    interval_seconds: z.int().nullable().describe("The cadence's, where it has one"),
    next_run_at: timestamp.nullable().describe("null: no run is planned"),
    paused_run_blocks_hours: z.int().nullable().describe("null: as the dispatcher is set"),
    last_skipped_at: timestamp.nullable().describe("When a run was due and none could be started"),
    last_skipped_reason: z.string().nullable(),
    created_at: timestamp,
    filter: searchFilter.nullable().describe("What is kept of what is found; null: all"),
    filtered_out: z
      .record(z.string(), z.int())
      .describe(`How many listings the newest run left out, by reason: ${filterReasons.join(", ")}`),
  })
  .meta({ id: "Search" });

const order = "searches";

export const searchRoutes = [
  defineRoute({
    method: "get",
    path: "/searches",
    tag: "Searches",
    summary: "All searches, the newest first",
    query: z.strictObject({ limit: pageSize, cursor: cursorField }),
    responses: { 200: { description: "A page of searches", schema: pageSchema(search) } },
    answer: async ({ db, query }) => {
      const { items, next } = await findSearches(db, query.limit, readCursor(order, endedAtId, query.cursor));
      return { status: 200, body: { items, next_cursor: writeCursor(order, next) } };
    },
  }),
  defineRoute({
    method: "get",
    path: "/searches/{id}",
    tag: "Searches",
    summary: "One search",
    params: idParams,
    responses: { 200: { description: "The search", schema: search } },
    problems: [404],
    answer: async ({ db, params }) => {
      const found = await findSearch(db, params.id);
      if (found === null) throw new Problem("not-found", `search ${params.id} does not exist`);
      return { status: 200, body: found };
    },
  }),
  defineRoute({
    method: "post",
    path: "/searches",
    tag: "Searches",
    summary: "Make a search",
    description:
      "Words (`term`), the address of a search page (`url`), or several `markets`. It runs when asked for, or by its `cadence`.",
    body: z
      .strictObject({
        source: sourceName.optional(),
        ...wording,
        markets,
        ...limits,
        ...schedule,
        on_interruption: onInterruption.optional(),
        filter: searchFilter.nullable().optional(),
      })
      .refine(
        (body) => [body.term, body.url, body.markets].filter((given) => given !== undefined).length === 1,
        {
          error:
            "given, or url, or markets, and only one of them: a search is words, an address or a list of markets",
          path: ["term"],
        },
      )
      .refine(({ source, markets: list }) => (source === undefined) === (list !== undefined), {
        error: "the name of a source, with term or url, and left out with markets",
        path: ["source"],
      })
      .refine(oneCadence.rule, oneCadence.otherwise),
    responses: { 201: { description: "The new search; Location is its address", schema: search } },
    problems: [409],
    answer: async ({ db, sources, body }) => {
      const { max_pages: maxPages = 0, enrich_limit: enrichLimit = 0 } = body;
      const orders = body.markets === undefined ? null : marketOrders(sources, body.markets);
      const { source = "several", url = null } = body;
      const term = orders === null ? (body.term ?? null) : labelOfMarkets(orders);
      if (orders === null) refuseUnreadable(sources, { source, term, url });
      const known = await findSearchFor(db, source, term, url);
      if (known !== null) {
        throw new Problem("conflict", `search ${known} is this one; PATCH changes it`, {
          search_url: `/searches/${known}`,
        });
      }
      const searchId =
        orders === null
          ? await askSearch(db, { source, term, url, maxPages, enrichLimit })
          : await askSearchOfMarkets(db, orders, { maxPages, enrichLimit });
      await askSearchChange(db, searchId, { enabled: body.enabled });
      await askSearchSchedule(db, searchId, scheduleChange(body, null, new Date()));
      if (body.on_interruption !== undefined) await askSearchInterruption(db, searchId, body.on_interruption);
      if (body.filter !== undefined) await askSearchFilter(db, searchId, body.filter);
      return {
        status: 201,
        headers: { Location: `/searches/${searchId}` },
        body: await searchAsItIs(db, searchId),
      };
    },
  }),
  defineRoute({
    method: "patch",
    path: "/searches/{id}",
    tag: "Searches",
    summary: "Change a search; what is left out stays",
    description:
      "`markets` takes the place of the whole list, from the next run on; a search of one source has none to change.",
    params: idParams,
    body: z
      .strictObject({
        ...limits,
        ...schedule,
        markets,
        on_interruption: onInterruption.optional(),
        filter: searchFilter.nullable().optional(),
      })
      .refine(oneCadence.rule, oneCadence.otherwise),
    responses: { 200: { description: "The search as it is now", schema: search } },
    problems: [404, 409],
    answer: async ({ db, sources, params, body }) => {
      const { cadence } = await searchAsItIs(db, params.id);
      // First, for it alone may be refused: nothing else is changed then.
      if (body.markets !== undefined)
        await askSearchMarkets(db, params.id, marketOrders(sources, body.markets));
      await askSearchSchedule(db, params.id, scheduleChange(body, cadence, new Date()));
      await askSearchChange(db, params.id, {
        maxPages: body.max_pages,
        enrichLimit: body.enrich_limit,
        enabled: body.enabled,
      });
      if (body.on_interruption !== undefined)
        await askSearchInterruption(db, params.id, body.on_interruption);
      if (body.filter !== undefined) await askSearchFilter(db, params.id, body.filter);
      return { status: 200, body: await searchAsItIs(db, params.id) };
    },
  }),
];

async function searchAsItIs(db: Database, searchId: string) {
  const found = await findSearch(db, searchId);
  if (found === null) throw new Problem("not-found", `search ${searchId} does not exist`);
  return found;
}
