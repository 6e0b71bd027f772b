import { askHostChange, type Database, findHosts, type FoundHost } from "@pricefleet/database";
import { z } from "zod";
import { endedAtHost, readCursor, writeCursor } from "../cursor.ts";
import { cursorField, numberInBody, pageSchema, pageSize, text, timestamp } from "../fields.ts";
import { Problem } from "../problem.ts";
import { defineRoute } from "../route.ts";
import { waitingWords } from "../waiting-words.ts";

const count = z.int().nonnegative();
const fetchMode = z.enum(["http", "browser"], { error: "http, browser, or null to forget it" }).nullable();

const host = z
  .strictObject({
    host: z.string(),
    source: z.string(),
    configured: z.strictObject({
      min_delay_ms: count,
      max_in_flight: count,
      daily_budget: count.nullable().describe("Requests a day, UTC; null: no bound"),
      blocks_to_open: count.describe("So many walls in a row open the breaker"),
    }),
    current: z.strictObject({
      delay_ms: count.describe("What holds now: the greatest of configured, Crawl-delay and slowed"),
      crawl_delay_ms: count.nullable().describe("What its robots.txt asks for"),
      slowed_delay_ms: count
        .nullable()
        .describe("After 429, 403 or 503, until good pages lower it; null: not slowed"),
      next_slot_at: timestamp.nullable().describe("null: at once"),
      in_flight: count,
      requests_today: count,
    }),
    breaker: z.strictObject({
      state: z
        .enum(["closed", "open", "half-open"])
        .describe("closed: requests pass; open: none do; half-open: one finds out"),
      since: timestamp,
      until: timestamp.nullable(),
      reason: z.string().nullable(),
      consecutive_blocks: count,
      openings: count.describe("In a row, without a good page between"),
    }),
    closed_until: timestamp.nullable().describe("By its breaker, its budget or by hand; null: it is asked"),
    waiting: z.string().nullable().describe("The same as a sentence"),
    fetch_mode: fetchMode.describe("What its pages were learned to need"),
    fetch_mode_at: timestamp,
    pending: count,
    queued: count,
    robots: z.array(
      z.strictObject({
        origin: z.string(),
        state: z.enum(["unknown", "found", "absent", "unreachable"]),
        fetched_at: z.string().nullable(),
        expires_at: z.string().nullable(),
        detail: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: "Host" });

const hostParams = z.strictObject({ host: text(300) });

const hostChange = z.strictObject({
  min_delay_ms: numberInBody(0, 3_600_000).optional(),
  max_in_flight: numberInBody(1, 10_000).optional(),
  daily_budget: numberInBody(1, 1_000_000_000).nullable().optional().describe("null: no bound"),
  blocks_to_open: numberInBody(1, 1_000).optional(),
  fetch_mode: fetchMode.optional(),
  closed_until: z.iso
    .datetime({ offset: true, error: "a time such as 2026-11-22T14:05:00Z, or null to open the host" })
    .transform((time) => new Date(time))
    .meta({ override: { type: "string", format: "date-time" } })
    .nullable()
    .optional()
    .describe("A time closes the host by hand until then, null opens it"),
});

const order = "hosts";

export const hostRoutes = [
  defineRoute({
    method: "get",
    path: "/hosts",
    tag: "Hosts",
    summary: "Hosts by name: limits, breaker, what waits for them",
    query: z.strictObject({ limit: pageSize, cursor: cursorField }),
    responses: { 200: { description: "A page of hosts", schema: pageSchema(host) } },
    answer: async ({ db, query }) => {
      const after = readCursor(order, endedAtHost, query.cursor)?.key ?? null;
      // One more than asked for tells whether there is a page after this one.
      const found = await findHosts(db, { after, limit: query.limit + 1 });
      const items = found.slice(0, query.limit);
      const last = items.at(-1);
      const next = found.length > items.length && last !== undefined ? { key: last.host, id: "0" } : null;
      return { status: 200, body: { items: items.map(describe), next_cursor: writeCursor(order, next) } };
    },
  }),
  defineRoute({
    method: "get",
    path: "/hosts/{host}",
    tag: "Hosts",
    summary: "One host",
    params: hostParams,
    responses: { 200: { description: "The host", schema: host } },
    problems: [404],
    answer: async ({ db, params }) => ({ status: 200, body: await hostAsItIs(db, params.host) }),
  }),
  defineRoute({
    method: "patch",
    path: "/hosts/{host}",
    tag: "Hosts",
    summary: "Change a host's limits, close or open it",
    description:
      "Holds for the whole fleet from the next claim on. What waits for the host is published again where that lets it go sooner.",
    params: hostParams,
    body: hostChange,
    responses: { 200: { description: "The host as it is now", schema: host } },
    problems: [404],
    answer: async ({ db, params, body }) => {
      await askHostChange(db, params.host, body);
      return { status: 200, body: await hostAsItIs(db, params.host) };
    },
  }),
];

async function hostAsItIs(db: Database, name: string): Promise<z.infer<typeof host>> {
  const [found] = await findHosts(db, { host: name, limit: 1 });
  if (found === undefined) throw new Problem("not-found", `host ${name} does not exist`);
  return describe(found);
}

function describe(found: FoundHost): z.infer<typeof host> {
  const { closed_until: until, closed_reason: reason } = found;
  return {
    host: found.host,
    source: found.source,
    configured: {
      min_delay_ms: found.min_delay_ms,
      max_in_flight: found.max_in_flight,
      daily_budget: found.daily_budget,
      blocks_to_open: found.blocks_to_open,
    },
    current: {
      delay_ms: found.current_delay_ms,
      crawl_delay_ms: found.crawl_delay_ms,
      slowed_delay_ms: found.slowed_delay_ms,
      next_slot_at: found.next_slot_at,
      in_flight: found.in_flight,
      requests_today: found.requests_today,
    },
    breaker: {
      state: found.breaker,
      since: found.breaker_since,
      until: found.breaker === "open" ? until : null,
      reason: found.breaker === "closed" ? null : reason,
      consecutive_blocks: found.consecutive_blocks,
      openings: found.consecutive_closings,
    },
    closed_until: until,
    waiting: until === null ? null : waitingWords({ host: found.host, until, reason }),
    fetch_mode: found.fetch_mode,
    fetch_mode_at: found.fetch_mode_at,
    pending: found.pending,
    queued: found.queued,
    robots: found.robots,
  };
}
