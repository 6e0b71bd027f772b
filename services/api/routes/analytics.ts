import { type DailyOutcome, findDailyOutcomes } from "@pricefleet/database";
import { z } from "zod";
import { moment } from "../fields.ts";
import { attemptsOf } from "../progress/attempts.ts";
import { attempts } from "../progress/progress-fields.ts";
import { Problem } from "../problem.ts";
import { defineRoute } from "../route.ts";
import { sourceName } from "../search-order.ts";

const DAY_MS = 86_400_000;
const DAYS_WITHOUT_FROM = 30;
const MOST_DAYS = 366;

const analytics = z
  .strictObject({
    total: attempts,
    markets: z.array(z.strictObject({ source: z.string(), host: z.string(), attempts })),
    days: z
      .array(z.strictObject({ day: z.iso.date(), source: z.string(), host: z.string(), attempts }))
      .describe("Days are UTC, the newest first"),
  })
  .meta({ id: "Analytics" });

export const analyticsRoutes = [
  defineRoute({
    method: "get",
    path: "/analytics",
    tag: "Runs",
    summary: "Requests over all runs: how many, how they ended, how long they took",
    description: "By market, and by market and day. Kept also when runs are gone.",
    query: z.strictObject({
      source: sourceName.optional(),
      host: z.string({ error: "a host" }).max(300, { error: "a host" }).optional(),
      from: moment.optional().describe("The first day; without it, thirty days up to the last"),
      to: moment.optional().describe("The last day; without it, today"),
    }),
    responses: { 200: { description: "The sums", schema: analytics } },
    answer: async ({ db, query }) => {
      const to = query.to ?? new Date();
      const from = query.from ?? new Date(to.getTime() - (DAYS_WITHOUT_FROM - 1) * DAY_MS);
      if (to < from || to.getTime() - from.getTime() > MOST_DAYS * DAY_MS) {
        const message = `should be at most ${MOST_DAYS} days before to, and not after it`;
        throw new Problem("bad-request", `from ${message}`, { errors: [{ field: "from", message }] });
      }
      const rows = await findDailyOutcomes(db, { source: query.source, host: query.host, from, to });
      return {
        status: 200,
        body: {
          total: attemptsOf(rows),
          markets: groupsOf(rows, ({ source, host }) => ({ source, host })),
          days: groupsOf(rows, ({ day, source, host }) => ({ day, source, host })),
        },
      };
    },
  }),
];

function groupsOf<Key extends object>(rows: readonly DailyOutcome[], keyOf: (row: DailyOutcome) => Key) {
  const groups = new Map<string, { key: Key; rows: DailyOutcome[] }>();
  for (const row of rows) {
    const key = keyOf(row);
    const name = JSON.stringify(key);
    const group = groups.get(name) ?? { key, rows: [] };
    group.rows.push(row);
    groups.set(name, group);
  }
  return [...groups.values()].map((group) => ({ ...group.key, attempts: attemptsOf(group.rows) }));
}
