import { z } from "zod";
import type { ZodOpenApiOperationObject } from "zod-openapi";
import { id } from "../fields.ts";
import { problemSchema } from "../problem.ts";

const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemSchema } },
});

/** What /openapi.json says of the one route that answers without end. */
export const eventsOperation: ZodOpenApiOperationObject = {
  operationId: "getEvents",
  summary: "What happens, as it happens: server-sent events",
  description:
    'Events of kind `run` are lines of runs\' histories: `{"run_id","at","from","to","reason"}`. A comment comes every 15 s. Whoever comes back with Last-Event-ID misses nothing.',
  tags: ["Events"],
  requestParams: {
    query: z.strictObject({
      run_id: id.optional().describe("Events of this run only"),
      last_event_id: z
        .string()
        .optional()
        .describe("As the header Last-Event-ID, for those who cannot send it"),
    }),
    header: z.object({ "Last-Event-ID": z.string().optional().describe("`id` of the last event that came") }),
  },
  responses: {
    "200": {
      description: "A stream that does not end",
      content: { "text/event-stream": { schema: z.string() } },
    },
    "400": problem("run_id or the last event's id is not one"),
    "429": problem("As many listen as may; see Retry-After"),
  },
};
