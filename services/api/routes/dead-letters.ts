import { targetState } from "@pricefleet/contracts";
import {
  askOfDeadLetter,
  askOfDeadLetters,
  askPoisonDiscard,
  countPoison,
  type DeadLetterRequest,
  findDeadLetter,
  findDeadLetterGroups,
  findDeadLetters,
  findPoison,
} from "@pricefleet/database";
import { z } from "zod";
import { endedAtId, readCursor, writeCursor } from "../cursor.ts";
import { cursorField, id, idParams, pageSchema, pageSize, text, timestamp } from "../fields.ts";
import { Problem } from "../problem.ts";
import { defineRoute, type Means } from "../route.ts";

const tag = "Dead letters";
const count = z.int().nonnegative();

const filter = {
  reason: text(100).optional().describe("The word that people group failures by, such as network"),
  source: text(100).optional(),
  host: text(300).optional(),
  run_id: id.optional(),
};

const deadLetter = z
  .strictObject({
    id: id.describe("Of the target"),
    run_id: id.nullable().describe("null: it belongs to no run, as a sync of history"),
    queue: z.string(),
    source: z.string(),
    host: z.string(),
    external_id: z.string(),
    url: z.string(),
    state: targetState,
    reason: z.string().nullable(),
    error_class: z.string().nullable(),
    error: z.string().nullable(),
    worker: z.string().nullable(),
    attempts: count,
    lost_leases: count.describe("How often a worker was lost while it had this target"),
    finished_at: timestamp.nullable(),
    dead_lettered_at: timestamp.nullable().describe("null: its message is not in the DLQ"),
  })
  .meta({ id: "DeadLetter" });

const link = z.string().nullable().describe("null: none is kept");

const deadLetterInFull = deadLetter
  .extend({
    page_url: link.describe("The page as it came, of the newest attempt of which one is kept"),
    screenshot_url: link,
    failures: z
      .array(
        z.strictObject({
          attempt: count,
          at: timestamp,
          worker: z.string().nullable(),
          error_class: z.string(),
          reason: z.string().nullable(),
          message: z.string().nullable(),
          page_url: link,
          screenshot_url: link,
        }),
      )
      .describe("The last twenty failed attempts, the newest first"),
  })
  .meta({ id: "DeadLetterInFull" });

const poison = z
  .strictObject({
    id,
    queue: z.string().describe("Whose DLQ it lies in"),
    message_id: z.string(),
    reason: z.string().nullable(),
    error: z.string().nullable(),
    headers: z.looseObject({}),
    body: z.string().describe("The first 4 KiB"),
    body_bytes: count,
    dead_lettered_at: timestamp.nullable(),
    first_seen_at: timestamp,
    last_seen_at: timestamp,
    discarded_at: timestamp.nullable().describe("Its message leaves the DLQ within half a minute"),
  })
  .meta({ id: "PoisonMessage" });

const many = z
  .strictObject({
    all: z
      .literal(true, { error: "true, or left out with a filter in its place" })
      .optional()
      .describe("Every dead letter there is"),
    ...filter,
  })
  .refine(
    ({ all, ...given }) => (all === true) !== Object.values(given).some((value) => value !== undefined),
    {
      error: "true, or left out with reason, source, host or run_id in its place",
      path: ["all"],
    },
  );

const changedMany = z.strictObject({
  changed: count,
  refused: count.describe("Left as they are"),
  refused_because: z.string().nullable(),
});

const poisonOrder = "poison";
const order = "dead-letters";

