import {
  barIntervals,
  DEFAULT_TIME_ZONE,
  instrumentName,
  nextTime,
  whatIsWrongWithCron,
} from "@pricefleet/contracts";
import {
  askSyncSchedule,
  askSyncScheduleChange,
  askSyncScheduleRemoval,
  type Database,
  findSyncSchedule,
  findSyncSchedules,
  MOST_SYNCED_BARS,
  type SyncScheduleRow,
} from "@pricefleet/database";
import { z } from "zod";
import { endedAtId, readCursor, writeCursor } from "../cursor.ts";
import { cursorField, id, idParams, numberInBody, pageSchema, pageSize, text, timestamp } from "../fields.ts";
import { Problem } from "../problem.ts";
import { defineRoute } from "../route.ts";
import { cronError, timeZone } from "../search-schedule.ts";

const tag = "Market data";
const path = "/market-data/sync/schedules";
const order = "sync-schedules";
const symbolsError = "a list of EXCHANGE:SYMBOL such as TVC:GOLD, or null for all enabled instruments";

const fields = {
  name: text(100).describe("For people; no two have the same"),
  cron: text(200)
    .superRefine((cron, context) => {
      const wrong = whatIsWrongWithCron(cron);
      if (wrong !== null) context.addIssue({ code: "custom", message: `${cronError}: ${wrong}` });
    })
    .describe("Minute, hour, day of the month, month, day of the week"),
  time_zone: timeZone.describe("IANA name: the cron expression is by its clock"),
  interval: z.enum(barIntervals, { error: `one of ${barIntervals.join(", ")}` }),
  n_bars: numberInBody(1, MOST_SYNCED_BARS).describe("The newest ones, each time"),
  symbols: z
    .array(instrumentName, { error: symbolsError })
    .min(1, { error: symbolsError })
    .max(1_000, { error: "at most 1000 symbols" })
    .nullable()
    .describe("EXCHANGE:SYMBOL; null: all enabled instruments"),
  enabled: z.boolean({ error: "true or false" }).describe("false: it rests"),
};

const syncSchedule = z
  .strictObject({
    id,
    name: z.string(),
    cron: z.string(),
    time_zone: z.string(),
    interval: z.string(),
    n_bars: z.int(),
    symbols: z.array(z.string()).nullable(),
    enabled: z.boolean(),
    next_run_at: timestamp
      .nullable()
      .describe("null: the dispatcher gives it within seconds, if it is enabled"),
    last_run_at: timestamp.nullable().describe("null: never yet"),
  })
  .meta({ id: "SyncSchedule" });

export const syncScheduleRoutes = [
  defineRoute({
    method: "get",
    path,
    tag,
    summary: "When history is fetched by itself",
    query: z.strictObject({ limit: pageSize, cursor: cursorField }),
    responses: { 200: { description: "A page of schedules", schema: pageSchema(syncSchedule) } },
    answer: async ({ db, query }) => {
      const after = readCursor(order, endedAtId, query.cursor);
      const { items, next } = await findSyncSchedules(db, query.limit, after);
      return { status: 200, body: { items, next_cursor: writeCursor(order, next) } };
    },
  }),
  defineRoute({
    method: "post",
    path,
    tag,
    summary: "Have history fetched by the clock",
    description: "It first fires at its next time. A time that was missed is not made up for.",
    body: z.strictObject({
      ...fields,
      time_zone: fields.time_zone.default(DEFAULT_TIME_ZONE),
      symbols: fields.symbols.default(null),
      enabled: fields.enabled.default(true),
    }),
    responses: { 201: { description: "It is there; Location is its address", schema: syncSchedule } },
    problems: [409],
    answer: async ({ db, body }) => {
      const made = await askSyncSchedule(db, { ...body, next_run_at: nextTime(body, new Date(), 0) });
      return {
        status: 201,
        headers: { Location: `${path}/${made}` },
        body: await theSchedule(db, made),
      };
    },
  }),
  defineRoute({
    method: "get",
    path: `${path}/{id}`,
    tag,
    summary: "One schedule of history",
    params: idParams,
    responses: { 200: { description: "The schedule", schema: syncSchedule } },
    problems: [404],
    answer: async ({ db, params }) => ({ status: 200, body: await theSchedule(db, params.id) }),
  }),
  defineRoute({
    method: "patch",
    path: `${path}/{id}`,
    tag,
    summary: "Change a schedule of history, or let it rest; what is left out stays",
    params: idParams,
    body: z.strictObject(fields).partial(),
    responses: { 200: { description: "The schedule as it is now", schema: syncSchedule } },
    problems: [404, 409],
    answer: async ({ db, params, body }) => {
      const { cron, time_zone, enabled } = { ...(await theSchedule(db, params.id)), ...body };
      const isTimedAnew =
        body.cron !== undefined || body.time_zone !== undefined || body.enabled !== undefined;
      await askSyncScheduleChange(db, params.id, {
        ...body,
        ...(isTimedAnew && { next_run_at: enabled ? nextTime({ cron, time_zone }, new Date(), 0) : null }),
      });
      return { status: 200, body: await theSchedule(db, params.id) };
    },
  }),
  defineRoute({
    method: "delete",
    path: `${path}/{id}`,
    tag,
    summary: "Remove a schedule of history; what it has asked for goes on",
    params: idParams,
    responses: { 200: { description: "The schedule as it was", schema: syncSchedule } },
    problems: [404],
    answer: async ({ db, params }) => {
      const removed = await theSchedule(db, params.id);
      await askSyncScheduleRemoval(db, params.id);
      return { status: 200, body: removed };
    },
  }),
];

async function theSchedule(db: Database, scheduleId: string): Promise<SyncScheduleRow> {
  const found = await findSyncSchedule(db, scheduleId);
  if (found === null) throw new Problem("not-found", `schedule ${scheduleId} does not exist`);
  return found;
}
