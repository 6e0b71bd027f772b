import { pageKinds } from "@pricefleet/contracts";
import { findPageHealth, type PageHealth } from "@pricefleet/database";
import { z } from "zod";
import { id, timestamp } from "../fields.ts";
import { defineRoute } from "../route.ts";

const rate = z.number().min(0).max(1);

const pages = z
  .strictObject({
    host: z.string(),
    page_kind: z.enum(pageKinds),
    flagged: z.boolean().describe("The layout seems to have changed: far fewer pages are read than is usual"),
    since: timestamp.describe("Since when it is flagged, or not"),
    read_rate: rate.describe("Of the last pages, how many were read; half is forgotten every LAYOUT_PAGES"),
    usual_rate: rate.describe("The same over a past fifty times as long; it rests while flagged"),
    pages: z.int().nonnegative().describe("Judged so far"),
    last_changed_at: timestamp.nullable().describe("When a page was last not understood"),
    example: z
      .strictObject({
        snapshot_url: z.string(),
        target_id: id,
        url: z.string(),
        fetched_at: z.string(),
      })
      .nullable()
      .describe("The newest kept page that was not understood"),
  })
  .meta({ id: "PageHealth" });

const source = z
  .strictObject({
    source: z.string(),
    flagged: z.boolean().describe("Any of its pages is"),
    pages: z.array(pages).describe("By host and kind; empty before one was read"),
  })
  .meta({ id: "Source" });

export const sourceRoutes = [
  defineRoute({
    method: "get",
    path: "/sources",
    tag: "Sources",
    summary: "Every source, and how well its pages are read",
    responses: {
      200: { description: "All sources", schema: z.strictObject({ items: z.array(source) }) },
    },
    answer: async ({ db, sources }) => {
      const health = await findPageHealth(db);
      const names = new Set([...sources.all.map(({ name }) => name), ...health.map((row) => row.source)]);
      const items = [...names].toSorted().map((name) => {
        const ofSource = health.filter((row) => row.source === name).map(describe);
        return { source: name, flagged: ofSource.some(({ flagged }) => flagged), pages: ofSource };
      });
      return { status: 200, body: { items } };
    },
  }),
];

function describe(found: PageHealth): z.infer<typeof pages> {
  const { example } = found;
  return {
    host: found.host,
    page_kind: found.page_kind,
    flagged: found.flagged_at !== null,
    since: found.state_since,
    read_rate: found.read_rate,
    usual_rate: found.usual_rate,
    pages: found.pages,
    last_changed_at: found.last_changed_at,
    example: example && {
      snapshot_url: `/snapshots/${example.snapshot_id}`,
      target_id: example.target_id,
      url: example.url,
      fetched_at: example.fetched_at,
    },
  };
}