export const deadLetterRoutes = [
  defineRoute({
    method: "get",
    path: "/dead-letters",
    tag,
    summary: "Dead letters by reason, source and host, the largest groups first",
    query: z.strictObject(filter),
    responses: {
      200: {
        description: "The 200 largest groups",
        schema: z.strictObject({
          total: count.describe("Dead letters that match, in all groups"),
          group_count: count,
          groups: z.array(
            z.strictObject({
              reason: z.string(),
              source: z.string(),
              host: z.string(),
              count,
              oldest_at: timestamp.nullable(),
              newest_at: timestamp.nullable(),
              examples: z.array(z.strictObject({ id, url: z.string(), error: z.string().nullable() })).max(3),
            }),
          ),
          poison: count.describe("Messages nobody can read; GET /dead-letters/poison"),
        }),
      },
    },
    answer: async ({ db, query }) => {
      const [{ total, groupCount, groups }, poisonCount] = await Promise.all([
        findDeadLetterGroups(db, query),
        countPoison(db),
      ]);
      return { status: 200, body: { total, group_count: groupCount, groups, poison: poisonCount } };
    },
  }),
  defineRoute({
    method: "get",
    path: "/dead-letters/targets",
    tag,
    summary: "Dead letters one by one, the highest id first",
    query: z.strictObject({ ...filter, limit: pageSize, cursor: cursorField }),
    responses: { 200: { description: "A page of dead letters", schema: pageSchema(deadLetter) } },
    answer: async ({ db, query }) => {
      const { limit, cursor, ...given } = query;
      const { items, next } = await findDeadLetters(db, given, limit, readCursor(order, endedAtId, cursor));
      return { status: 200, body: { items, next_cursor: writeCursor(order, next) } };
    },
  }),
  defineRoute({
    method: "get",
    path: "/dead-letters/poison",
    tag,
    summary: "Messages in the DLQs that nobody can read, the newest first",
    query: z.strictObject({ limit: pageSize, cursor: cursorField }),
    responses: { 200: { description: "A page of them", schema: pageSchema(poison) } },
    answer: async ({ db, query }) => {
      const { items, next } = await findPoison(
        db,
        query.limit,
        readCursor(poisonOrder, endedAtId, query.cursor),
      );
      const shown = items.map((item) => ({ ...item, headers: item.headers as Record<string, unknown> }));
      return { status: 200, body: { items: shown, next_cursor: writeCursor(poisonOrder, next) } };
    },
  }),
  defineRoute({
    method: "get",
    path: "/dead-letters/{id}",
    tag,
    summary: "One dead letter with its failed attempts; after a retry, what became of it",
    params: idParams,
    responses: { 200: { description: "The dead letter", schema: deadLetterInFull } },
    problems: [404],
    answer: async ({ params, ...means }) => ({ status: 200, body: await letterAsItIs(means, params.id) }),
  }),
  askingMany("retry", "Try again all dead letters that match"),
  askingMany("discard", "Give up for good all dead letters that match"),
  askingOne("retry", "Try a dead letter again, with all attempts; once more changes nothing"),
  askingOne("discard", "Give a dead letter up for good; once more changes nothing"),
  defineRoute({
    method: "post",
    path: "/dead-letters/poison/{id}/discard",
    tag,
    summary: "Have a message nobody can read taken out of its DLQ",
    params: idParams,
    responses: { 202: { description: "Asked for", schema: z.strictObject({ id }) } },
    problems: [404],
    answer: async ({ db, params }) => {
      await askPoisonDiscard(db, params.id);
      return { status: 202, body: { id: params.id } };
    },
  }),
  defineRoute({
    method: "post",
    path: "/dead-letters/poison/{id}/retry",
    tag,
    summary: "Refused: what nobody can read cannot be tried again",
    params: idParams,
    responses: {},
    problems: [409],
    answer: async ({ params }) => {
      throw new Problem(
        "conflict",
        `poison message ${params.id} cannot be read as a target, so there is nothing to try again; discard it, and publish it anew as it should be`,
      );
    },
  }),
];

function askingMany(request: DeadLetterRequest, summary: string) {
  return defineRoute({
    method: "post",
    path: `/dead-letters/${request}`,
    tag,
    summary,
    body: many,
    responses: { 202: { description: "How many it was done for", schema: changedMany } },
    answer: async ({ db, body, requestId }) => {
      const { all: _, ...given } = body;
      const { changed, refused, refusedBecause } = await askOfDeadLetters(db, given, request, requestId);
      return { status: 202, body: { changed, refused, refused_because: refusedBecause } };
    },
  });
}

function askingOne(request: DeadLetterRequest, summary: string) {
  return defineRoute({
    method: "post",
    path: `/dead-letters/{id}/${request}`,
    tag,
    summary,
    params: idParams,
    responses: { 202: { description: "Asked for", schema: deadLetterInFull } },
    problems: [404, 409],
    answer: async ({ params, requestId, ...means }) => {
      await askOfDeadLetter(means.db, params.id, request, requestId);
      return { status: 202, body: await letterAsItIs(means, params.id) };
    },
  });
}

async function letterAsItIs(
  { db, debugPages }: Pick<Means, "db" | "debugPages">,
  targetId: string,
): Promise<z.infer<typeof deadLetterInFull>> {
  const found = await findDeadLetter(db, targetId);
  if (found === null) throw new Problem("not-found", `dead letter ${targetId} does not exist`);
  const failures: z.infer<typeof deadLetterInFull>["failures"] = [];
  // An attempt that is made again under the same number writes over its page: the kept one is the newest's.
  const linked = new Set<number>();
  for (const failure of found.failures) {
    const { attempt } = failure;
    const kept = linked.has(attempt) ? null : await debugPages.keptOf(targetId, attempt);
    linked.add(attempt);
    const url = (kind: string) => `/dead-letters/${targetId}/${kind}?attempt=${attempt}`;
    failures.push({
      ...failure,
      page_url: kept?.page === true ? url("page") : null,
      screenshot_url: kept?.screenshot === true ? url("screenshot") : null,
    });
  }
  return {
    ...found,
    page_url: failures.find(({ page_url }) => page_url !== null)?.page_url ?? null,
    screenshot_url: failures.find(({ screenshot_url }) => screenshot_url !== null)?.screenshot_url ?? null,
    failures,
  };
}
