import { barIntervals } from "@pricefleet/contracts";
import { findSyncs, MOST_SYNCED_BARS, requestSync, syncStates } from "@pricefleet/database";
import { z } from "zod";
import { endedAtHost, readCursor, writeCursor } from "../cursor.ts";
import { cursorField, numberInBody, pageSchema, pageSize, timestamp } from "../fields.ts";
import { exchange, symbol } from "../market/instrument-fields.ts";
import { defineRoute } from "../route.ts";

const tag = "Market data";

const interval = z.enum(barIntervals, { error: `one of ${barIntervals.join(", ")}` });
const state = z.enum(syncStates, { error: `one of ${syncStates.join(", ")}` });
const count = z.int().nonnegative();

const sync = z
  .strictObject({
    exchange: z.string(),
    symbol: z.string(),
    interval: z.string(),
    state,
    n_bars: count.describe("So many at most, the newest"),
    bars_stored: count.nullable().describe("null: it is not completed"),
    message: z
      .string()
      .nullable()
      .describe("Why it ended in error, or why its last attempt failed while it goes on"),
    requested_at: timestamp,
    started_at: timestamp.nullable().describe("Of its last attempt"),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: "Sync" });

const order = "syncs";

export const marketDataSyncRoutes = [
  defineRoute({
    method: "get",
    path: "/market-data/sync",
    tag,
    summary: "What was asked of history, by series",
    query: z.strictObject({
      exchange: exchange.optional(),
      symbol: symbol.optional(),
      interval: interval.optional(),
      state: state.optional(),
      limit: pageSize,
      cursor: cursorField,
    }),
    responses: { 200: { description: "A page of syncs", schema: pageSchema(sync) } },
    answer: async ({ db, query: { limit, cursor, ...filter } }) => {
      const after = readCursor(order, endedAtHost, cursor)?.key ?? null;
      const { items, next } = await findSyncs(db, filter, limit, after);
      const ended = next === null ? null : { key: next, id: "0" };
      return { status: 200, body: { items, next_cursor: writeCursor(order, ended) } };
    },
  }),
  defineRoute({
    method: "post",
    path: "/market-data/sync",
    tag,
    summary: "Fetch past bars of a series",
    description:
      "One that is pending or under way is joined: `joined` says so. GET /market-data/sync tells how it goes. Bars that are there are corrected, never doubled.",
    body: z.strictObject({
      exchange,
      symbol,
      interval,
      n_bars: numberInBody(1, MOST_SYNCED_BARS).default(500).describe("The newest ones"),
    }),
    responses: {
      202: {
        description: "It will be fetched",
        schema: z.strictObject({ joined: z.boolean(), sync }).meta({ id: "SyncRequest" }),
      },
    },
    answer: async ({ db, body }) => {
      const instrument = `${body.exchange}:${body.symbol}`;
      const isNew = await requestSync(db, { instrument, interval: body.interval, bars: body.n_bars });
      const filter = { exchange: body.exchange, symbol: body.symbol, interval: body.interval };
      const { items } = await findSyncs(db, filter, 1, null);
      const [found] = items;
      if (found === undefined) throw new Error(`the sync of ${instrument} that was just asked for is gone`);
      return { status: 202, body: { joined: !isNew, sync: found } };
    },
  }),
];
