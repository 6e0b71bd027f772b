import {
  askInstrument,
  askInstrumentChange,
  type Database,
  findInstruments,
  type FoundInstrument,
} from "@pricefleet/database";
import { z } from "zod";
import { endedAtId, readCursor, writeCursor } from "../cursor.ts";
import { cursorField, idParams, pageSchema, pageSize, text } from "../fields.ts";
import { instrument, instrumentChange, newInstrument } from "../market/instrument-fields.ts";
import { Problem } from "../problem.ts";
import { defineRoute } from "../route.ts";

const order = "instruments";

export const instrumentRoutes = [
  defineRoute({
    method: "get",
    path: "/instruments",
    tag: "Market",
    summary: "What is quoted: the registry of symbols",
    query: z.strictObject({
      asset: text(40).optional(),
      enabled: z
        .enum(["true", "false"], { error: "true or false" })
        .transform((word) => word === "true")
        .optional(),
      limit: pageSize,
      cursor: cursorField,
    }),
    responses: { 200: { description: "A page of instruments", schema: pageSchema(instrument) } },
    answer: async ({ db, query }) => {
      const after = readCursor(order, endedAtId, query.cursor);
      const { items, next } = await findInstruments(db, query, query.limit, after?.id ?? null);
      return { status: 200, body: { items, next_cursor: writeCursor(order, next) } };
    },
  }),
  defineRoute({
    method: "post",
    path: "/instruments",
    tag: "Market",
    summary: "Have something quoted",
    description: "With `page_url` its page is read from now on; POST /quotes/subscribe has it streamed.",
    body: newInstrument,
    responses: { 201: { description: "It is in the registry", schema: instrument } },
    problems: [409],
    answer: async ({ db, body }) => {
      const id = await askInstrument(db, body);
      return { status: 201, body: await theInstrument(db, id), headers: { Location: `/instruments/${id}` } };
    },
  }),
  defineRoute({
    method: "get",
    path: "/instruments/{id}",
    tag: "Market",
    summary: "One instrument",
    params: idParams,
    responses: { 200: { description: "The instrument", schema: instrument } },
    problems: [404],
    answer: async ({ db, params }) => ({ status: 200, body: await theInstrument(db, params.id) }),
  }),
  defineRoute({
    method: "patch",
    path: "/instruments/{id}",
    tag: "Market",
    summary: "Change an instrument, or switch it off",
    description: "What is not given stays.",
    params: idParams,
    body: instrumentChange,
    responses: { 200: { description: "The instrument as it is now", schema: instrument } },
    problems: [404, 409],
    answer: async ({ db, params, body }) => {
      await askInstrumentChange(db, params.id, body);
      return { status: 200, body: await theInstrument(db, params.id) };
    },
  }),
];

async function theInstrument(db: Database, id: string): Promise<FoundInstrument> {
  const { items } = await findInstruments(db, { id }, 1, null);
  const [found] = items;
  if (found === undefined) throw new Problem("not-found", `instrument ${id} does not exist`);
  return found;
}
